#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Every way in: whatever interfaces a node has, now or later, each packet is answered once and nobody hears
# another MAC than the cluster's. The table in docs/operating.md has a row for each.
# shellcheck source-path=SCRIPTDIR

setup_file() {
  source "$BATS_TEST_DIRNAME/packets.bash"
  export OCF_RESKEY_cidr_netmask=16
  packets_up 64
  both_versions deal 3
}

setup() {
  source "$BATS_TEST_DIRNAME/packets.bash"
  load state # its helper, with a netmask
  export OCF_RESKEY_cidr_netmask=16
  ip netns add "$LAB-node4"
}

# Node 1 is as it was, whatever the test did to it.
teardown() {
  ip -n "$LAB-switch" link del second 2>/dev/null || :
  ip netns del "$LAB-node4"
  [ -n "${BATS_TEST_COMPLETED:-}" ] || { rebuild 1 && serve_on 1; }
  both_versions helper 1 start 1
}

teardown_file() {
  source "$BATS_TEST_DIRNAME/packets.bash"
  lab_down
}

guard=drop_unicast_in_l2_multicast

# both_versions COMMAND…: for the IPv4 address, and for the IPv6 one where the backend has it.
both_versions() {
  "$@" || return
  [ "$BACKEND" = clusterip ] ||
    OCF_RESKEY_ip=$VIP6 OCF_RESKEY_cidr_netmask=64 "$@"
}

# node1 LINE…: ip commands there.
node1() { printf '%s\n' "$@" | ip -n "$LAB-node1" -batch -; }

# new LINE: an interface there that this kernel may not know.
new() {
  # shellcheck disable=SC2086 # a list of words
  ip -n "$LAB-node1" link add $1 2>/dev/null && return
  echo "# Linux $(uname -r) has no: $1" >&3
  return 1
}

# sets PATH NUMBER: a sysctl of node 1; reads PATH.
sets() { on 1 sh -c "echo $2 >/proc/sys/net/$1"; }
reads() { on 1 cat "/proc/sys/net/$1"; }

# second_port NAMESPACE: second0 there, on the same switch, down.
second_port() {
  printf 'link add second type veth peer name second0 address 02:00:00:00:02:01 netns %s\n' "$1" |
    ip -n "$LAB-switch" -batch -
  ip -n "$LAB-switch" link set second master br0 up
}

# served: each client once, by any protocol, and by ARP and NDP the cluster MAC alone.
served() {
  # ARP is silent on other interfaces for addresses of scope host: where the address has that form.
  if [[ $OCF_RESKEY_ip != *:* && $(on 1 ip -o address show dev lo) != *" $OCF_RESKEY_ip/32 scope host"* ]]; then
    answered_once ping udp tcp
    return
  fi
  forget_neighbours
  lab_start switch "$TRAFFIC" watch-arp --interface br0 --address "$OCF_RESKEY_ip"
  answered_once ping udp tcp || return
  sleep 0.1 # what has been sent takes a moment to arrive
  run -0 lab_finish
  [[ ${lines[0]} =~ ^$OCF_RESKEY_mac\ [0-9]+$ && ${lines[1]:-bad-checksum 0} = "bad-checksum 0" ]] ||
    { echo "heard: $output"; return 1; }
}

# well: clients and monitor are content.
well() { both_versions served && both_versions helper 1 monitor 1; }

# never_twice: whoever is answered, is so once, and hears no other MAC.
never_twice() {
  run ask "$OCF_RESKEY_ip" ping --summary --wait 300
  [[ $output == *"duplicate 0"* && $output != *02:00:00:00:02:01* ]] || { echo "$output"; return 1; }
}

@test "a second port on the same switch: without an address, with one of another network, of the same, promiscuous" {
  second_port "$LAB-node1"
  node1 "link set second0 up"
  well
  node1 "address add 192.0.2.1/24 dev second0" "address add 2001:db8::1/64 dev second0 nodad"
  well
  node1 "address add 10.77.0.51/16 dev second0" "address add fd77::51/64 dev second0 nodad"
  well
  node1 "link set second0 promisc on"
  well
  # The node's own addresses are answered on all ports, as before.
  run -0 client arping -c 1 -w 2 -I lan0 "$(node_address 1)"
  [[ $output == *02:00:00:00:02:01* || $output == *02:00:00:00:00:01* ]]
  client ping -c 1 -W 2 10.77.0.51
}

@test "such a port that is there before the start, and one that moves in from another namespace" {
  both_versions helper 1 stop 1
  second_port "$LAB-node1"
  node1 "address add 10.77.0.51/16 dev second0" "link set second0 up"
  both_versions helper 1 start 1
  well
  ip -n "$LAB-switch" link del second
  second_port "$LAB-node4"
  ip -n "$LAB-node4" link set second0 netns "$LAB-node1"
  node1 "link set second0 up"
  well
}

