#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# After `nft flush ruleset` on a node, that node is silent for the cluster address until it is repaired.
# shellcheck source-path=SCRIPTDIR

# bats file_tags=nftables
bats_require_minimum_version 1.5.0

load lab
load cluster
load state

other_vip=10.77.0.101

setup_file() {
  [ "$BACKEND" = nftables ] || return 0
  lab_up 3 32
  lab_serve
}

setup() { only_on nftables; }

teardown() {
  [ "$BACKEND" = nftables ] && [ -z "${BATS_TEST_COMPLETED:-}" ] || return 0
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

flush() { on 2 nft flush ruleset; }

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

silent_until_repaired() {
  one_bucket_each
  fresh_neighbours
  answered_once ping udp tcp
  flush
  silent_node_2 ping udp tcp
  fresh_neighbours
  silent_node_2 ping udp tcp
  monitor_says 1 "without a working cluster rule" 2 2
  repair 2 2
  fresh_neighbours
  answered_once ping udp tcp
  stop_all
}

# never_beyond_its_own NFT-COMMAND…: after that, node 2 answers nobody whom others answer.
never_beyond_its_own() {
  one_bucket_each
  on 2 nft "$@"
  run ask "$OCF_RESKEY_ip" udp --wait 400 --summary
  echo "nft $*: $output"
  [[ $output == *"duplicate 0" ]]
  monitor_says 1 "" 2 2
  repair 2 2
  answered_once ping udp
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

@test "IPv4: a flushed node answers nobody, neither old clients nor new ones, until stop and start" {
  silent_until_repaired
}

@test "IPv6: a flushed node answers nobody, neither old clients nor new ones, until stop and start" {
  OCF_RESKEY_ip=$VIP6 silent_until_repaired
}

@test "IPv6: whichever of its two tables goes, or loses its rules, nobody is answered twice" {
  export OCF_RESKEY_ip=$VIP6
  local family
  for family in ip6 netdev; do
    never_beyond_its_own delete table $family loadshare
    never_beyond_its_own flush table $family loadshare
  done
}

@test "IPv4: whether its table goes or loses its rules, nobody is answered twice" {
  never_beyond_its_own delete table ip loadshare
  never_beyond_its_own flush table ip loadshare
}

@test "a flushed node still tells the cluster's MAC, and no other" {
  local address
  for address in $VIP $VIP6; do
    export OCF_RESKEY_ip=$address
    one_bucket_each
    flush
    run -0 macs_told_by_node_2
    [[ ${lines[0]} == "$VIP_MAC "* ]]
    [ "${#lines[@]}" -eq 1 ] || [ "${lines[1]}" = "bad-checksum 0" ]
    stop_all
  done
}

@test "after a flush, one address that is stopped does not let another one speak" {
  local address before
  before=$(trace 2)
  one_bucket_each
  OCF_RESKEY_ip=$other_vip helper 2 start 2
  flush
  OCF_RESKEY_ip=$other_vip helper 2 stop 2
  fresh_neighbours
  silent_node_2 ping udp tcp
  repair 2 2
  answered_once ping
  stop_all
  expect_trace 2 "$before"
}

@test "after a flush, the last stop still clears all that is left" {
  local before
  before=$(trace 2)
  helper 2 start 2
  flush
  helper 2 stop 2
  expect_trace 2 "$before"
}

@test "without the neighbour rewriter, the last stop still clears all that is left" {
  local before
  before=$(trace 2)
  helper 2 start 2
  on 2 tc qdisc del dev cluster0 clsact
  helper 2 stop 2
  expect_trace 2 "$before"
}
