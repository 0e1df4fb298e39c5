#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The interface vanishes and comes back, moves away, is missing or down.
# shellcheck source-path=SCRIPTDIR

bats_require_minimum_version 1.5.0

load lab
load cluster
load state

setup_file() {
  lab_up 2 16
  lab_node 9 # as nodes 1 and 2, and then without its interface
  ip -n "$LAB-node9" link del cluster0
  helper 1 start 1
  helper 1 stop 1
}

teardown() {
  [ -n "${BATS_TEST_COMPLETED:-}" ] || { rebuild 1 && rebuild 2; }
}

teardown_file() { lab_down; }

index() { on 1 cat /sys/class/net/cluster0/ifindex; }

interface_vanishes() { ip -n "$LAB-node1" link del cluster0; }

# Under a new index, with the node's own addresses.
interface_returns() {
  lab_cable_commands node1 cluster0 "$(node_mac 1)" | ip -n "$LAB-switch" -batch -
  lab_configure_node 1
}

# Away with its addresses, as any interface that moves to another namespace.
interface_moves_away() { ip -n "$LAB-node1" link set cluster0 netns "$LAB-node9"; }

interface_moves_back() {
  # Something else has taken its index meanwhile.
  ip -n "$LAB-node1" link add index "$1" name taker0 type veth peer name taker1
  ip -n "$LAB-node9" link set cluster0 netns "$LAB-node1"
  ip -n "$LAB-node1" link del taker0
  lab_configure_node 1
}

serve_on_both() {
  helpers 1 start 1 2
  helper 2 start 3
}

all_answered() {
  fresh_neighbours
  answered_once ping
}

nothing_of_ours() {
  local left
  left=$(trace 1)
  echo "$left"
  [[ $left != *loadshare* && $left != *"-j CLUSTERIP"* && $left != */ipt_CLUSTERIP/[0-9]* ]]
}

repaired() {
  repair 1 1 2
  holds 1 1 2
  all_answered
}

# back: the interface is there again. What ebpf had on it is not; CLUSTERIP follows it by itself, and the address
# was never on it.
back() {
  case $BACKEND in
    clusterip) ! holds 1 1 2 || all_answered ;;
    ebpf) monitor_says 1 '' ;;
  esac
}

@test "the interface vanishes and comes back under a new index" {
  local before
  serve_on_both
  before=$(index)
  interface_vanishes
  monitor_says 1 "interface cluster0 does not exist"
  interface_returns
  [ "$(index)" != "$before" ]
  back
  repaired
  helpers 1 stop 1 2
  helper 2 stop 3
}

@test "the interface is moved to another namespace and back" {
  local before
  serve_on_both
  before=$(index)
  interface_moves_away
  monitor_says 1 "interface cluster0 does not exist"
  interface_moves_back "$before"
  back
  repaired
  helpers 1 stop 1 2
  helper 2 stop 3
}

# bats test_tags=ebpf
@test "buckets that were stopped while the interface was elsewhere are not answered when it is back" {
  only_on ebpf
  local before other=10.77.0.101
  serve_on_both
  OCF_RESKEY_ip=$other serve_on_both
  before=$(index)
  interface_moves_away
  for address in "$VIP" "$other"; do
    OCF_RESKEY_ip=$address helpers 1 stop 1 2
    OCF_RESKEY_ip=$address helpers 2 start 1 2
  done
  interface_moves_back "$before"
  for address in "$VIP" "$other"; do
    export OCF_RESKEY_ip=$address
    helper 2 stop 3
    helper 1 start 3
    [ "$(owned 1)" = 3 ]
    all_answered
  done
  for address in "$VIP" "$other"; do
    export OCF_RESKEY_ip=$address
    all_answered
    holds 1 3
    holds 2 1 2
    helper 1 stop 3
    helpers 2 stop 1 2
  done
  nothing_of_ours
}

@test "stop succeeds while the interface is missing, and start says what is missing" {
  helpers 1 start 1 2
  interface_vanishes
  helpers 1 stop 1 2
  nothing_of_ours
  run -7 helper 1 monitor 1
  run -5 helper 1 start 1
  [[ $output == *"cluster0 does not exist"* ]]
  interface_returns
  helper 1 start 1
  holds 1 1
  helper 1 stop 1
}

@test "on a node without the interface a probe says 7, start 5 and stop 0" {
  run -7 probe 9 1
  run -5 agent 9 start 1
  [[ $output == *"interface cluster0 does not exist"* ]]
  run -5 helper 9 validate 1
  stop 9 1
}

@test "an interface that is down is raised by start" {
  ip -n "$LAB-node1" link set cluster0 down
  helper 1 start 1
  holds 1 1
  [[ $(ip -n "$LAB-node1" link show cluster0) == *",UP"* ]]
  [ -n "$(reachable)" ]
  helper 1 stop 1
}
