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
