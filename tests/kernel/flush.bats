#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# A firewall that is reloaded is none of the address's business; a node whose program somebody has taken
# away is silent for the address until it is repaired.
# shellcheck source-path=SCRIPTDIR

# bats file_tags=ebpf
bats_require_minimum_version 1.5.0

load lab
load cluster
load state

other_vip=10.77.0.101

setup_file() {
  [ "$BACKEND" = ebpf ] || return 0
  lab_up 3 32
  lab_serve
}

setup() { only_on ebpf; }

teardown() {
  [ "$BACKEND" = ebpf ] && [ -z "${BATS_TEST_COMPLETED:-}" ] || return 0
  rebuild 2
}

teardown_file() { lab_down; }

one_bucket_each() {
  local node
  for node in 1 2 3; do helper $node start $node; done
}

stop_all() {
  local node
  for node in 1 2 3; do helper $node stop $node; done
}

# under_pings COMMAND…: of 32 clients, each every 20 ms; what they saw of it is in $said.
under_pings() {
  local first=$FIRST_CLIENT
  [[ $OCF_RESKEY_ip != *:* ]] || first=$FIRST_CLIENT6
  fresh_neighbours
  lab_start client "$TRAFFIC" observe --interface lan0 --address "$OCF_RESKEY_ip" --mac "$OCF_RESKEY_mac" \
    --first "$first" --clients 32 --interval 20 --silence 100
  sleep 0.3
  window # the first one has the clients' first questions for the MAC
  "$@"
  window
  kill "$STARTED"
}

# window: what has been seen since the last one, into $said.
window() {
  local line
  said=''
  sleep 0.1
  kill -USR1 "$STARTED"
  while read -r -t 10 -u "$STARTED_OUTPUT" line && [ "$line" != end ]; do said+=$line$'\n'; done
}

# seen NAME NUMBER
seen() { grep -qx "$1 $2" <<<"$said" || { echo "$said"; return 1; }; }

flush_everywhere() {
  local round node
  for round in 1 2 3; do
    for node in 1 2 3; do on $node nft flush ruleset; done
    sleep 0.1
  done
  for node in 1 2 3; do holds $node $node; done
}

nobody_notices_a_flush() {
  one_bucket_each
  under_pings flush_everywhere
  seen lost 0
  seen duplicate 0
  seen foreign 0
  fresh_neighbours
  answered_once ping udp tcp
  stop_all
}

# silent_node_2 PROTOCOL…: nodes 1 and 3 answer, and nobody does for node 2.
silent_node_2() {
  local protocol
  for protocol; do
    run -1 ask "$OCF_RESKEY_ip" "$protocol" --wait 400 --summary
    echo "$protocol: $output"
    [[ $output != *"$(node_mac 2)"* && $output == *"duplicate 0" ]]
    [[ $output == *"$(node_mac 1)"*"$(node_mac 3)"* && $output != *"unanswered 0"* ]]
  done
}

# silent_after COMMAND…: until it is repaired, and never twice meanwhile.
silent_after() {
  one_bucket_each
  fresh_neighbours
  answered_once ping udp tcp
  under_pings "$@"
  seen duplicate 0
  seen foreign 0
  silent_node_2 ping udp tcp
  fresh_neighbours
  silent_node_2 ping udp tcp
  monitor_says 1 "without a working cluster rule" 2 2
  repair 2 2
  fresh_neighbours
  answered_once ping udp tcp
  holds 2 2
  stop_all
}

# macs_told_by_node_2: for the address, while every client asks; the other nodes are unplugged meanwhile.
macs_told_by_node_2() {
  ip -n "$LAB-switch" -batch - <<<$'link set node1 down\nlink set node3 down'
  fresh_neighbours
  lab_start client "$TRAFFIC" watch-arp --interface lan0 --address "$OCF_RESKEY_ip"
  ask "$OCF_RESKEY_ip" ping --wait 200 --summary >/dev/null
  lab_finish
  ip -n "$LAB-switch" -batch - <<<$'link set node1 up\nlink set node3 up'
}

