#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Many buckets, two addresses and somebody else's firewall, all changed at the same moment on one node.
# shellcheck source-path=SCRIPTDIR

bats_require_minimum_version 1.5.0

load lab
load cluster
load state

other_vip=10.77.0.101

setup_file() {
  lab_up 1 1
  configure_eight
  helper 1 start 1
  helper 1 stop 1
  on_node foreign_chain
  export CLEAN
  CLEAN=$(trace 1)
}

setup() { configure_eight; }

teardown_file() { lab_down; }

configure_eight() {
  local OPTIONS
  export OCF_RESKEY_CRM_meta_clone_max=8 OCF_RESKEY_arp_count=0
  helper_options
  # Without the address; a slow machine may need longer than the default for eight turns at the lock.
  export OPTION_WORDS="${OPTIONS[*]:2} --wait 100"
}

# on_node FUNCTION [ARGUMENT…]: one of those below, in one process for all rounds.
on_node() {
  export -f at_once half_and_half has_all rounds show foreign_chain foreign_rule foreign_rules foreign_numbers
  on 1 bash -c '"$@"' on_node "$@"
}

# at_once COMMAND ADDRESS COUNT…: buckets 1 to COUNT of each address, all side by side.
at_once() {
  local command=$1 bucket pid pids=() status=0
  shift
  for ((; $#; )); do
    for ((bucket = 1; bucket <= $2; bucket++)); do
      # shellcheck disable=SC2086 # a list of words
      loadshare "$command" --ip "$1" --bucket "$bucket" $OPTION_WORDS >/dev/null &
      pids+=($!)
    done
    shift 2
  done
  for pid in "${pids[@]}"; do wait "$pid" || status=$?; done
  return "$status"
}

# show ADDRESS: its buckets, with commas.
show() {
  case $BACKEND in
    clusterip) cat "/proc/net/ipt_CLUSTERIP/$1" ;;
    ebpf) "$TRAFFIC" decider --interface cluster0 --address "$1" ;;
  esac
}

# has_all ADDRESS COUNT…: exactly buckets 1 to COUNT.
has_all() {
  for ((; $#; )); do
    [ "$(show "$1" | tr , '\n' | sort -n | tr '\n' ' ')" = "$(seq -s ' ' "$2") " ] ||
      { echo "of $1: $(show "$1")"; return 1; }
    shift 2
  done
}

# Takes buckets 5 to 8 and gives up 1 to 4.
half_and_half() {
  local bucket pid pids=() command status=0
  for bucket in 1 5 2 6 3 7 4 8; do
    command=start
    [ "$bucket" -gt 4 ] || command=stop
    # shellcheck disable=SC2086 # a list of words
    loadshare $command --ip "$OCF_RESKEY_ip" --bucket "$bucket" $OPTION_WORDS >/dev/null &
    pids+=($!)
  done
  for pid in "${pids[@]}"; do wait "$pid" || status=$?; done
  return "$status"
}

# rounds NUMBER ADDRESS COUNT…
rounds() {
  local round
  for ((round = 1; round <= $1; round++)); do
    if ! { at_once start "${@:2}" && has_all "${@:2}" && at_once stop "${@:2}"; }; then
      echo "in round $round"
      return 1
    fi
  done
}

# What somebody else's firewall does, with the tool of the backend.
foreign_chain() {
  case $BACKEND in
    clusterip) iptables-legacy -w -N foreign ;;
    ebpf) nft 'add table ip foreign; add chain ip foreign foreign' ;;
  esac
}

# foreign_rule add|delete NUMBER
foreign_rule() {
  case $BACKEND:$1 in
    clusterip:add) iptables-legacy -w -A foreign -p udp --dport "$2" -j DROP ;;
    clusterip:delete) iptables-legacy -w -D foreign -p udp --dport "$2" -j DROP ;;
    ebpf:add) nft "add rule ip foreign foreign udp dport $2 drop" ;;
    ebpf:delete) nft -a list chain ip foreign foreign |
      sed -n "s/.*dport $2 drop # \(handle .*\)/delete rule ip foreign foreign \1/p" | nft -f - ;;
  esac
}

# foreign_rules FIRST: adds one after the other and deletes every second, until its standard input ends;
# says how many.
foreign_rules() {
  local number=$1
  while read -rt 0.001; [ $? -gt 128 ]; do # the time is over
    foreign_rule add "$number" && { ((number % 2)) || foreign_rule delete "$number"; } || return
    number=$((number + 1))
  done
  echo $((number - $1))
}

# foreign_numbers: of the rules that are there.
foreign_numbers() {
  case $BACKEND in
    clusterip) iptables-legacy -w -S foreign ;;
    ebpf) nft list chain ip foreign foreign ;;
  esac | sed -n 's/.*dport \([0-9]*\) .*/\1/p'
}

forget_foreign_rules() {
  case $BACKEND in
    clusterip) on 1 iptables-legacy -w -F foreign ;;
    ebpf) on 1 nft flush chain ip foreign foreign ;;
  esac
}

# beside_foreign_rules FIRST COMMAND…: while somebody else works on the firewall, whose rules must all be there
# afterwards.
beside_foreign_rules() {
  local first=$1 count status=0
  mkfifo "$BATS_TEST_TMPDIR/go_on"
  exec 7<>"$BATS_TEST_TMPDIR/go_on"
  on_node foreign_rules "$first" <"$BATS_TEST_TMPDIR/go_on" >"$BATS_TEST_TMPDIR/count" 3>&- 7>&- &
  "${@:2}" 7>&- || status=$?
  exec 7>&-
  wait $!
  count=$(<"$BATS_TEST_TMPDIR/count")
  echo "foreign rules meanwhile: $count"
  [ "$status" -eq 0 ] && [ "$count" -ge 3 ]
  diff <(seq "$first" $((first + count - 1)) | grep '[13579]$') <(on_node foreign_numbers)
}

@test "eight buckets are started at once and stopped at once, again and again" {
  local rounds=20
  if in_emulation; then rounds=4; fi
  on_node rounds $rounds "$VIP" 8
  expect_trace 1 "$CLEAN"
}

# bats test_tags=host
@test "all eight buckets that were started at once are served" {
  on_node at_once start "$VIP" 8
  holds 1 1 2 3 4 5 6 7 8
  answered_once ping
  on_node at_once stop "$VIP" 8
}

# bats test_tags=host
@test "half of the buckets are started while the other half is stopped" {
  on_node at_once start "$VIP" 4
  on_node half_and_half
  holds 1 5 6 7 8
  for bucket in 1 4; do run -7 helper 1 monitor $bucket; done
  helpers 1 stop 5 6 7 8
  expect_trace 1 "$CLEAN"
}

@test "two addresses are started and stopped at once on one interface" {
  local rounds=5
  if in_emulation; then rounds=3; fi
  on_node rounds $rounds "$VIP" 3 "$other_vip" 3
  expect_trace 1 "$CLEAN"
}

# bats test_tags=host
@test "one address stays whole while another comes and goes" {
  helpers 1 start 1 2 3
  on_node rounds 3 "$other_vip" 3
  holds 1 1 2 3
  helpers 1 stop 1 2 3
  expect_trace 1 "$CLEAN"
}

@test "somebody else's firewall loses nothing, nor do we" {
  local rounds=5
  if in_emulation; then rounds=3; fi
  beside_foreign_rules 1001 on_node rounds $rounds "$VIP" 4
  forget_foreign_rules
  expect_trace 1 "$CLEAN"
}
