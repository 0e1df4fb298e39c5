#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Start and stop, once, twice, never, and from whatever a killed helper or somebody's hand left.
# shellcheck source-path=SCRIPTDIR

bats_require_minimum_version 1.5.0

load lab
load cluster
load state

guard=/proc/sys/net/ipv4/conf/cluster0/drop_unicast_in_l2_multicast

setup_file() {
  export OCF_RESKEY_clusterip_hash=sourceip
  lab_up 1 32
  # The first use of a backend loads modules and creates tables, which stay.
  helper 1 start 1
  helper 1 stop 1
  export CLEAN
  CLEAN=$(trace 1)
  remember_clients
  mkfifo "$BATS_FILE_TMPDIR/never"
}

setup() { export OCF_RESKEY_clusterip_hash=sourceip; }

teardown() {
  [ -n "${BATS_TEST_COMPLETED:-}" ] || rebuild 1
}

teardown_file() { lab_down; }

# Which clients each bucket serves: files clients1, clients2, clients12 and clientsnone.
remember_clients() {
  local bucket
  cd "$BATS_FILE_TMPDIR" || return
  for bucket in 1 2; do
    helper 1 start $bucket
    reachable >"clients$bucket"
    helper 1 stop $bucket
    [ -s "clients$bucket" ]
  done
  cat clients1 clients2 >clients12
  : >clientsnone
  cd "$OLDPWD" || return
}

# none_beyond_buckets BUCKET-OR-none: 1, 2, 12
none_beyond_buckets() { none_beyond "$BATS_FILE_TMPDIR/clients$1"; }

clean() { expect_trace 1 "$CLEAN"; }

other_backend() { if [ "$BACKEND" = ebpf ]; then echo clusterip; else echo ebpf; fi; }

# killed DELAY COMMAND BUCKET: kill -9 after DELAY seconds.
killed() {
  local OPTIONS pid
  helper_options
  ip netns exec "$LAB-node1" loadshare "$2" --bucket "$3" "${OPTIONS[@]}" >/dev/null 2>&1 3>&- &
  pid=$!
  read -rt "$1" <>"$BATS_FILE_TMPDIR/never" || :
  kill -KILL "$pid" 2>/dev/null || :
  wait "$pid" 2>/dev/null || [ $? -ne 137 ] || kills=$((kills + 1))
}

# The longest delay of a kill, in microseconds: about what a start or a stop takes on this machine, now.
measure_pace() {
  local before=${EPOCHREALTIME/./}
  helper 1 start 1
  helper 1 stop 1
  longest=$(((${EPOCHREALTIME/./} - before) / 2))
}

# The load of the machine changes: a kill that came too late makes the next ones earlier.
adapt_pace() { # KILLS-BEFORE
  if [ "$kills" -eq "$1" ]; then longest=$((longest * 3 / 4 + 100)); else longest=$((longest * 5 / 4)); fi
}

delay() { printf '0.%06d' $((RANDOM * longest / 32768 + 100)); }

# One step of the random walk: `held` is "", 1, 2 or 12.
kill_and_complete() {
  local bucket=$((RANDOM % 2 + 1)) action=start before=$kills
  [[ $held != *$bucket* ]] || action=stop
  killed "$(delay)" $action $bucket
  adapt_pace "$before"
  case $held$bucket in
    1 | 2) none_beyond_buckets $bucket ;;
    11 | 22) none_beyond_buckets $bucket ;;
    *) none_beyond_buckets 12 ;;
  esac
  action=start
  held=${held/$bucket/}
  [ $((RANDOM % 2)) -eq 0 ] || action=stop
  echo "  killed at bucket $bucket, then $action (held beside it: ${held:-none})"
  helper 1 $action $bucket
  if [ $action = start ]; then
    held=$(sort -u <<<"$held$bucket")
    [ ${#held} -eq 1 ] || held=12
  fi
  as_held
}

as_held() {
  local bucket
  for bucket in 1 2; do
    if [[ $held == *$bucket* ]]; then
      holds 1 $bucket
    else
      run -7 helper 1 monitor $bucket
    fi
  done
  [ -n "$held" ] || clean
}

# completes_and_clears FUNCTION: from the state that it makes, a stop clears the node, and so do a start, which
# ends well, and a stop.
completes_and_clears() {
  "$1"
  helper 1 stop 1
  clean
  "$1"
  helper 1 start 1
  holds 1 1
  none_beyond_buckets 1
  helper 1 stop 1
  clean
}

start_one() { helper 1 start 1; }

without_rule() {
  case $BACKEND in
    clusterip) on 1 iptables-legacy -F INPUT ;;
    ebpf) take_program_away 1 ;;
  esac
}

only_address() { ip -n "$LAB-node1" address add "$VIP/32" dev lo scope host; }

only_filter() {
  start_one
  ip -n "$LAB-node1" address del "$VIP/32" dev lo
  run -1 helper 1 monitor 1
  none_beyond_buckets none
}

# give_bucket_up: by another hand.
give_bucket_up() {
  case $BACKEND in
    clusterip) on 1 bash -c "echo -1 >/proc/net/ipt_CLUSTERIP/$VIP" ;;
    ebpf) decider 1 --address "$VIP" --give-up 1 ;;
  esac
}

only_filter_without_bucket() {
  only_filter
  give_bucket_up
  none_beyond_buckets none
}

bucket_released() {
  start_one
  give_bucket_up
  run -7 helper 1 monitor 1
  none_beyond_buckets none
}

all_but_rule_and_address() {
  start_one
  ip -n "$LAB-node1" address del "$VIP/32" dev lo
  without_rule
  none_beyond_buckets none
}

