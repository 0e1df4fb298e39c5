#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# An ICMP error reaches the node whose flow it speaks of. Its quote is what the cluster sent, so the hash
# has to read it the other way round.
# shellcheck source-path=SCRIPTDIR

setup_file() {
  source "$BATS_TEST_DIRNAME/packets.bash"
  packets_up 1
}

setup() { source "$BATS_TEST_DIRNAME/packets.bash"; }

teardown() { release_all; }

teardown_file() {
  source "$BATS_TEST_DIRNAME/packets.bash"
  lab_down
}

# errors PROTOCOLS QUOTE [OPTION…]: 60 errors of each of four kinds for each protocol that they quote.
errors() {
  local number=240 commas=${1//[^,]/}
  identity $((number * (${#commas} + 1))) --protocols "$1" --quote "$2" "${@:3}"
}

with_ports=tcp,udp,sctp,dccp,udplite

# errors_of ADDRESS
errors_of() {
  only_on ebpf
  export OCF_RESKEY_ip=$1
  for OCF_RESKEY_clusterip_hash in "${MODES[@]}"; do
    deal 3
    echo "$OCF_RESKEY_clusterip_hash:"
    errors "$with_ports,icmp,other" whole
  done
}

@test "IPv4: port unreachable, too big, time exceeded, bad header reach the owner alone" {
  errors_of "$VIP"
}

@test "IPv6: port unreachable, too big, time exceeded, bad header reach the owner alone" {
  errors_of "$VIP6"
}

# bats test_tags=ebpf
@test "IPv4: an error whose quote shows no ports reaches every node" {
  only_on ebpf
  deal 3
  errors udp options --everywhere
  errors udp,tcp fragment --everywhere
  errors esp,ah whole --everywhere
}

# bats test_tags=ebpf
@test "IPv6: an error whose quote shows no ports reaches every node" {
  only_on ebpf
  export OCF_RESKEY_ip=$VIP6
  deal 3
  errors udp options --everywhere
  errors udp,tcp fragment --everywhere
  errors esp,ah whole --everywhere
}

# bats test_tags=ebpf
@test "IPv4: with sourceip the ports do not matter, only unreadable addresses do" {
  only_on ebpf
  export OCF_RESKEY_clusterip_hash=sourceip
  deal 3
  errors udp,tcp fragment
  errors esp,ah whole
  errors udp options --everywhere
}

# In one mode only: what a node has tracked in one mode it would still accept in the next.
@test "CLUSTERIP: an error about a flow reaches its owner" {
  only_on clusterip
  deal 3
  # It goes by connection tracking, so there has to be a flow.
  errors tcp,udp,icmp whole --flow
}
