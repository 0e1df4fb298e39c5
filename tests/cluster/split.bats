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

# Two intervals of 3 s and a timeout of 20 s (configure in resource.bash).
@test "with a lease, a node whose corosync was killed falls silent by itself" {
  parameter lease true
  on 3 sh -c 'kill -KILL $(pidof corosync)'
  await_members 1 2
  await 20 all_started 1 6
  look
  everyone_once && return 1 # or there was nothing to end
  await 40 owns_no_bucket 3
  everyone_once
  power_off 3
  power_on 3
  await_members 1 2 3
  parameter lease false
  audit
}

@test "with a lease, nothing changes on healthy nodes" {
  parameter lease true
  sleep $((30 * SLOWNESS)) # longer than the lease
  audit
  [ "$lost" = 0 ]
  parameter lease false
  audit
}

# parameter NAME VALUE: the cluster starts all buckets anew.
parameter() {
  on 1 crm_resource --resource cluster-ip --set-parameter "$1" --parameter-value "$2" >/dev/null
  await_settled 1
  await 30 all_started 1 6
  look
}

owns_no_bucket() { on "$1" loadshare status | grep -q " none of 6:"; }