@test "macvlans above nic: bridge, private, vepa, promiscuous; in modes that take its frames, nic is refused" {
  local mode
  for mode in bridge private vepa; do
    new "link cluster0 name above0 type macvlan mode $mode" || return 0
    node1 "link set above0 up promisc on"
    well
    node1 "link del above0"
  done
  for mode in passthru source; do
    new "link cluster0 name above0 type macvlan mode $mode"
    node1 "link set above0 up"
    refused "below macvlan above0 in mode $mode"
    node1 "link del above0"
    both_versions helper 1 start 1
    well
  done
}

# refused REASON: monitor says so, start does, and stop works.
refused() {
  monitor_says 1 "interface cluster0 is $1"
  helper 1 stop 1
  run -5 helper 1 start 1
  [[ $output == *"nic: cluster0 is $1"* ]] || { echo "$output"; return 1; }
  run -7 helper 1 monitor 1
}

@test "nic is a macvlan: what its lower interface and another macvlan receive is nobody's" {
  both_versions helper 1 stop 1
  new "link cluster0 name above0 type macvlan mode bridge" || return 0
  new "link cluster0 name above1 type macvlan mode bridge"
  node1 "link set above0 up" "link set above1 up promisc on"
  OCF_RESKEY_nic=above0 both_versions helper 1 start 1
  OCF_RESKEY_nic=above0 well
  OCF_RESKEY_nic=above0 both_versions helper 1 stop 1
  node1 "link del above0" "link del above1"
}

@test "nic becomes a port of a bridge: never twice, monitor says so, start refuses, and stop works" {
  node1 "link add br1 type bridge" "link set br1 up" "link set cluster0 master br1"
  never_twice
  node1 "address flush dev cluster0 scope global" "address add $(node_address 1)/16 dev br1"
  never_twice
  refused "a port of bridge br1"
  # On what it is a port of, it is served.
  OCF_RESKEY_nic=br1 helper 1 start 1
  OCF_RESKEY_nic=br1 served
  OCF_RESKEY_nic=br1 helper 1 monitor 1
  OCF_RESKEY_nic=br1 helper 1 stop 1
  node1 "link del br1" "address add $(node_address 1)/16 brd + dev cluster0"
}

@test "what somebody opens is told and closed again, without a packet lost; later interfaces are closed" {
  second_port "$LAB-node1"
  node1 "link set second0 up"
  local place
  for place in second0 default; do
    sets "ipv4/conf/$place/$guard" 0
    monitor_says 1 "would answer, too: $guard is off there"
    helper 1 start 1
    helper 1 monitor 1
    sets "ipv4/conf/$place/arp_ignore" 0
    monitor_says 1 "would answer ARP with its own MAC: arp_ignore is 0 there"
    run -0 helper 1 start 1 --dry-run
    [[ $output == *"keep every interface but cluster0 from answering"* && $output != *"cluster rule"* ]]
    helper 1 start 1
    well
  done
}

@test "after the last stop all settings are as they were, whichever address goes first" {
  both_versions helper 1 stop 1
  second_port "$LAB-node1"
  sets "ipv4/conf/second0/$guard" 1
  sets "ipv4/conf/lo/arp_ignore" 3
  local before
  before=$(settings)
  both_versions helper 1 start 1
  OCF_RESKEY_ip=$VIP2 helper 1 start 1
  [ "$(reads "ipv4/conf/default/$guard")" != 0 ]
  helper 1 stop 1
  OCF_RESKEY_ip=$VIP2 helper 1 monitor 1
  node1 "link add later0 type veth peer name later1"
  both_versions helper 1 stop 1
  OCF_RESKEY_ip=$VIP2 helper 1 stop 1
  [ "$(reads "ipv4/conf/later0/$guard") $(reads ipv4/conf/later0/arp_ignore)" = "0 0" ]
  node1 "link del later0"
  diff <(echo "$before") <(settings)
  sets ipv4/conf/lo/arp_ignore 0
}

settings() { on 1 sh -c "cd /proc/sys/net && grep . ipv[46]/conf/*/$guard ipv4/conf/*/arp_ignore"; }

