#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# A lock that another process holds ends a call after --wait seconds, with a message that names it.
# shellcheck source-path=SCRIPTDIR

bats_require_minimum_version 1.5.0

load lab
load cluster
load state

setup_file() {
  lab_up 1
  helper 1 start 1
  helper 1 stop 1
}

teardown_file() { lab_down; }

# locked FILE COMMAND BUCKET [FLOCK-OPTION]: the helper in node 1, while somebody else holds the lock.
locked() {
  local OPTIONS
  helper_options
  # shellcheck disable=SC2016 # the shell inside expands it
  on 1 bash -c 'exec 9>"$1" && flock $2 9 && loadshare "${@:3}" --wait 1 9>&-' locked \
    "$1" "${4:-}" "$2" --bucket "$3" "${OPTIONS[@]}"
}

# lock_of NAME: of node 1.
lock_of() { echo "/run/loadshare/$(stat -Lc %i "/run/netns/$LAB-node1")-$1.lock"; }

# The lock under which a backend changes what addresses have in common.
shared_lock() {
  case $BACKEND in
    clusterip) echo /run/xtables.lock ;;
    ebpf) lock_of ebpf ;;
  esac
}

# released_anyway LOCK: in $output. Who stops the holder of a lock, or has no place for locks, keeps no node
# answering for a bucket that another one is about to take.
released_anyway() {
  echo "$output"
  [[ $output == "bucket 1 of $VIP released, but not all is cleared: $1"* ]]
}

# refused LOCK: in $output, after about a second.
refused() {
  echo "$output"
  [[ ${lines[0]} == "$1 has been locked by another process for 1 s"* && ${#lines[@]} -eq 1 ]]
}

@test "while the address is locked, start and monitor end with a message and change nothing; stop silences" {
  local lock before clean
  lock=$(lock_of "$VIP")
  before=$(trace 1) clean=$before
  run -1 locked "$lock" start 1
  refused "$lock"
  run -1 locked "$lock" monitor 1
  refused "$lock"
  expect_trace 1 "$before"
  helper 1 start 1
  before=$(trace 1)
  run -1 locked "$lock" start 2
  refused "$lock"
  expect_trace 1 "$before"
  [ -n "$(reachable)" ]
  run -0 locked "$lock" stop 1
  released_anyway "$lock has been locked"
  [ -z "$(reachable)" ]
  helper 1 stop 1
  expect_trace 1 "$clean"
}

@test "monitors do not wait for each other" {
  local lock
  lock=$(lock_of "$VIP")
  helper 1 start 1
  locked "$lock" monitor 1 --shared
  helper 1 stop 1
}

@test "start ends with a message while the backend's own lock is held, and changes nothing" {
  local lock before
  lock=$(shared_lock)
  before=$(trace 1)
  run -1 locked "$lock" start 1
  refused "$lock"
  expect_trace 1 "$before"
}

@test "the last stop under the backend's lock leaves a node that is silent, and the next one ends it" {
  local lock before
  lock=$(shared_lock)
  before=$(trace 1)
  helper 1 start 1
  run -0 locked "$lock" stop 1
  released_anyway "$lock has been locked"
  [ -z "$(reachable)" ]
  helper 1 stop 1
  expect_trace 1 "$before"
}

@test "another address does not wait for the lock" {
  local lock
  lock=$(lock_of "$VIP")
  OCF_RESKEY_ip=10.77.0.101 locked "$lock" start 1
  OCF_RESKEY_ip=10.77.0.101 helper 1 stop 1
}
