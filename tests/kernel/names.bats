#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What an interface is called: other names, new names, odd names.
# shellcheck source-path=SCRIPTDIR

bats_require_minimum_version 1.5.0

load lab
load cluster
load state

long_name=interface-that-is-called-by-where-it-is-in-the-rack-0123456789

setup_file() {
  lab_up 1 16
  helper 1 start 1
  helper 1 stop 1
  CLEAN=$(trace 1)
  export CLEAN
}

teardown() { [ -n "${BATS_TEST_COMPLETED:-}" ] || rebuild 1; }

teardown_file() { lab_down; }

link() { ip -n "$LAB-node1" link "$@"; }

@test "nic may be another name of the interface; all that is done is done by its first one" {
  link property add dev cluster0 altname lan0 altname $long_name
  local name
  for name in lan0 $long_name; do
    OCF_RESKEY_nic=$name helper 1 validate 1
    OCF_RESKEY_nic=$name helper 1 start 1
    OCF_RESKEY_nic=$name helper 1 monitor 1
    helper 1 monitor 1
    run -0 on 1 loadshare status
    [[ $output == *"$VIP"*" on cluster0 with $BACKEND: healthy"* ]]
    OCF_RESKEY_nic=$name helper 1 stop 1
    expect_trace 1 "$CLEAN"
  done
  OCF_RESKEY_nic=lan0 helper 1 start 1
  link property del dev cluster0 altname lan0 altname $long_name
  OCF_RESKEY_nic=lan0 monitor_says 1 "interface lan0 does not exist"
  OCF_RESKEY_nic=lan0 helper 1 stop 1
  expect_trace 1 "$CLEAN"
  OCF_RESKEY_nic=lan0 run -5 helper 1 validate 1
}

@test "an interface that is renamed while it serves: monitor and status say so, stop clears all" {
  helper 1 start 1
  link set cluster0 down
  link set cluster0 name renamed0
  link set renamed0 up
  monitor_says 1 "interface cluster0 does not exist"
  run -1 on 1 loadshare status
  [[ $output == *" fault"* && $output == *"! interface cluster0 "* && $output != *cidr_netmask* ]] ||
    { echo "status: $output"; return 1; }
  helper 1 stop 1
  link set renamed0 down
  link set renamed0 name cluster0
  link set cluster0 up
  run -7 on 1 loadshare status
  [ "$(on 1 cat /proc/sys/net/ipv4/conf/cluster0/drop_unicast_in_l2_multicast)" = 0 ]
  run -7 helper 1 monitor 1
  rebuild 1
}

@test "status of an address that is gone says that it is gone" {
  helper 1 start 1
  ip -n "$LAB-node1" address flush to "$VIP"
  run -1 on 1 loadshare status
  [[ $output == *"! $VIP/"*" is not there"* && $output != *cidr_netmask* ]] || { echo "status: $output"; false; }
  ip -n "$LAB-node1" address flush dev cluster0
  run -1 on 1 loadshare status
  [[ $output == *"! $VIP/"*" is not there"* && $output != *cidr_netmask* ]] || { echo "status: $output"; false; }
  helper 1 stop 1
  rebuild 1
}

@test "a name of fifteen characters, with dots and whatever else the kernel takes" {
  local name
  for name in 'if.0123456789.2' 'a"b$(x);&`#~-_=' cluster0; do
    link set cluster0 down 2>/dev/null || link set 'if.0123456789.2' down 2>/dev/null || link set 'a"b$(x);&`#~-_=' down
    link set "$(basename "$(on 1 sh -c 'echo /sys/class/net/[!l]*')")" name "$name"
    link set "$name" up
    ip -n "$LAB-node1" address replace 10.77.0.1/16 dev "$name"
    OCF_RESKEY_nic=$name helper 1 start 1
    OCF_RESKEY_nic=$name helper 1 monitor 1
    run -0 on 1 loadshare status
    [[ $output == *" on $name with $BACKEND: healthy"* ]]
    [ "$(reachable | wc -l)" -gt 0 ]
    OCF_RESKEY_nic=$name helper 1 stop 1
    run -7 on 1 loadshare status
    [ "$(reachable | wc -l)" -eq 0 ]
  done
}

@test "check's advice for a VLAN's name is one that sysctl takes" {
  link add link cluster0 name cluster0.5 type vlan id 5 || skip "no VLANs here"
  link set cluster0.5 up
  on 1 sh -c 'echo 1 >/proc/sys/net/ipv4/conf/cluster0.5/arp_filter'
  run on 1 loadshare check --nic cluster0.5
  [[ $output == *net/ipv4/conf/cluster0.5/arp_filter* ]]
  link del cluster0.5
}
