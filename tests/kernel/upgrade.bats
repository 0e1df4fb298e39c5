#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# A node whose buckets were started by the version before, which decided by rules of nf_tables, is taken over by
# this version's next call, while clients ask.
# shellcheck source-path=SCRIPTDIR

# bats file_tags=ebpf, former
bats_require_minimum_version 1.5.0

load lab
load cluster
load state

other_vip=10.77.0.101

setup_file() {
  [ "$BACKEND" = ebpf ] || return 0
  "$REPOSITORY/dev" former >"$BATS_FILE_TMPDIR/former.log" 2>&1 || { cat "$BATS_FILE_TMPDIR/former.log"; return 1; }
  lab_up 3 32
  lab_serve
  export CLEAN
  CLEAN=$(trace 2)
}

setup() { only_on ebpf; }

teardown() {
  [ "$BACKEND" = ebpf ] && [ -z "${BATS_TEST_COMPLETED:-}" ] || return 0
  for node in 1 2 3; do rebuild $node; lab_serve_on $node; done
}

teardown_file() { lab_down; }

# former COMMAND…: with the helper of before in the place of this one, and its name of the backend.
former() { PATH=$REPOSITORY/build/former:$PATH BACKEND=nftables "$@"; }

all_by_the_former() {
  local node
  for node in 1 2 3; do former helper $node start $node; done
  fresh_neighbours
  answered_once ping udp tcp
}

stop_all() {
  local node
  for node in 1 2 3; do helper $node stop $node; done
}

# upgraded_under_pings COMMAND…: nobody is answered twice meanwhile, nor told another MAC, nor torn from its node.
upgraded_under_pings() {
  local first=$FIRST_CLIENT line
  [[ $OCF_RESKEY_ip != *:* ]] || first=$FIRST_CLIENT6
  lab_start client "$TRAFFIC" observe --interface lan0 --address "$OCF_RESKEY_ip" --mac "$OCF_RESKEY_mac" \
    --first "$first" --clients 32 --interval 5 --silence 500
  sleep 0.3
  "$@"
  fresh_neighbours
  sleep 0.3
  kill -USR1 "$STARTED"
  said=''
  while read -r -t 10 -u "$STARTED_OUTPUT" line && [ "$line" != end ]; do said+=$line$'\n'; done
  kill "$STARTED"
  echo "$said"
  [[ $said == *$'\n'"duplicate 0"$'\n'* && $said == *$'\n'"foreign 0"$'\n'* && $said == *$'\n'"missed 0"$'\n'* ]]
}

# nothing_of_the_former NODE: no table, no program.
nothing_of_the_former() {
  [ -z "$(on "$1" nft list ruleset)" ]
  [[ $(on "$1" "$TRAFFIC" tcx --interface cluster0) != *loadshare_early* ]]
  [ -z "$(on "$1" tc filter show dev cluster0 egress)" ]
}

stop_and_start() {
  local node
  for node in 2 1 3; do helper $node stop $node && helper $node start $node || return; done
}

start_alone() {
  local node
  for node in 2 1 3; do helper $node start $node || return; done
}

taken_over_by() {
  local node
  all_by_the_former
  [[ $(on 2 nft list ruleset) == *loadshare* ]]
  # The monitor of the new version says that a start is due, and changes nothing.
  monitor_says 1 '' 2 2
  answered_once ping
  upgraded_under_pings "$@"
  for node in 1 2 3; do
    holds $node $node
    nothing_of_the_former $node
  done
  answered_once ping udp tcp
  stop_all
  expect_trace 2 "$CLEAN"
}

@test "IPv4: stop and start" { taken_over_by stop_and_start; }

@test "IPv4: a start alone" { taken_over_by start_alone; }

@test "IPv6: stop and start" { OCF_RESKEY_ip=$VIP6 taken_over_by stop_and_start; }

@test "IPv6: a start alone" { OCF_RESKEY_ip=$VIP6 taken_over_by start_alone; }

@test "a stop alone leaves nothing" {
  all_by_the_former
  upgraded_under_pings helper 2 stop 2
  expect_trace 2 "$CLEAN"
  former helper 1 stop 1
  former helper 3 stop 3
}

@test "of two addresses, the one that has not been started anew is silent on that node until it is" {
  export OCF_RESKEY_ip=$other_vip
  all_by_the_former
  OCF_RESKEY_ip=$VIP former helper 2 start 2
  OCF_RESKEY_ip=$VIP upgraded_under_pings helper 2 start 2
  fresh_neighbours
  run -1 ask "$other_vip" udp --wait 400 --summary
  [[ $output != *"$(node_mac 2)"* && $output == *"$(node_mac 1)"*"$(node_mac 3)"*"duplicate 0" ]]
  nothing_of_the_former 2
  monitor_says 1 "without a working cluster rule" 2 2
  upgraded_under_pings helper 2 start 2
  for node in 1 3; do former holds $node $node; done
  answered_once ping udp
  OCF_RESKEY_ip=$VIP helper 2 monitor 2
  OCF_RESKEY_ip=$VIP helper 2 stop 2
  stop_all
  expect_trace 2 "$CLEAN"
}

@test "a node in the middle of an upgrade: the versions share the packets of one cluster without a gap" {
  all_by_the_former
  upgraded_under_pings helper 2 start 2
  for protocol in ping udp tcp; do answered_once $protocol; done
  for node in 1 3; do former holds $node $node; done
  stop_all
  expect_trace 2 "$CLEAN"
}
