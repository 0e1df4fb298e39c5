#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Planned moves keep their connections: 60 of them, which never pause. As root: ./dev cluster, and for
# what is tagged long: ./dev cluster-long
# shellcheck source-path=SCRIPTDIR

bats_require_minimum_version 1.5.0
source "$BATS_TEST_DIRNAME/suite.bash"
source "$BATS_TEST_DIRNAME/connections.bash"
source "$BATS_TEST_DIRNAME/../kernel/state.bash" # trace

setup_file() {
  [ "$BACKEND" = ebpf ] || skip "about ebpf, this run is about $BACKEND"
  # What a node without the address looks like, before anything was drained there.
  standby 3
  await_settled 1
  trace 3 >"$BATS_FILE_TMPDIR/bare"
  use 3
  await_settled 1
}

teardown_file() {
  [ "$BACKEND" = ebpf ] || return 0
  on 1 crm_resource --resource cluster-ip --delete-parameter drain >/dev/null
  on 1 crm_resource --resource cluster-ip-clone --meta --delete-parameter notify >/dev/null
  await_settled 1
}

setup() {
  whole
  serve 1 2 3
}

teardown() {
  be_quiet
  [ -z "${KNOCKING_TOO:-}" ] || kill "$KNOCKING_TOO"
  observe_no_more
  if [ "$VIP" = fd77::100 ]; then unconfigure 1; fi
  clock_no_more
}

# parameter NAME VALUE: the cluster starts all buckets anew.
parameter() {
  on 1 crm_resource --resource "$RESOURCE" --set-parameter "$1" --parameter-value "$2" >/dev/null
  await_settled 1
  await 30 all_started 1 6
}

# drain SECONDS: from now on.
drain() {
  meta 1 notify true
  parameter drain "$1"
}

# drain_anew SECONDS: and nothing of before is left.
drain_anew() { drain "$1" && await 30 drained; }

# drained: nothing drains any more on any node, as the helper itself tells it.
drained() {
  local node
  for node in 1 2 3; do on "$node" loadshare status | grep -q draining && return 1; done
  return 0
}

# talk [OPTION…]: pings and conversations, audited from the first.
talk() {
  observe
  everyone_once && converse "$@"
}

# kept: a window in which every connection was kept, and no ping was answered twice.
kept() {
  listen && look || return
  echo "# $BATS_TEST_DESCRIPTION: $(in_short)" >&3
  all_kept && nothing_twice
}

settle() { await_settled 1 && await 30 all_started 1 6; }

# moves: there, back to the first node in two ways, and on from a second, within the 60 s of a drain also on
# a busy machine; and firewalls are reloaded meanwhile.
moves() {
  standby 3 && settle && reload_firewalls && kept || return
  use 3 && settle && reload_firewalls && kept || return
  standby 1 && standby 2 && settle && kept || return # all to node 3, in transitions that are cut short
  use 1 && use 2 && settle && kept
}

ipv6() {
  RESOURCE=cluster-ip6 VIP=fd77::100 VIP_PREFIX=64 VIP_MAC=01:00:5e:4d:00:66 FIRST_CLIENT=$FIRST_CLIENT6
  PARAMETERS=$1 CLONE_META=notify=true configure 1 6 0 3
}

@test "drain 0: a standby resets what moves, or the tests below could not fail" {
  parameter drain 0
  talk
  standby 3
  settle
  sleep "$SLOWNESS"
  listen
  echo "# $(in_short)" >&3
  [ "${heard[ended]}" -ge 10 ] && [ "${heard[wrong]}" = 0 ]
  [ "$(printf '%s\n' "${endings[@]}" | grep -c ' node3 reset ')" -ge 10 ]
}

@test "drain: the new owner takes every new connection within 10 ms of its start" {
  drain 20
  talk
  knock
  clock 1 2 3
  standby 3
  settle
  sleep 0.5
  who_took
  [ "${#takings[@]} ${knocked[duplicate]}" = "2 0" ]
  each_taken_in_time
  kept
}

