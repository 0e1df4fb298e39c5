#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Somebody or something breaks what a live node holds in the kernel. As root: ./dev cluster
# shellcheck source-path=SCRIPTDIR

bats_require_minimum_version 1.5.0
source "$BATS_TEST_DIRNAME/suite.bash"

@test "nft flush ruleset on every node: no ping is lost, and nothing is restarted" {
  local since node
  since=$(date +%s)
  reload_firewalls
  every_monitor_came_round
  audit
  [ "$lost" = 0 ]
  for node in 1 2 3; do [ -z "$(operations "$node" stop "$since")" ]; done
}

@test "the deciding program is taken away: silence until the next monitor, never a double answer" {
  take_program_away 2
  await 20 decides 2
  every_monitor_came_round
  await 20 all_started 1 6
  await_settled 1
  audit
  [ "$cut_off" -gt 0 ] # or nothing was taken
}

@test "the address removed by hand comes back, and nobody is answered twice" {
  on 2 ip address delete "$VIP/32" dev lo
  await 20 holds_something 2
  every_monitor_came_round
  await 20 all_started 1 6
  await_settled 1
  audit
}

@test "the interface down and up again" {
  on 2 ip link set cluster0 down
  on 2 ip link set cluster0 up
  await 30 all_started 1 6
  await_members 1 2 3
  await_settled 1
  await 20 all_started 1 6
  audit
}

@test "a refresh of nodes with several buckets restarts nothing" {
  local since node
  since=$(date +%s)
  on 1 crm resource refresh
  await_settled 1
  await 20 all_started 1 6
  audit
  [ "$lost" = 0 ]
  for node in 1 2 3; do [ -z "$(operations "$node" stop "$since")" ]; done
}

@test "a helper killed at random moments leaves no double answers behind" {
  local round
  for node in 1 2 3; do
    cp "$BATS_TEST_DIRNAME/fixtures/mortal_loadshare" "$CLUSTER/node$node/bin/loadshare"
  done
  for round in 1 2 3; do
    standby $((round % 3 + 1))
    await_decided 1
    use $((round % 3 + 1))
    await_decided 1
  done
  for node in 1 2 3; do rm "$CLUSTER/node$node/bin/loadshare"; done
  # What failed is forgotten, as an administrator would.
  await 60 recovered
  audit
}

every_monitor_came_round() { sleep $((4 * SLOWNESS)); }

recovered() {
  on 1 crm_resource --cleanup >/dev/null 2>&1
  await_settled 1
  all_started 1 6
}