all_but_rule() {
  start_one
  without_rule
  none_beyond_buckets none
}

no_rule_nor_guard() {
  all_but_rule_and_address
  on 1 bash -c "echo 0 >$guard"
  on 1 ip maddr del "$VIP_MAC" dev cluster0
}

no_program_at_all() {
  all_but_rule
  on 1 "$TRAFFIC" tcx --interface cluster0 --direction egress --clear
}

another_version() {
  start_one
  decider 1 --spoil mark
}

@test "a bucket is started twice and stopped twice, and nothing is left" {
  stop 1 1 # that never ran
  clean
  start 1 1
  start 1 1
  agent 1 monitor 1
  none_beyond_buckets 1
  stop 1 1
  clean
  stop 1 1
  clean
}

@test "a bucket that is not held here is answered 7 while another one is" {
  helpers 1 start 1 2
  run -7 probe 1 3
  run -7 agent 1 monitor 3
  holds 1 1 2
  helper 1 stop 2
  run -7 helper 1 monitor 2
  holds 1 1
  helper 1 stop 2
  none_beyond_buckets 1
  helper 1 stop 1
  clean
}

@test "a stop with other parameters than the start's leaves nothing either" {
  helper 1 start 1
  helper 1 stop 1 --seed 5
  clean
  helper 1 start 1
  on 1 loadshare stop --ip "$VIP" --bucket 1 --backend "$BACKEND"
  clean
  helper 1 start 1
  on 1 loadshare stop --ip "$VIP" --bucket 1 --backend "$(other_backend)"
  clean
}

# bats test_tags=ebpf
@test "drop_unicast_in_l2_multicast is as the administrator had it, after stop" {
  only_on ebpf
  on 1 bash -c "echo 1 >$guard"
  helper 1 start 1
  [ "$(on 1 cat $guard)" != 0 ]
  helper 1 stop 1
  [ "$(on 1 cat $guard)" = 1 ]
  on 1 bash -c "echo 0 >$guard"
  clean
}

@test "start and stop get along with the address alone" {
  only_address
  run -1 helper 1 monitor 1
  ip -n "$LAB-node1" address del "$VIP/32" dev lo
  completes_and_clears only_address
}

@test "start and stop get along with any part of the filter alone" {
  completes_and_clears only_filter
  completes_and_clears only_filter_without_bucket
  completes_and_clears bucket_released
}

# bats test_tags=ebpf
@test "start and stop get along with what is left when the program is gone" {
  only_on ebpf
  completes_and_clears all_but_rule_and_address
  completes_and_clears all_but_rule
  completes_and_clears no_rule_nor_guard
  completes_and_clears another_version
}

# bats test_tags=ebpf
@test "where both programs are gone, nothing tells what else is the address's: the next life clears it" {
  only_on ebpf
  no_program_at_all
  helper 1 stop 1
  run -7 helper 1 monitor 1
  none_beyond_buckets none
  helper 1 start 1
  holds 1 1
  helper 1 stop 1
  clean
}

@test "a MAC that somebody else joined does no harm" {
  on 1 ip maddr add "$VIP_MAC" dev cluster0
  helper 1 stop 1
  helper 1 start 1
  holds 1 1
  helper 1 stop 1
  on 1 ip maddr del "$VIP_MAC" dev cluster0 2>/dev/null || :
  clean
}

# bats test_tags=ebpf
@test "somebody else's tc filters stay when ours come and go" {
  only_on ebpf
  local before direction
  on 1 tc qdisc add dev cluster0 clsact
  for direction in ingress egress; do # that match nothing
    on 1 tc filter add dev cluster0 $direction prio 50 handle 1 bpf bytecode '1,6 0 0 0,'
  done
  before=$(trace 1)
  helper 1 start 1
  holds 1 1
  [ "$(reachable)" = "$(<"$BATS_FILE_TMPDIR/clients1")" ]
  helper 1 stop 1
  expect_trace 1 "$before"
  for direction in ingress egress; do
    [[ $(on 1 tc filter show dev cluster0 $direction) == *bytecode* ]]
  done
  on 1 tc qdisc del dev cluster0 clsact
  clean
}

# bats test_tags=ebpf
@test "somebody else's programs at tcx stay when ours come before them and go" {
  only_on ebpf
  need_tcx
  local before direction
  for direction in ingress egress; do
    on 1 "$TRAFFIC" tcx --interface cluster0 --direction $direction --return next
    on 1 "$TRAFFIC" tcx --interface cluster0 --direction $direction --return pass --place behind
  done
  before=$(trace 1)
  helper 1 start 1
  holds 1 1
  [ "$(reachable)" = "$(<"$BATS_FILE_TMPDIR/clients1")" ]
  helper 1 stop 1
  expect_trace 1 "$before"
  for direction in ingress egress; do
    on 1 "$TRAFFIC" tcx --interface cluster0 --direction $direction --remove
  done
  clean
}

@test "whenever the helper is killed, the node is silent, and the next call ends right" {
  local held='' kills=0 round rounds=24 longest
  if in_emulation; then rounds=8; fi
  : "${SEED:=$((EPOCHSECONDS % 32768))}"
  echo "again with SEED=$SEED"
  RANDOM=$SEED
  measure_pace
  for ((round = 1; round <= rounds; round++)); do
    echo "round $round: held ${held:-none}"
    kill_and_complete
  done
  echo "killed in time: $kills of $rounds"
  [ "$kills" -ge $((rounds / 4)) ]
  helpers 1 stop 1 2
  clean
}
