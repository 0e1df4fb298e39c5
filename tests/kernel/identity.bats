#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Random packets of all protocols reach the node that the hash, as a pure function, names; nobody else.
# shellcheck source-path=SCRIPTDIR

setup_file() {
  source "$BATS_TEST_DIRNAME/packets.bash"
  packets_up 1
  PACKETS=5040
  if in_emulation; then PACKETS=405; fi
  echo "# $PACKETS packets for each mode and number of buckets" >&3
  export PACKETS
}

setup() {
  source "$BATS_TEST_DIRNAME/packets.bash"
  small=(1 2 3 5 16) large=(64 1000)
  # The numbers of all of these are compared with CLUSTERIP's own in tests/unit.
  if in_emulation; then small=(3 16); fi
}

teardown() { release_all; }

teardown_file() {
  source "$BATS_TEST_DIRNAME/packets.bash"
  lab_down
}

# in_all_modes DEAL TOTAL…
in_all_modes() {
  local total
  for total in "${@:2}"; do
    for OCF_RESKEY_clusterip_hash in "${MODES[@]}"; do
      "$1" "$total"
      echo "of $total, $OCF_RESKEY_clusterip_hash:"
      identity "$PACKETS" --random "$total"
    done
  done
}

on_ipv6() {
  only_on ebpf
  export OCF_RESKEY_ip=$VIP6
}

@test "IPv4: up to 16 buckets, in every hash mode" {
  export OCF_RESKEY_clusterip_hash_seed=12345
  in_all_modes deal "${small[@]}"
}

# bats test_tags=ebpf
@test "IPv4: up to 1000 buckets, in every hash mode" {
  only_on ebpf
  in_all_modes deal_at_once "${large[@]}"
}

# bats test_tags=ebpf
@test "IPv6: up to 16 buckets, in every hash mode" {
  on_ipv6
  export OCF_RESKEY_clusterip_hash_seed=12345
  in_all_modes deal "${small[@]}"
}

# bats test_tags=ebpf
@test "IPv6: up to 1000 buckets, in every hash mode" {
  on_ipv6
  in_all_modes deal_at_once "${large[@]}"
}

# in_every_mode FUNCTION [ARGUMENT…]: in both families and all hash modes.
in_every_mode() {
  for OCF_RESKEY_ip in "$VIP" "$VIP6"; do
    for OCF_RESKEY_clusterip_hash in "${MODES[@]}"; do
      deal 16
      echo "$OCF_RESKEY_ip, $OCF_RESKEY_clusterip_hash, $*:"
      "$@"
      release_all
    done
  done
}

# counted_once PACKETS: what one node accepts and the two others drop, as they count it themselves.
counted_once() {
  local node accepted=0 dropped=0
  for ((node = 1; node <= LAB_NODES; node++)); do
    accepted=$((accepted + $(counted_in "$node" accepted)))
    dropped=$((dropped + $(counted_in "$node" dropped)))
  done
  echo "accepted $accepted, dropped $dropped"
  [ "$accepted" -eq "$1" ] && [ "$dropped" -eq $(((LAB_NODES - 1) * $1)) ]
}

# bats test_tags=ebpf
@test "every packet is counted, by the program alone: once as accepted, on each other node as dropped" {
  only_on ebpf
  export OCF_RESKEY_clusterip_hash_seed=12345
  in_every_mode counted
}

counted() { identity 1080 && counted_once 1080; }

# bats test_tags=ebpf
@test "frames to the nodes' own MACs, as from a client that has learnt one, reach the owner alone" {
  only_on ebpf
  PROBE_MACS="--mac $(node_mac 1) --mac $(node_mac 2) --mac $(node_mac 3)" in_every_mode identity 810
}

# bats test_tags=ebpf
@test "frames that a switch has given a priority (VLAN id 0) reach the owner alone" {
  only_on ebpf
  in_every_mode identity 810 --tag 0
}

# nobody_takes PACKETS [OPTION…]: every one of them is missing.
nobody_takes() {
  run -1 identity "$@"
  [[ $output == *"packets $1 accepted-right 0 missing $1 wrong-node 0 duplicate 0" ]]
}

# bats test_tags=ebpf
@test "frames of a VLAN that the interface does not serve reach nobody" {
  only_on ebpf
  deal 3
  nobody_takes 270 --tag 7
  release_all
  export OCF_RESKEY_ip=$VIP6
  deal 3
  nobody_takes 270 --tag 7
}

# bats test_tags=ebpf
@test "IPv6: extension headers in front of it do not hide a packet's owner" {
  on_ipv6
  local header
  # Hop-by-hop options and destination options that may be skipped, and the only fragment of a packet.
  for OCF_RESKEY_clusterip_hash in "${MODES[@]}"; do
    deal 3
    for header in 0:00001e0400000000 60:00001e0400000000 44:0000000000000007; do
      echo "$OCF_RESKEY_clusterip_hash, $header:"
      identity 405 --extension $header
    done
    release_all
  done
}

# bats test_tags=ebpf
@test "IPv6: a hop-by-hop option that has to be refused is refused by the owner alone" {
  on_ipv6
  LAB_CLIENTS=32
  for ((client = 2; client <= LAB_CLIENTS; client++)); do
    printf 'address add fd77::1:%x/64 dev lan0 nodad noprefixroute\n' "$client"
  done | ip -n "$LAB-client" -batch -
  deal 3
  run -0 ask "$VIP6" ping --refused --summary
  [[ $output == *"$(node_mac 1)"*"$(node_mac 2)"*"$(node_mac 3)"* ]]
  [ "$(sort <(ask "$VIP6" ping --refused))" = "$(sort <(ask "$VIP6" ping))" ]
}
