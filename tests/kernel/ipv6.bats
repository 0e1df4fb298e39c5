#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# An IPv6 cluster address, and what else only ebpf can do.
# shellcheck source-path=SCRIPTDIR

# bats file_tags=ebpf
setup_file() {
  source "$BATS_TEST_DIRNAME/packets.bash"
  [ "$BACKEND" = ebpf ] || return 0
  packets_up 64
  PROTOCOLS=$(protocols)
  export PROTOCOLS
}

setup() {
  source "$BATS_TEST_DIRNAME/packets.bash"
  only_on ebpf
  export OCF_RESKEY_ip=$VIP6
}

teardown() { release_all; }

teardown_file() {
  source "$BATS_TEST_DIRNAME/packets.bash"
  lab_down
}

all_answered_once() {
  # shellcheck disable=SC2086 # a list of words
  answered_once $PROTOCOLS
}

# spelt ADDRESS: from now on this is how the cluster's configuration writes it.
spelt() { export OCF_RESKEY_ip=$1; }

# refused PARAMETER: start answers "configured" and gives this parameter as the reason.
refused() {
  run -6 agent 1 start 1
  [[ $output == *"$1: "* ]]
}

# filtered_by_ebpf: node 1 holds bucket 1 there.
filtered_by_ebpf() { [ "$(on 1 "$TRAFFIC" decider --interface cluster0 --address "$OCF_RESKEY_ip")" = 1 ]; }

@test "64 clients that have to resolve the address are answered once, in every hash mode" {
  for OCF_RESKEY_clusterip_hash in "${MODES[@]}"; do
    for node in 1 2 3; do hold "$node" "$node"; done
    forget_neighbours
    all_answered_once
    release 1 1
  done
}

@test "they are answered once after buckets have moved, and after they have resolved it again" {
  deal 3
  before=$(who udp)
  release 2 2
  diff <(echo "${before//$(node_mac 2)/-}") <(who_in_the_gap udp)
  hold 1 2
  diff <(echo "${before//$(node_mac 2)/$(node_mac 1)}") <(who udp)
  forget_neighbours
  all_answered_once
}

@test "the MAC that is derived when none is given serves IPv6, too" {
  unset OCF_RESKEY_mac
  for node in 1 2 3; do start "$node" "$node"; done
  forget_neighbours
  all_answered_once
  run -0 ip -n "$LAB-client" neighbour show to "$VIP6"
  [[ $output =~ lladdr\ .[13579bdf]: ]]
  for node in 1 2 3; do stop "$node" "$node"; done
}

@test "every spelling is the same address" {
  spelt FD77:0000::0:100
  start 1 1
  spelt fd77::0100
  agent 1 monitor 1
  start 1 1
  run -0 ip -n "$LAB-node1" -brief -6 address show to "$VIP6"
  [ ${#lines[@]} -eq 1 ]
  spelt fd77:0:0:0:0:0:0:100
  stop 1 1
  run -7 agent 1 monitor 1
  run -0 ip -n "$LAB-node1" -brief -6 address show to "$VIP6"
  [ -z "$output" ]
}

@test "no node finds the others' address a duplicate" {
  deal 3
  for node in 1 2 3; do
    run -0 ip -n "$LAB-node$node" -6 address show to "$VIP6"
    [[ $output == *nodad* ]]
    [[ $output != *tentative* && $output != *dadfailed* ]]
  done
}

@test "IPv4 and IPv6 on one interface do not disturb each other" {
  deal 3
  spelt "$VIP"
  deal 3
  answered_once udp
  release_all_of "$VIP"
  spelt "$VIP6"
  answered_once udp
  agent 1 monitor 1
}

@test "the backend clusterip is refused for IPv6" {
  export OCF_RESKEY_backend=clusterip
  refused ip
}

@test "the backend clusterip is refused for more than 16 buckets" {
  export OCF_RESKEY_backend=clusterip OCF_RESKEY_CRM_meta_clone_max=17
  spelt "$VIP"
  refused CRM_meta_clone_max
}

@test "auto takes ebpf for IPv6" {
  export OCF_RESKEY_backend=auto
  hold 1 1
  filtered_by_ebpf
}

@test "auto takes ebpf for more than 16 buckets" {
  export OCF_RESKEY_backend=auto OCF_RESKEY_CRM_meta_clone_max=17
  spelt "$VIP"
  hold 1 1
  filtered_by_ebpf
}