# each_taken_in_time: no SYN was lost that was sent later than 10 ms after its bucket's start had ended.
each_taken_in_time() {
  local taking answered lost
  for taking in "${takings[@]}"; do
    read -r answered lost < <(behind_start "$taking")
    echo "# bucket ${taking%% *}: first answered SYN $answered us behind the start, last lost $lost us" >&3
    ((lost <= 10000)) || return
  done
}

# bats test_tags=long
@test "drain: when the old owner dies meanwhile, its connections end, the others do not" {
  drain_anew 5
  talk
  standby 3
  settle
  kept
  power_off 3
  await_members 1 2
  settle
  sleep 8 # the drain, and how long a client waits between two attempts by then
  listen
  echo "# $(in_short)" >&3
  [ "${heard[wrong]} ${heard[open]} ${heard[node3]:-none}" = "0 60 none" ]
  [ "$(printf '%s\n' "${endings[@]}" | grep -cv ' node3 ')" = 0 ] && [ "${heard[ended]}" -ge 10 ]
  audit
}

# bats test_tags=long
@test "drain: when the new owner dies meanwhile, what the old one drains goes on" {
  drain 20
  talk
  standby 3
  settle
  kept
  power_off 2
  await_members 1 3
  await 20 all_started 1 6
  settle
  listen
  echo "# $(in_short)" >&3
  [ "${heard[wrong]} ${heard[torn]}" = "0 0" ]
  [ "$(printf '%s\n' "${endings[@]}" | grep -c ' node[13] ')" = 0 ] && [ "${heard[node3]}" -ge 10 ]
  audit
}

@test "drain: when its time is up, the new owner resets what is left, and nothing of it remains" {
  drain_anew 5
  talk
  standby 3
  settle
  kept
  sleep 7
  listen
  echo "# $(in_short)" >&3
  [ "${heard[ended]}" -ge 10 ] && [ "${heard[wrong]} ${heard[torn]}" = "0 0" ]
  [ "$(printf '%s\n' "${endings[@]}" | grep -cv ' node3 reset ')" = 0 ]
  await 10 drained
  nothing_left 3
  audit
}

nothing_left() { cmp --quiet "$BATS_FILE_TMPDIR/bare" <(trace "$1"); }

@test "drain: after a failure nobody waits for a reset, but for half a second behind the new owner's first answer" {
  local taking bucket sent
  declare -A accepted=()
  drain_anew 5
  observe
  everyone_once
  knock
  knock_too --acknowledge --port 8
  power_off 3
  await_members 1 2
  settle
  sleep "$SLOWNESS"
  who_took
  for taking in "${takings[@]}"; do read -r bucket _ sent _ <<<"$taking"; accepted[$bucket]=$sent; done
  KNOCKING=$KNOCKING_TOO KNOCKS=$KNOCKS_TOO who_took
  [ "${#accepted[@]} ${#takings[@]} ${knocked[duplicate]}" = "2 2 0" ]
  for taking in "${takings[@]}"; do
    read -r bucket _ sent _ <<<"$taking"
    echo "# bucket $bucket: first reset $((sent - accepted[$bucket])) us after the first new connection" >&3
    ((sent <= accepted[$bucket] + 500000))
  done
  audit
}

# A second knocking beside the first.
knock_too() { # OPTION…
  local KNOCKING='' KNOCKS=''
  knock "$@" && KNOCKING_TOO=$KNOCKING KNOCKS_TOO=$KNOCKS
}

# bats test_tags=long
@test "drain: the last bucket's stop returns at once, and the address stays until it is over" {
  local since
  drain_anew 20
  talk
  since=$(date +%s)
  standby 3
  settle
  # shellcheck disable=SC2046 # words
  [ "$(printf '%s\n' $(operations 1 stop "$since") | sort -n | tail -n 1)" -lt $((2000 * SLOWNESS)) ]
  holds_something 3
  probes_say 7
  kept
  await 30 nothing_left 3
  audit
}

