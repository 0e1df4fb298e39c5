#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Other people's filters, qdiscs and XDP programs on the interface: they stay as they are, ours come
# first, and where that cannot be, everybody says so before anything is begun.
# shellcheck source-path=SCRIPTDIR

bats_require_minimum_version 1.5.0

load lab
load cluster
load state

# bats file_tags=ebpf

setup_file() {
  lab_up 1 16
  helper 1 start 1
  helper 1 stop 1
}

setup() { only_on ebpf; }

teardown() { [ -n "${BATS_TEST_COMPLETED:-}" ] || rebuild 1; }

teardown_file() { lab_down; }

tc_on_1() { ip netns exec "$LAB-node1" tc "$@"; }

has_tcx() { on 1 "$TRAFFIC" tcx --interface lo --return next 2>/dev/null && on 1 "$TRAFFIC" tcx --interface lo --remove; }

# checked: what check says, on one line.
checked() {
  local said code=0
  said=$(on 1 loadshare check --ip "$VIP" --nic cluster0 --backend ebpf 2>&1) || code=$?
  tr -s ' \n' '  ' <<<"$said"
  return $code
}

# served: with whatever is there; and what is there stays.
served() {
  local before
  before=$(tc_on_1 qdisc show dev cluster0; tc_on_1 filter show dev cluster0 ingress)
  helper 1 validate 1
  helpers 1 start 1 2 3
  holds 1 1 2 3
  fresh_neighbours
  answered_once ping
  helpers 1 stop 1 2 3
  settled
  [ "$(tc_on_1 qdisc show dev cluster0; tc_on_1 filter show dev cluster0 ingress)" = "$before" ]
}

# settled: what a stop leaves to the background is done.
settled() { trace 1 >/dev/null; }

# refused TEXT: by validate, check and start in the same words, and nothing is left of it.
refused() {
  local before word
  before=$(trace 1)
  for word in validate start; do
    run -1 helper 1 $word 1
    [[ $output == *"$1"* ]] || { echo "$word: $output"; return 1; }
  done
  run -1 checked
  [[ $output == *"$1"* ]] || { echo "check: $output"; return 1; }
  expect_trace 1 "$before"
}

@test "an ingress qdisc that is there already" {
  tc_on_1 qdisc add dev cluster0 ingress
  if has_tcx; then
    served
  else
    refused "cluster0: its ingress qdisc leaves no place at the egress (before Linux 6.6)"
  fi
  tc_on_1 qdisc del dev cluster0 ingress
}

@test "a filter without a program that has the first priority" {
  tc_on_1 qdisc add dev cluster0 clsact
  tc_on_1 filter add dev cluster0 ingress prio 1 protocol all u32 match u32 0 0
  if has_tcx; then
    served
  else
    refused "cluster0: a u32 filter of priority 1 has the first place at its ingress"
  fi
  tc_on_1 qdisc del dev cluster0 clsact
}

@test "a filter that comes later, in ours or another priority" {
  helpers 1 start 1 2 3
  has_tcx && tc_on_1 qdisc add dev cluster0 clsact
  tc_on_1 filter add dev cluster0 ingress prio 7 protocol all u32 match u32 0 0
  holds 1 1
  tc_on_1 filter add dev cluster0 ingress prio 1 protocol all bpf bytecode '1,6 0 0 0,'
  if has_tcx; then
    holds 1 1
  else
    monitor_says 1 "is not the first at its ingress: a bpf filter of priority 1 comes before it"
    helper 1 start 1
    holds 1 1
  fi
  fresh_neighbours
  answered_once ping
  helpers 1 stop 1 2 3
  settled
  [[ $(tc_on_1 filter show dev cluster0 ingress) == *u32* ]]
  tc_on_1 qdisc del dev cluster0 clsact
}

@test "check names an XDP program and whoever is before ours" {
  on 1 "$TRAFFIC" tcx --interface cluster0 --xdp on
  run -0 checked
  [[ $output == *"an XDP program is on cluster0: somebody_else (program "*") meets frames before all else"* ]]
  on 1 "$TRAFFIC" tcx --interface cluster0 --xdp off
  need_tcx
  helper 1 start 1
  on 1 "$TRAFFIC" tcx --interface cluster0 --return pass
  run -1 checked
  [[ $output == *"is not the first at its ingress: somebody_else (program "* ]]
  run -1 on 1 loadshare status
  [[ $output == *"is not the first at its ingress: somebody_else (program "* ]]
  helper 1 start 1
  helper 1 monitor 1
  on 1 "$TRAFFIC" tcx --interface cluster0 --remove
  helper 1 stop 1
}