@test "where a setting cannot be written, start says which, unless it is right already; stop works" {
  helper 1 stop 1
  local read_only='mount -o remount,ro,bind /proc/sys /proc/sys 2>/dev/null || { mount --bind /proc/sys /proc/sys && mount -o remount,ro,bind /proc/sys; }'
  if [ "$BACKEND" = ebpf ]; then
    helper_options
    run -1 on 1 unshare --mount sh -c "$read_only; exec \"\$@\"" sh loadshare start --bucket 1 "${OPTIONS[@]}"
    [[ $output == *"write "*"/proc/sys/net/ipv4/conf/"*"Read-only file system"* ]] || { echo "$output"; return 1; }
    helper 1 stop 1
  fi
  helper 1 start 1
  helper_options
  on 1 unshare --mount sh -c "$read_only; exec \"\$@\"" sh loadshare start --bucket 2 "${OPTIONS[@]}"
  helper 1 stop 2
  on 1 unshare --mount sh -c "$read_only; exec \"\$@\"" sh loadshare stop --bucket 1 "${OPTIONS[@]}"
  run -7 helper 1 monitor 1
}

@test "route_localnet undoes arp_ignore=3: start refuses, and says what to do" {
  helper 1 stop 1
  second_port "$LAB-node1"
  sets ipv4/conf/all/route_localnet 1
  run -1 helper 1 start 1
  [[ $output == *"would answer ARP with its own MAC: route_localnet is on"* ]] || { echo "$output"; return 1; }
  sets ipv4/conf/all/route_localnet 0
  helper 1 start 1
  well
}

@test "two addresses on two ports of one switch: each is answered on its own" {
  second_port "$LAB-node1"
  node1 "link set second0 up"
  of_the_other helper 1 start 1
  well
  of_the_other served
  of_the_other helper 1 monitor 1
  of_the_other helper 1 stop 1
  well
}

# of_the_other COMMAND…: for a second address, all of node 1's.
of_the_other() {
  OCF_RESKEY_ip=$VIP2 OCF_RESKEY_mac=$VIP2_MAC OCF_RESKEY_nic=second0 OCF_RESKEY_CRM_meta_clone_max=1 "$@"
}

@test "what must stay: the node itself, its containers by a bridge and by DNAT, and forwarding" {
  local inside="ip netns exec $LAB-node4"
  node1 "link add br1 type bridge" "link set br1 up" "address add 192.0.2.1/24 dev br1" \
    "link add port0 type veth peer name inside0 netns $LAB-node4" "link set port0 master br1 up"
  printf '%s\n' "link set lo up" "address add 192.0.2.2/24 dev inside0" "link set inside0 up" \
    "route add default via 192.0.2.1" | ip -n "$LAB-node4" -batch -
  sets ipv4/ip_forward 1
  on 1 ping -c 1 -W 2 "$VIP"
  $inside ping -c 1 -W 2 "$VIP"
  $inside ping -c 1 -W 2 192.0.2.1
  client ip route add 192.0.2.0/24 via "$(node_address 1)"
  $inside ping -c 1 -W 2 10.77.255.1
  client ping -c 1 -W 2 192.0.2.2
  on 1 nft -f - <<END
table ip theirs {
  chain prerouting { type nat hook prerouting priority -100; ip daddr $VIP tcp dport 8080 dnat to 192.0.2.1:7; }
}
END
  $inside timeout 3 bash -c ": </dev/tcp/$VIP/8080"
  on 1 nft delete table ip theirs
  sets ipv4/ip_forward 0
  client ip route del 192.0.2.0/24
  node1 "link del br1"
}

@test "VLAN, VRF, bond, team, dummy and ipvlan beside, above and below nic" {
  new "link cluster0 name above0 type vlan id 7" && { node1 "link set above0 up" && well && node1 "link del above0"; }
  new "dummy0 type dummy" && { node1 "link set dummy0 up" "address add 10.77.0.52/32 dev dummy0" && well && node1 "link del dummy0"; }
  new "link cluster0 name above0 type ipvlan mode l2" && { node1 "link set above0 up promisc on" && well && node1 "link del above0"; }
  second_port "$LAB-node1"
  new "vrf0 type vrf table 7" && {
    node1 "link set vrf0 up" "link set second0 master vrf0 up" "address add 10.77.0.51/16 dev second0" && well
    node1 "link set second0 nomaster" "link del vrf0"
  }
  local kind
  for kind in "bond mode active-backup" team; do
    new "over0 type $kind" || continue
    node1 "link set second0 down" "link set second0 master over0" "link set over0 up"
    well
    node1 "link set second0 nomaster" "link del over0"
  done
  new "over0 type bond mode active-backup" || return 0
  node1 "link set cluster0 down" "link set cluster0 master over0" "link set over0 up"
  never_twice
  refused "a port of bond over0"
  node1 "address flush dev cluster0" "address add $(node_address 1)/16 brd + dev over0"
  OCF_RESKEY_nic=over0 helper 1 start 1
  OCF_RESKEY_nic=over0 served
  OCF_RESKEY_nic=over0 helper 1 stop 1
  rebuild 1 && serve_on 1
}
