#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# A datagram in many fragments reaches the node that a small one from the same port reaches.
# shellcheck source-path=SCRIPTDIR

setup_file() {
  source "$BATS_TEST_DIRNAME/packets.bash"
  # 64 at once would be 896 fragments: near netdev_max_backlog, which no namespace can raise.
  packets_up 16
}

setup() { source "$BATS_TEST_DIRNAME/packets.bash"; }

teardown() { release_all; }

teardown_file() {
  source "$BATS_TEST_DIRNAME/packets.bash"
  lab_down
}

reach_their_owner() {
  local size small
  for OCF_RESKEY_clusterip_hash in "${MODES[@]}"; do
    deal 3
    small=$(who udp)
    for size in 5000 20000; do diff <(echo "$small") <(who udp --size "$size"); done
  done
}

# track_connections: as a stateful firewall does.
track_connections() {
  local node
  for node in 1 2 3; do
    on "$node" nft -f - <<'END'
table inet firewall { chain in { type filter hook input priority 0; ct state invalid counter; }; }
END
  done
}

forget_connections() {
  local node
  for node in 1 2 3; do on "$node" nft delete table inet firewall; done
}

# nobody_tracks_connections: what serves the cluster address has not made the node do it. Only true
# before a test that does: what has been tracked is remembered for minutes.
nobody_tracks_connections() {
  run -0 on 1 sh -c 'cat /proc/sys/net/netfilter/nf_conntrack_count 2>/dev/null || echo 0'
  [ "$output" = 0 ]
}

# bats test_tags=ebpf
@test "IPv4, without connection tracking" {
  only_on ebpf
  reach_their_owner
  nobody_tracks_connections
}

# bats test_tags=ebpf
@test "IPv6, without connection tracking" {
  only_on ebpf
  export OCF_RESKEY_ip=$VIP6
  reach_their_owner
  nobody_tracks_connections
}

@test "IPv4, with connection tracking" {
  # CLUSTERIP brings its own.
  [ "$BACKEND" = clusterip ] || track_connections
  reach_their_owner
  [ "$BACKEND" = clusterip ] || forget_connections
}

# bats test_tags=ebpf
@test "IPv6, with connection tracking" {
  only_on ebpf
  export OCF_RESKEY_ip=$VIP6
  track_connections
  reach_their_owner
  forget_connections
}
