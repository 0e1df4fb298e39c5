#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Buckets go from node to node, planned or not: nobody is ever answered twice, everybody before and after.
# shellcheck source-path=SCRIPTDIR

setup_file() {
  source "$BATS_TEST_DIRNAME/packets.bash"
  packets_up 64
  PROTOCOLS=$(protocols)
  export PROTOCOLS
}

setup() {
  source "$BATS_TEST_DIRNAME/packets.bash"
  declare -gA before=()
}

teardown() { release_all; }

teardown_file() {
  source "$BATS_TEST_DIRNAME/packets.bash"
  lab_down
}

# remember PROTOCOL…: by each of them every client is answered once; by whom is in $before from now on.
remember() {
  local protocol
  for protocol; do before[$protocol]=$(who "$protocol"); done
}

# silent_without NODE: its clients are not answered, all others as before.
silent_without() {
  local protocol
  for protocol in "${!before[@]}"; do
    diff <(echo "${before[$protocol]//$(node_mac "$1")/-}") <(who_in_the_gap "$protocol")
  done
}

# taken_over OLD NEW: the clients of one node have gone to the other, all others as before.
taken_over() {
  local protocol
  for protocol in "${!before[@]}"; do
    diff <(echo "${before[$protocol]//$(node_mac "$1")/$(node_mac "$2")}") <(who "$protocol")
  done
}

@test "a bucket on its way is answered by nobody, then by its new node alone, and comes back" {
  deal 3
  # shellcheck disable=SC2086 # a list of words
  remember $PROTOCOLS
  release 2 2
  silent_without 2
  hold 1 2
  taken_over 2 1
  release 1 2
  hold 2 2
  taken_over 2 2
}

@test "one of a node's buckets moves, the others stay" {
  hold 1 1 2
  hold 2 3
  identity 300
  release 1 2
  identity 300
  hold 2 2
  identity 300
}

@test "the buckets of a node without power are answered by nobody, then by who takes them over" {
  deal 3
  remember ping tcp
  lab_power_off 3
  forget "$VIP" 3
  silent_without 3
  hold 2 3
  taken_over 3 2
  lab_node 3
  serve_on 3
}

@test "after a reboot a node holds the same buckets with the same hash mode as before" {
  export OCF_RESKEY_clusterip_hash_seed=77
  for OCF_RESKEY_clusterip_hash in "${MODES[@]}"; do
    deal 3
    remember udp
    reboot 2
    run -7 probe 2 2
    hold 2 2
    taken_over 2 2
  done
}
