#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What happens without fencing when nodes lose sight of each other, and that it ends. As root: ./dev cluster
# shellcheck source-path=SCRIPTDIR

bats_require_minimum_version 1.5.0
source "$BATS_TEST_DIRNAME/suite.bash"

@test "a node without a ring gives up when it has no quorum: double answers for moments only" {
  cut_ring 3
  await_members 1 2
  await 20 all_started 1 6
  await 20 holds_nothing 3
  look
  echo "# ring cut: ${seen[duplicate]} double answers in ${seen[window]} ms" >&3
  everyone_once
  heal_ring 3
  await_members 1 2 3
  await_settled 1
  audit
}

@test "a node whose corosync was killed answers on until it is switched off" {
  on 3 sh -c 'kill -KILL $(pidof corosync)'
  await_members 1 2
  await 20 all_started 1 6
  look
  everyone_once && return 1 # what fencing is for
  power_off 3
  look
  everyone_once
  power_on 3
  await_members 1 2 3
  await_settled 1
  audit
}
