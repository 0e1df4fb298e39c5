#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# switch-config: the MAC is the one that start uses, and the lines do what they say where that can be tried.
# shellcheck source-path=SCRIPTDIR

bats_require_minimum_version 1.5.0

load lab
load cluster
load state

setup_file() { lab_up 1 1; }

teardown() { on 1 loadshare stop --ip "$VIP" --backend "$BACKEND" --bucket 1; }

teardown_file() { lab_down; }

# switch_config [OPTION…]: about $VIP, on node 1.
switch_config() { on 1 loadshare switch-config "$VIP" --backend "$BACKEND" "$@"; }

# mac_in OUTPUT
mac_in() { sed -n 's/^. Cluster MAC \([^,]*\),.*/\1/p' <<<"$1"; }

# answered: whether node 1 answers for the cluster address.
answered() { client ping -c 3 -i 0.1 -W 0.5 "$VIP" >/dev/null; }

# bats test_tags=host
@test "before anything is deployed: the MAC that start will use, and then the one that is held" {
  local derived held
  derived=$(switch_config)
  [[ $derived == *", derived from the address, /16 and broadcast 10.77.255.255"* ]]
  on 1 loadshare start --ip "$VIP" --nic cluster0 --netmask 16 --backend "$BACKEND" --arp-count 0
  held=$(switch_config)
  [[ $held == *", held here on cluster0"* ]]
  [ -n "$(mac_in "$derived")" ] && [ "$(mac_in "$derived")" = "$(mac_in "$held")" ]
}

# bats test_tags=host
@test "a MAC that was given to start is the one that is told" {
  on 1 loadshare start --ip "$VIP" --nic cluster0 --backend "$BACKEND" --arp-count 0 --mac "$VIP_MAC"
  [ "$(mac_in "$(switch_config)")" = "$VIP_MAC" ]
}

@test "the VLAN is that of the interface, unless it is given" {
  on 1 ip link add link cluster0 name probe0 type vlan id 2 || skip "this kernel has no VLANs"
  on 1 ip link del probe0
  on 1 ip link add link cluster0 name cluster0.77 type vlan id 77
  on 1 ip address add 10.78.0.1/24 brd + dev cluster0.77
  run -0 on 1 loadshare switch-config 10.78.0.100 --vendor nxos
  [[ $output == *"in VLAN 77"*"interface Vlan77"* ]]
  run -0 on 1 loadshare switch-config 10.78.0.100 --vendor nxos --vlan 78
  [[ $output == *"in VLAN 78"*"interface Vlan78"* ]]
  on 1 ip link del cluster0.77
  run -0 switch_config --vendor nxos
  [[ $output == *"interface ROUTER_INTERFACE"* ]]
}

# bats test_tags=host
@test "with a MAC nobody needs to be root, nor in the cluster" {
  run -0 on 1 setpriv --reuid 65534 --regid 65534 --clear-groups --no-new-privs \
    "$LOADSHARE_BUILD/loadshare" switch-config 192.0.2.1 --mac "$VIP_MAC"
  [[ $output == *"Cluster MAC $VIP_MAC, as given"* ]]
}

# bats test_tags=host
@test "it changes nothing" {
  local before
  before=$(trace 1)
  switch_config >/dev/null
  expect_trace 1 "$before"
}

# bats test_tags=host
@test "what is wrong is named in one line" {
  refused 2 "usage: loadshare switch-config ADDRESS" on 1 loadshare switch-config
  refused 2 "usage: loadshare switch-config ADDRESS" on 1 loadshare switch-config "$VIP" "$VIP"
  refused 6 "ADDRESS: '10.77.0' " on 1 loadshare switch-config 10.77.0
  refused 6 "--vendor: 'acme' is none of ios, " switch_config --vendor acme
  refused 6 "--vlan: '4095' " switch_config --vlan 4095
  refused 6 "--vlan: '0' " switch_config --vlan 0
  refused 6 "cidr_netmask: /64 is too long" switch_config --netmask 64
  refused 6 "mac: " switch_config --mac 00:11:22:33:44:55
  refused 2 "" switch_config --total 3
  refused 5 "nic: not given" on 1 loadshare switch-config 192.0.2.1
  refused 5 "interface none0 does not exist" switch_config --nic none0
}

# refused CODE BEGINNING COMMAND…
refused() {
  local code=$1 beginning=$2
  run "-$code" --separate-stderr "${@:3}"
  # shellcheck disable=SC2154 # set by run
  [[ -z $output && ${#stderr_lines[@]} -eq 1 && $stderr == "$beginning"* ]] || { echo "$stderr"; return 1; }
}

@test "the lines for a Linux bridge bring the packets through IGMP snooping, each of them" {
  local lines
  mapfile -t lines < <(switch_config --vendor linux --mac "$VIP_MAC" | grep -v '^#' | grep .)
  [ "${#lines[@]}" = 2 ]
  on 1 loadshare start --ip "$VIP" --nic cluster0 --backend "$BACKEND" --arp-count 0 --mac "$VIP_MAC"
  client ip neigh replace "$VIP" lladdr "$VIP_MAC" dev lan0 nud permanent
  answered
  ip -n "$LAB-switch" address add 10.77.254.1/16 dev br0 # a querier needs one
  # It counts only after the longest time a host may take to answer it, 10 s unless told.
  ip -n "$LAB-switch" link set br0 type bridge mcast_query_response_interval 100
  ip -n "$LAB-switch" link set br0 type bridge mcast_snooping 1 mcast_querier 1
  await_silence
  on_switch "${lines[0]/PORT/node1}"
  answered
  on_switch "bridge link set dev node1 mcast_router 1"
  await_silence
  on_switch "${lines[1]/BRIDGE/br0}"
  answered
}

# on_switch LINE: as somebody would paste it.
on_switch() { ip netns exec "$LAB-switch" sh -ec "$1"; }

# await_silence: until the querier counts; before that there is nothing to show.
await_silence() {
  local try
  for ((try = 0; try < 60; try++)); do
    answered || return 0
    sleep 0.5
  done
  echo "the bridge never began to snoop" >&2
  return 1
}
