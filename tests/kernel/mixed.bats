#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# A cluster in the middle of an upgrade: some nodes with CLUSTERIP, some with ebpf.
# shellcheck source-path=SCRIPTDIR

setup_file() {
  source "$BATS_TEST_DIRNAME/packets.bash"
  can_mix || return 0
  packets_up 64
  PROTOCOLS=$(protocols)
  export PROTOCOLS
}

setup() {
  source "$BATS_TEST_DIRNAME/packets.bash"
  # One run of the suite is enough, and only kernels up to 6.2 can do it.
  can_mix || skip "the clusterip run mixes both; this is a $BACKEND run on Linux $(uname -r)"
  # Whatever a test appoints for the node; auto where it does not.
  declare -gA backend_of=()
}

# auto stops what is there, by whichever backend.
teardown() { OCF_RESKEY_backend=auto release_all; }

teardown_file() {
  source "$BATS_TEST_DIRNAME/packets.bash"
  lab_down
}

can_mix() { [ "$BACKEND" = clusterip ] && can_use clusterip && can_use ebpf; }

# mix BACKEND…: of node 1, 2, 3; each holds the bucket of its own number.
mix() {
  local node
  for node in 1 2 3; do
    backend_of[$node]=${!node}
    take "$node" "$node"
  done
}

# take NODE BUCKET, give NODE BUCKET: by the backend of the node.
take() { OCF_RESKEY_backend=${backend_of[$1]} hold "$@"; }
give() { OCF_RESKEY_backend=${backend_of[$1]} release "$@"; }

all_answered_once() {
  # shellcheck disable=SC2086 # a list of words
  answered_once $PROTOCOLS
}

# refused BACKEND ADDRESS: node 1 says why it cannot have this address by this backend now.
refused() {
  export OCF_RESKEY_backend=$1 OCF_RESKEY_ip=$2
  run -1 agent 1 start 2
  [[ $output == *"backend: "*" on cluster0"* ]]
  export OCF_RESKEY_ip=$VIP
}

@test "64 clients are answered once by a mixed cluster, in every hash mode" {
  export OCF_RESKEY_backend
  for OCF_RESKEY_clusterip_hash in "${MODES[@]}"; do
    mix clusterip ebpf auto
    all_answered_once
  done
}

@test "both backends own the same packets of a bucket" {
  mix clusterip ebpf ebpf
  identity 600
  before=$(who udp)
  for node in 1 2 3; do give "$node" "$node"; done
  mix ebpf clusterip clusterip
  diff <(echo "$before") <(who udp)
  identity 600
}

@test "a bucket goes from CLUSTERIP to ebpf and back" {
  mix clusterip ebpf ebpf
  before=$(who tcp)
  give 1 1
  diff <(echo "${before//$(node_mac 1)/-}") <(who_in_the_gap tcp)
  take 2 1
  diff <(echo "${before//$(node_mac 1)/$(node_mac 2)}") <(who tcp)
  give 2 1
  take 1 1
  diff <(echo "$before") <(who tcp)
}

@test "auto takes CLUSTERIP where the kernel has it" {
  OCF_RESKEY_backend=auto hold 1 1
  on 1 test -e "/proc/net/ipt_CLUSTERIP/$VIP"
}

@test "ebpf is refused on an interface with CLUSTERIP, which goes on" {
  backend_of[1]=clusterip
  take 1 1
  refused ebpf "$VIP2"
  refused ebpf "$VIP"
  OCF_RESKEY_backend=clusterip agent 1 monitor 1
}

@test "CLUSTERIP is refused on an interface with ebpf, which goes on" {
  backend_of[1]=ebpf
  take 1 1
  refused clusterip "$VIP2"
  refused clusterip "$VIP"
  OCF_RESKEY_backend=ebpf agent 1 monitor 1
}