# probes_say CODE: on node 3, of each bucket.
probes_say() {
  local clone status
  for clone in 0 1 2 3 4 5; do
    status=0
    by_agent 3 monitor "$clone" || status=$?
    [ "$status" = "$1" ] || return
  done
}

# by_agent NODE ACTION CLONE [NAME=VALUE…]: as the cluster would.
by_agent() {
  on "$1" env OCF_ROOT=/usr/lib/ocf OCF_RESOURCE_INSTANCE="cluster-ip:$3" OCF_RESKEY_CRM_meta_interval=0 \
    "OCF_RESKEY_ip=$VIP" OCF_RESKEY_nic=cluster0 "OCF_RESKEY_cidr_netmask=$VIP_PREFIX" "OCF_RESKEY_mac=$VIP_MAC" \
    OCF_RESKEY_backend=ebpf OCF_RESKEY_drain=20 OCF_RESKEY_CRM_meta_notify=true \
    OCF_RESKEY_CRM_meta_clone_max=6 OCF_RESKEY_CRM_meta_globally_unique=true "OCF_RESKEY_CRM_meta_clone=$3" \
    "${@:4}" /usr/lib/ocf/resource.d/loadshare/ClusterIP "$2"
}

# bats test_tags=long
@test "drain: everything leaves in time also where the process that waits for it was killed" {
  drain_anew 10
  talk
  standby 3
  settle
  on 3 sh -c 'kill -KILL $(pidof -s loadshare)'
  await 30 nothing_left 3
  audit
}

# bats test_tags=long
@test "drain: where all of our processes were killed the address still leaves, and the next probe removes the rest" {
  drain_anew 10
  talk
  standby 3
  settle
  on 3 sh -c 'kill -KILL $(pidof loadshare)'
  await 30 holds_nothing 3
  everyone_once
  probes_say 7
  await 10 nothing_left 3
  audit
}

# bats test_tags=long
@test "drain: a start takes back what is drained, and no connection is lost when its time is up" {
  drain_anew 15
  talk
  standby 3
  settle
  standby 1
  use 3
  standby 2 # now all is on node 3
  settle
  sleep 17
  listen
  echo "# $(in_short)" >&3
  # Those of the others have been drained, and their time is up.
  [ "$(printf '%s\n' "${endings[@]}" | grep -c ' node3 ')" = 0 ] && [ "${heard[node3]}" -ge 10 ]
  [ "${heard[wrong]} ${heard[torn]}" = "0 0" ]
}

@test "drain: what it needs and does not have is said in one line" {
  for wrong in OCF_RESKEY_backend=clusterip OCF_RESKEY_CRM_meta_notify=false OCF_RESKEY_CRM_meta_notify= OCF_RESKEY_drain=bogus; do
    run -6 by_agent 3 start 0 "$wrong"
    [ "$(grep -c . <<<"$output")" = 1 ] && [[ $output == *drain* ]]
  done
}

@test "drain: standby and online keep all connections, also two in a row and back to the first node" {
  drain 60
  talk
  moves
}

@test "drain, IPv6: standby and online keep all connections, also two in a row and back to the first node" {
  ipv6 drain=60
  talk
  moves
}

# bats test_tags=long
@test "drain, by source address: the same" {
  drain 60
  parameter clusterip_hash sourceip
  talk
  moves
  parameter clusterip_hash sourceip-sourceport
}

# bats test_tags=long
@test "drain, by addresses and both ports: the same" {
  drain 60
  parameter clusterip_hash sourceip-sourceport-destport
  talk
  moves
  parameter clusterip_hash sourceip-sourceport
}

# bats test_tags=long
@test "drain, IPv6, by source address, and by addresses and both ports: the same" {
  local mode
  for mode in sourceip sourceip-sourceport-destport; do
    ipv6 "drain=60 clusterip_hash=$mode"
    talk
    moves
    be_quiet
    observe_no_more
    serve 1 2 3
    unconfigure 1
  done
  ipv6 drain=60 # for teardown
}