# without_program COMMAND…: at node 2, whose program is gone.
without_program() {
  helper 2 start 2
  take_program_away 2
  "$@"
}

@test "IPv4: nft flush ruleset on every node under pings: none lost, none twice, monitors content" {
  nobody_notices_a_flush
}

@test "IPv6: nft flush ruleset on every node under pings: none lost, none twice, monitors content" {
  OCF_RESKEY_ip=$VIP6 nobody_notices_a_flush
}

@test "a ruleset that is saved and loaded again is the firewall's alone" {
  local before
  on 2 nft 'table inet firewall { chain in { type filter hook input priority 0; udp dport 9 drop; }; }'
  before=$(on 2 nft list ruleset)
  one_bucket_each
  [ "$(on 2 nft list ruleset)" = "$before" ]
  # shellcheck disable=SC2016 # the shell inside expands it
  on 2 bash -ec 'saved=$(nft list ruleset); nft -f - <<<"flush ruleset
$saved"'
  holds 2 2
  answered_once ping udp tcp
  stop_all
  [ "$(on 2 nft list ruleset)" = "$before" ]
  on 2 nft delete table inet firewall
}

@test "IPv4: a node whose program is gone answers nobody, neither old clients nor new ones, until stop and start" {
  silent_after take_program_away 2
}

@test "IPv6: a node whose program is gone answers nobody, neither old clients nor new ones, until stop and start" {
  OCF_RESKEY_ip=$VIP6 silent_after take_program_away 2
}

@test "a start alone brings the program back, and no other bucket with it" {
  one_bucket_each
  helper 2 stop 2
  helpers 2 start 2
  take_program_away 2
  helper 2 start 2
  [ "$(owned 2)" = 2 ]
  holds 2 2
  fresh_neighbours
  answered_once ping
  stop_all
}

@test "a node without its program still tells the cluster's MAC, and no other" {
  local address
  for address in $VIP $VIP6; do
    export OCF_RESKEY_ip=$address
    one_bucket_each
    take_program_away 2
    run -0 macs_told_by_node_2
    [[ ${lines[0]} == "$VIP_MAC "* ]]
    [ "${#lines[@]}" -eq 1 ] || [ "${lines[1]}" = "bad-checksum 0" ]
    stop_all
  done
}

@test "without the program, one address that is stopped or started does not let another one speak" {
  local address before
  before=$(trace 2)
  one_bucket_each
  OCF_RESKEY_ip=$other_vip helper 2 start 2
  take_program_away 2
  OCF_RESKEY_ip=$other_vip helper 2 stop 2
  fresh_neighbours
  silent_node_2 ping udp tcp
  OCF_RESKEY_ip=$other_vip helper 2 start 2
  fresh_neighbours
  silent_node_2 ping udp tcp
  monitor_says 1 "without a working cluster rule" 2 2
  repair 2 2
  answered_once ping
  OCF_RESKEY_ip=$other_vip helper 2 stop 2
  answered_once ping
  stop_all
  expect_trace 2 "$before"
}

@test "without the program, the last stop still clears all that is left" {
  local before
  before=$(trace 2)
  without_program helper 2 stop 2
  expect_trace 2 "$before"
}

@test "without the neighbour rewriter, the last stop still clears all that is left" {
  local before
  before=$(trace 2)
  helper 2 start 2
  on 2 "$TRAFFIC" tcx --interface cluster0 --direction egress --clear
  helper 2 stop 2
  expect_trace 2 "$before"
}

@test "without either, the last stop of the address takes what it can, and no packet is answered" {
  one_bucket_each
  take_program_away 2
  on 2 "$TRAFFIC" tcx --interface cluster0 --direction egress --clear
  fresh_neighbours
  silent_node_2 ping
  helper 2 stop 2
  fresh_neighbours
  silent_node_2 ping
  helpers 2 start 2
  answered_once ping
  stop_all
}
