#!/usr/bin/env bats
# A recurring monitor compares the number of buckets that it was started with to the cluster's.
# SPDX-License-Identifier: GPL-2.0-or-later

load agent

# The cluster's crm_resource says CLONE-MAX, with exit status STATUS.
cluster_says() { # CLONE-MAX [STATUS]
  mkdir -p "$BATS_TEST_TMPDIR/cluster"
  printf '#!/bin/sh\necho "$@" >>%s/asked\necho %s\nexit %s\n' "$BATS_TEST_TMPDIR" "$1" "${2:-0}" \
    >"$BATS_TEST_TMPDIR/cluster/crm_resource"
  chmod +x "$BATS_TEST_TMPDIR/cluster/crm_resource"
  agent_path=$BATS_TEST_TMPDIR/cluster:$agent_path
}

@test "a monitor is content while clone-max is what it was at start" {
  given CRM_meta_clone_max=6
  cluster_says 6
  run -0 --separate-stderr agent monitor
  [ -z "$output$stderr" ]
  [ "$(<"$BATS_TEST_TMPDIR/asked")" = '--quiet --resource vip --meta --get-parameter clone-max' ]
}

@test "a monitor fails with both numbers once clone-max has changed" {
  given CRM_meta_clone_max=6
  cluster_says 8
  run -1 --separate-stderr agent monitor
  [ "$(reason)" = 'clone-max is 8 now, but this bucket was started as one of 6: it has to start anew' ]
}

@test "a cluster that gives no answer, or no number, changes nothing" {
  given CRM_meta_clone_max=6
  cluster_says '' 105
  run -0 --separate-stderr agent monitor
  cluster_says ''
  run -0 --separate-stderr agent monitor
  [ -z "$output$stderr" ]
}

@test "a probe, a monitor that has failed already, and an instance that is no clone ask nobody" {
  cluster_says 8
  run -0 agent monitor
  given CRM_meta_clone_max=6
  fake_helper 7
  run -7 agent monitor
  given CRM_meta_interval=0
  fake_helper 0
  run -0 agent monitor
  [ ! -e "$BATS_TEST_TMPDIR/asked" ]
}
