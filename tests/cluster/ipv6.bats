#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# An IPv6 cluster address beside the IPv4 one, and what the nodes say of it in NDP. As root: ./dev cluster
# shellcheck source-path=SCRIPTDIR

bats_require_minimum_version 1.5.0
source "$BATS_TEST_DIRNAME/suite.bash"

RESOURCE=cluster-ip6
VIP=fd77::100
VIP_PREFIX=64
VIP_MAC=01:00:5e:4d:00:66
FIRST_CLIENT=$FIRST_CLIENT6

setup_file() {
  # CLUSTERIP knows no IPv6.
  [ "$BACKEND" = ebpf ] || skip "about ebpf, this run is about $BACKEND"
  configure 1 6 0 3
}

teardown_file() { [ "$BACKEND" != ebpf ] || unconfigure 1; }

@test "IPv6: each of 64 clients is answered by one node, and told the cluster's MAC by all" {
  audit
  [ "$(buckets 1) $(buckets 2) $(buckets 3)" = "2 2 2" ]
  [ "$lost" = 0 ]
  [ "${seen[announced]}" -ge 3 ]
}

@test "IPv6: a node without power is replaced, and gets its share again" {
  power_off 3
  await_members 1 2
  await 20 all_started 1 6
  await_settled 1
  audit
  [ "${clients_of[3]}" = 0 ]
  power_on 3
  await_members 1 2 3
  await_settled 1
  audit
  [ "${clients_of[3]}" -gt 0 ]
}

@test "IPv6: standby and online" {
  standby 2
  await_settled 1
  audit
  [ "${clients_of[2]}" = 0 ]
  use 2
  await_settled 1
  audit
  [ "${clients_of[2]}" -gt 0 ]
}

@test "IPv6: nobody notices a flushed ruleset; a program and an address that are gone come back by themselves" {
  reload_firewalls
  repaired
  [ "$lost" = 0 ]
  take_program_away 2
  await 20 decides 2
  repaired
  [ "$cut_off" -gt 0 ] # or nothing was taken
  on 2 ip address delete "$VIP/128" dev cluster0
  await 20 holds_something 2
  repaired
}

# Each bucket's monitor has to come round.
repaired() {
  sleep 4
  await 20 all_started 1 6
  await_settled 1
  audit
}
