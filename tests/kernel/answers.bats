#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Each client of the cluster address gets exactly one answer, however the buckets are dealt out.
# shellcheck source-path=SCRIPTDIR

setup_file() {
  source "$BATS_TEST_DIRNAME/packets.bash"
  packets_up 64
  PROTOCOLS=$(protocols)
  export PROTOCOLS
}

setup() { source "$BATS_TEST_DIRNAME/packets.bash"; }

teardown() { release_all; }

teardown_file() {
  source "$BATS_TEST_DIRNAME/packets.bash"
  lab_down
}

all_answered_once() {
  # shellcheck disable=SC2086 # a list of words
  answered_once $PROTOCOLS
}

# alone ACTION: the agent on node 1, as the cluster calls a resource that is no clone.
alone() (
  unset OCF_RESKEY_CRM_meta_clone_max OCF_RESKEY_CRM_meta_globally_unique
  OCF_RESKEY_CRM_meta_interval=10000 on 1 "$AGENT" "$1"
)

first_address() {
  configure
  unset OCF_RESKEY_clusterip_hash_seed
}

# second_address: other parameters than the first one's.
second_address() {
  export OCF_RESKEY_ip=$VIP2 OCF_RESKEY_mac=$VIP2_MAC OCF_RESKEY_CRM_meta_clone_max=2
  export OCF_RESKEY_clusterip_hash=sourceip-sourceport-destport OCF_RESKEY_clusterip_hash_seed=7
}

@test "64 clients are answered once, in every hash mode" {
  for OCF_RESKEY_clusterip_hash in "${MODES[@]}"; do
    for node in 1 2 3; do hold "$node" "$node"; done
    all_answered_once
    release 1 1
  done
}

@test "a node with several buckets answers for each of them, one without any for none" {
  hold 1 1 2
  hold 2 3
  answered_once ping tcp
  run -0 who udp
  [[ $output != *"$(node_mac 3)"* ]]
  identity 400
}

# bats test_tags=host
@test "another seed puts other clients together" {
  deal 3
  first=$(who udp)
  export OCF_RESKEY_clusterip_hash_seed=3735928559
  deal 3
  second=$(who udp)
  [ "$first" != "$second" ]
  identity 400
}

@test "a single instance, no clone, answers everybody" {
  alone start
  alone monitor
  # shellcheck disable=SC2086 # a list of words
  for protocol in $PROTOCOLS; do
    run -0 ask "$VIP" "$protocol" --summary --wait 10000
    [ "${lines[0]}" = "$(node_mac 1) 64" ]
  done
  alone stop
  run -1 ask "$VIP" ping --summary --wait 300
  [ "${lines[0]}" = "unanswered 64" ]
}

@test "16 buckets on three nodes" {
  deal 16
  answered_once udp tcp
}

# bats test_tags=ebpf
@test "64 buckets on three nodes" {
  only_on ebpf
  deal_at_once 64
  agent 1 monitor 64
  answered_once udp tcp
}

# bats test_tags=ebpf
@test "1000 buckets on three nodes" {
  only_on ebpf
  deal_at_once 1000
  agent 1 monitor 1000
  answered_once udp tcp
}

@test "two cluster addresses on one node keep their own parameters" {
  deal 3
  second_address
  hold 1 1
  hold 2 2
  answered_once udp
  identity 400
  first_address
  answered_once udp
  identity 400
}
