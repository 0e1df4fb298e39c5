#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Nodes go and come back. As root: ./dev cluster
# shellcheck source-path=SCRIPTDIR

bats_require_minimum_version 1.5.0
source "$BATS_TEST_DIRNAME/suite.bash"

@test "a node without power is replaced, and its clients are spread over the others" {
  power_off 3
  await_members 1 2
  await 20 all_started 1 6
  await_settled 1
  audit
  [ "${clients_of[3]}" = 0 ] && [ "${clients_of[1]}" -gt 20 ] && [ "${clients_of[2]}" -gt 20 ]
}

@test "a node that comes back gets its share again" {
  power_off 2
  await_members 1 3
  await 20 all_started 1 6
  power_on 2
  await_members 1 2 3
  await_settled 1
  audit
  [ "${clients_of[2]}" -gt 0 ]
  [ "$(buckets 1) $(buckets 2) $(buckets 3)" = "2 2 2" ]
}

@test "with stickiness a node that comes back gets nothing, and nobody notices its return" {
  meta 1 resource-stickiness 100
  power_off 2
  await_members 1 3
  await 20 all_started 1 6
  await_settled 1
  audit
  power_on 2
  await_members 1 2 3
  await_settled 1
  audit
  meta 1 resource-stickiness 0
  [ "$lost ${clients_of[2]}" = "0 0" ]
}

@test "standby hands over without a single double answer, and so does online" {
  standby 2
  await_settled 1
  audit
  [ "$(buckets 2 1)" = 0 ] && [ "${clients_of[2]}" = 0 ]
  use 2
  await_settled 1
  audit
  [ "$(buckets 2 1)" = 2 ]
}

@test "a node with its link cut gives up, and is welcome after it has been mended" {
  cut_link 3
  await_members 1 2
  await 20 all_started 1 6
  # Without quorum it stops what it has; nobody could hear it anyway.
  await 30 holds_nothing 3
  audit
  heal_link 3
  await_members 1 2 3
  await_settled 1
  audit
  [ "$(buckets 3 1)" = 2 ]
}
