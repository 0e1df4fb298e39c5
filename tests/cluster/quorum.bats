#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# One node of three is left. As root: ./dev cluster
# shellcheck source-path=SCRIPTDIR

bats_require_minimum_version 1.5.0
source "$BATS_TEST_DIRNAME/suite.bash"

teardown() {
  observe_no_more
  property 1 no-quorum-policy stop
}

@test "the last node answers everybody as long as it may" {
  property 1 no-quorum-policy ignore
  power_off 2
  power_off 3
  await_members 1
  await 20 all_started 1 6
  await_settled 1
  audit
  [ "${clients_of[1]}" = 64 ]
  property 1 no-quorum-policy stop
  await 20 nobody_answers
}

nobody_answers() { look && nothing_twice && [ "${clients_of[*]}" = "0 0 0" ]; }

@test "without quorum the last node falls silent, and with a second one all is well again" {
  power_off 2
  power_off 3
  await_members 1
  await 20 nobody_answers
  power_on 2
  await_members 1 2
  await 20 all_started 1 6
  await_settled 1
  audit
}
