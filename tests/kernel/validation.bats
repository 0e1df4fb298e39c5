#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Each malformed parameter is refused, by name, by whoever could act on it; and what this kernel lacks is told apart.
# shellcheck source-path=SCRIPTDIR

bats_require_minimum_version 1.5.0

load lab
load cluster
load state

setup_file() {
  lab_up 1 1
  helper 1 start 1
  helper 1 stop 1
  export CLEAN
  CLEAN=$(trace 1)
}

teardown() {
  [ -n "${BATS_TEST_COMPLETED:-}" ] || rebuild 1
}

teardown_file() { lab_down; }

# refused PARAMETER OPTION VALUE…: each of the values by validate, the first one by start too.
refused() {
  local value
  refused_by start "$1" "$2" "$3"
  for value in "${@:3}"; do refused_by validate "$1" "$2" "$value"; done
}

# refused_by COMMAND PARAMETER OPTION VALUE
refused_by() {
  run -6 loadshare_with "$1" "$3" "$4"
  [[ ${lines[0]} == "$2"[:\ ]* && ${#lines[@]} -eq 1 ]] || { echo "$1 $3=$4: $output"; return 1; }
}

# loadshare_with COMMAND OPTION VALUE: in the place of what the cluster has.
loadshare_with() {
  local OPTIONS words=() at
  helper_options
  for ((at = 0; at < ${#OPTIONS[@]}; at += 2)); do
    [ "${OPTIONS[at]}" = "$2" ] || words+=("${OPTIONS[@]:at:2}")
  done
  on 1 loadshare "$1" "${words[@]}" "$2=$3"
}

# bats test_tags=host
@test "addresses that are none, or that no node can have" {
  refused ip --ip 10.77.0 10.77.0.256 10.77.0.100/16 cluster.example 127.0.0.1 224.0.0.1 0.0.0.0 \
    255.255.255.255 ::1 ff02::1 fd77::100::1
}

# bats test_tags=host
@test "interfaces, labels and namespaces that cannot be names" {
  refused nic --nic lo cluster0/1 'clus ter0' eth+ "$(printf 'x%.0s' {1..128})"
  refused iflabel --label 'a b' thirteen-char
  refused network_namespace --network-namespace ../switch
}

# bats test_tags=host
@test "MACs, hash modes and seeds" {
  refused mac --mac 01:00:5e:zz:00:01 01:00:5e:00:01 01:00:5e:00:01:02:03 00:11:22:33:44:55 \
    01005e000102 ff:ff:ff:ff:ff:ff
  refused clusterip_hash --hash bogus sourceip-destport SOURCEIP
  refused clusterip_hash_seed --seed -1 4294967296 0x10 seven
}

# bats test_tags=host
@test "netmasks, broadcast addresses, announcements and switches" {
  refused cidr_netmask --netmask 0 33 255.0.255.0 sixteen
  refused broadcast --broadcast 10.77.255 all ff02::1
  refused arp_count --arp-count -1 many
  refused arp_interval --arp-interval fast
  refused arp_bg --arp-bg perhaps
  refused noprefixroute --noprefixroute 2
}

# bats test_tags=host
@test "numbers of buckets, and clones that are not globally unique" {
  refused CRM_meta_clone_max --total 0 1025 three
  refused --bucket --bucket 0 1025 first
  refused CRM_meta_clone_max --bucket 4 # of 3
  refused CRM_meta_globally_unique --globally-unique false
  refused backend --backend bogus ipvs
}

@test "what CLUSTERIP cannot serve is refused by name" {
  can_use clusterip || skip "this kernel has no CLUSTERIP, which is what it says first"
  BACKEND=clusterip refused ip --ip "$VIP6"
  BACKEND=clusterip refused CRM_meta_clone_max --total 17
}

# bats test_tags=host
@test "the agent gives the same reasons, and nothing is left of all this" {
  local action
  for action in start validate-all; do
    OCF_RESKEY_mac=00:11:22:33:44:55 run -6 agent 1 $action 1
    [[ $output == *"ocf-exit-reason:mac: '00:11:22:33:44:55' is a unicast MAC"* ]]
    OCF_RESKEY_CRM_meta_globally_unique=false run -6 agent 1 $action 1
    [[ $output == *"ocf-exit-reason:CRM_meta_globally_unique"* ]]
    OCF_RESKEY_clusterip_hash=bogus run -6 agent 1 $action 1
    [[ $output == *"ocf-exit-reason:clusterip_hash (--hash): 'bogus'"* ]]
  done
  agent 1 validate-all 1
  expect_trace 1 "$CLEAN"
}

# bats test_tags=host
@test "a kernel without CLUSTERIP: the probe says 7, stop 0, start and validate-all 5" {
  can_use clusterip && skip "this kernel has CLUSTERIP"
  export OCF_RESKEY_backend=clusterip
  run -7 probe 1 1
  stop 1 1
  run -5 agent 1 start 1
  [[ $output == *"has no CLUSTERIP target"* ]]
  run -5 agent 1 validate-all 1
}

# bats test_tags=host
@test "a node without the helper: the probe says 7, stop 0, start 5" {
  only_system_programs
  run -7 probe 1 1
  stop 1 1
  run -5 agent 1 start 1
  [[ $output == *"loadshare: not installed on this node"* ]]
}

# A PATH without the helper that this repository built.
only_system_programs() {
  ! [ -e /usr/sbin/loadshare ] || skip "the helper is installed on this machine"
  PATH=/usr/sbin:/usr/bin:/sbin:/bin
}
