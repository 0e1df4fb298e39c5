#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Whatever a node says of the cluster address by ARP or neighbour discovery carries the cluster MAC, never
# the node's own.
# shellcheck source-path=SCRIPTDIR

setup_file() {
  source "$BATS_TEST_DIRNAME/packets.bash"
  packets_up 64
}

setup() { source "$BATS_TEST_DIRNAME/packets.bash"; }

teardown() { release_all; }

teardown_file() {
  source "$BATS_TEST_DIRNAME/packets.bash"
  lab_down
}

# watch: what is said of the address anywhere, from now on.
watch() { lab_start switch "$TRAFFIC" watch-arp --interface br0 --address "$OCF_RESKEY_ip"; }

# only_cluster_mac LEAST: at least so many messages have been heard, and none with another MAC.
only_cluster_mac() {
  # What has been sent takes a moment to arrive.
  sleep 0.2
  run -0 lab_finish
  [[ ${lines[0]} =~ ^$OCF_RESKEY_mac\ ([0-9]+)$ ]]
  [ "${BASH_REMATCH[1]}" -ge "$1" ]
  if [[ $OCF_RESKEY_ip != *:* ]]; then
    [ ${#lines[@]} -eq 1 ]
  else
    [ "${lines[1]}" = "bad-checksum 0" ]
  fi
}

# A node asks for a neighbour in the name of the address. Nobody can tell it the answer for sure: that
# may go to another node.
speak_from_address() {
  ip -n "$LAB-node1" neighbour flush dev cluster0
  on 1 "$TRAFFIC" ask --interface cluster0 --address "$1" --first "$OCF_RESKEY_ip" --clients 1 \
    --protocol ping --wait 100 || :
}

# joined NODE MAC: whether the node's network card lets frames to the MAC in.
joined() { on "$1" grep --quiet "cluster0 .*${2//:/}\$" /proc/net/dev_mcast; }

@test "ARP replies to clients that ask, while a node's own address keeps its own MAC" {
  deal 3
  forget_neighbours
  watch
  answered_once udp
  only_cluster_mac 3
  run -0 ip -n "$LAB-client" neighbour show to "$VIP"
  [[ $output == *"$VIP_MAC"* ]]
  ask "$(node_address 1)" ping --clients 1
  run -0 ip -n "$LAB-client" neighbour show to "$(node_address 1)"
  [[ $output == *"$(node_mac 1)"* ]]
}

@test "ARP requests that a node sends in the name of the address" {
  deal 3
  watch
  speak_from_address 10.77.255.1
  only_cluster_mac 1
}

# bats test_tags=ebpf
@test "ARP frames that a program on a node writes with the node's own MAC" {
  only_on ebpf
  deal 3
  watch
  on 1 arping -q -U -c 1 -I cluster0 "$VIP"
  on 1 arping -q -A -c 1 -I cluster0 "$VIP"
  on 1 "$TRAFFIC" claim --interface cluster0 --address "$VIP"
  only_cluster_mac 4
}

# bats test_tags=ebpf
@test "neighbour advertisements to clients that ask" {
  only_on ebpf
  export OCF_RESKEY_ip=$VIP6
  deal 3
  forget_neighbours
  watch
  answered_once udp
  only_cluster_mac 3
}

# bats test_tags=ebpf
@test "neighbour advertisements that the kernel sends unasked" {
  only_on ebpf
  export OCF_RESKEY_ip=$VIP6
  deal 1
  on 1 sysctl -qw net.ipv6.conf.cluster0.ndisc_notify=1
  watch
  on 1 ip link set cluster0 address "$(node_mac 1)"
  only_cluster_mac 1
}

# bats test_tags=ebpf
@test "neighbour solicitations that a node sends in the name of the address" {
  only_on ebpf
  export OCF_RESKEY_ip=$VIP6
  deal 3
  watch
  speak_from_address fd77::ffff:1
  only_cluster_mac 1
}

# bats test_tags=ebpf
@test "solicitations and advertisements that a program on a node writes with the node's own MAC" {
  only_on ebpf
  export OCF_RESKEY_ip=$VIP6
  deal 3
  watch
  on 1 "$TRAFFIC" claim --interface cluster0 --address "$VIP6"
  only_cluster_mac 3
}

@test "the cluster MAC is joined while a bucket is held, and left afterwards" {
  run ! joined 1 "$VIP_MAC"
  hold 1 1 2
  joined 1 "$VIP_MAC"
  release 1 1
  joined 1 "$VIP_MAC"
  release 1 2
  run ! joined 1 "$VIP_MAC"
}

@test "of two addresses with one MAC, the first to go does not make the other deaf" {
  deal 3
  export OCF_RESKEY_ip=$VIP2
  hold 1 1
  release 1 1
  joined 1 "$VIP_MAC"
  export OCF_RESKEY_ip=$VIP
  answered_once udp
  agent 1 monitor 1
}
