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
  only_on nftables
  export OCF_RESKEY_ip=$VIP6
}

@test "IPv4: up to 16 buckets, in every hash mode" {
  export OCF_RESKEY_clusterip_hash_seed=12345
  in_all_modes deal "${small[@]}"
}

# bats test_tags=nftables
@test "IPv4: up to 1000 buckets, in every hash mode" {
  only_on nftables
  in_all_modes deal_at_once "${large[@]}"
}

# bats test_tags=nftables
@test "IPv6: up to 16 buckets, in every hash mode" {
  on_ipv6
  export OCF_RESKEY_clusterip_hash_seed=12345
  in_all_modes deal "${small[@]}"
}

# bats test_tags=nftables
@test "IPv6: up to 1000 buckets, in every hash mode" {
  on_ipv6
  in_all_modes deal_at_once "${large[@]}"
}

# early_drops_all: the rules of no node have anything left to drop, and everything is counted once.
early_drops_all() {
  local node all=0
  for ((node = 1; node <= LAB_NODES; node++)); do
    [ "$(dropped_in "$node" rules)" = 0 ] || { nft_counters "$node"; return 1; }
    all=$((all + $(dropped_in "$node" all)))
  done
  echo "dropped early: $all"
  [ "$all" -eq $(((LAB_NODES - 1) * PACKETS)) ]
}

nft_counters() { on "$1" nft list ruleset | grep -B 3 'counter packets [1-9].* drop'; }

# bats test_tags=nftables
@test "plain packets of other nodes' buckets are dropped before the rules, these very ones and no others" {
  only_on nftables
  has_early_drop 1 || skip "Linux $(uname -r) has no tcx ingress"
  export OCF_RESKEY_clusterip_hash_seed=12345 PROBE_PROTOCOLS=tcp,udp,sctp,dccp,udplite
  for OCF_RESKEY_ip in "$VIP" "$VIP6"; do
    for OCF_RESKEY_clusterip_hash in "${MODES[@]}"; do
      deal 16
      echo "$OCF_RESKEY_ip, $OCF_RESKEY_clusterip_hash:"
      identity "$PACKETS" --random 16
      early_drops_all
      release_all
    done
  done
}
