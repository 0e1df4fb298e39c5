#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Each station on a packet's way through a node, and of the answer back: where somebody closes one, no
# client is answered although all of ours is in place. Monitor and status say so, and start repairs it
# or says why it cannot.
# shellcheck source-path=SCRIPTDIR

bats_require_minimum_version 1.5.0

load lab
load cluster
load state

setup_file() {
  lab_up 2 16
  serve_on_both
}

teardown() {
  [ -z "${BATS_TEST_COMPLETED:-}" ] || return 0
  export OCF_RESKEY_ip=$VIP
  rebuild 1
  serve_on_both
}

teardown_file() { lab_down; }

serve_on_both() {
  add_other_interface 1
  helpers 1 start 1 2
  helper 2 start 3
}

# net COMMAND…: of `ip`, on node 1.
net() { printf '%s\n' "$@" | ip -n "$LAB-node1" -batch -; }

net6() { printf '%s\n' "$@" | ip -6 -n "$LAB-node1" -batch -; }

# setting KEY VALUE: of node 1's /proc/sys/net.
setting() { on 1 bash -c "echo $2 >/proc/sys/net/$1"; }

all_answered() {
  fresh_neighbours
  answered_once ping >/dev/null
}

# noticed TEXT: by monitor, and by status in the same words.
noticed() {
  monitor_says 1 "$1"
  local reason=${output#*: }
  run -1 --separate-stderr on 1 loadshare status "$OCF_RESKEY_ip"
  # shellcheck disable=SC2154 # run sets it
  [[ $output == *" fault"* && $output == *"$1"* ]] || { echo "$reason; status: $output $stderr"; return 1; }
}

# repaired TEXT: noticed, and one start is enough.
repaired() {
  noticed "$1"
  helper 1 start 1
  holds 1 1 2
}

# refused TEXT: noticed, and start says why it cannot; so does check.
refused() {
  noticed "$1"
  run -1 helper 1 start 1
  [[ $output == *"$1"* ]] || { echo "start: $output"; return 1; }
  run -1 on 1 loadshare check --ip "$OCF_RESKEY_ip" --nic cluster0 --netmask "${2:-16}"
  [[ $(tr -s ' \n' '  ' <<<"$output") == *"$1"* ]] || { echo "check: $output"; return 1; }
}

# local_route [IP_OPTION]: of the address, without "local".
local_route() { ip -n "$LAB-node1" ${1:+"$1"} route show table local type local "$OCF_RESKEY_ip"; }

@test "IPv4: the route by which the address is local is gone, and comes back with a start" {
  net "route del table local $(local_route | head -n 1)"
  [ "$(reachable | wc -l)" -lt 16 ]
  repaired "this node does not take packets to $VIP that come in on cluster0"
  all_answered
}

@test "IPv4: the rule of the table local is gone, or another is before it" {
  net "rule del pref 0"
  refused "this node does not take packets to 10.77.0."
  net "rule add pref 0 lookup local"
  holds 1 1 2
  # Of equal priority the older one comes first.
  net "rule add pref 1 lookup local" "rule del pref 0" "rule add pref 0 to $VIP blackhole"
  noticed "this node does not take packets to $VIP that come in on cluster0"
  run -1 helper 1 start 1
  [[ $output == *"started, but by its rules and routes this node does not take packets to $VIP"* ]]
  net "rule del pref 0" "rule add pref 0 lookup local" "rule del pref 1"
  holds 1 1 2
  all_answered
}

@test "IPv4: rp_filter drops clients whose way back is another" {
  net "route add 10.77.0.0/17 dev other0" "route add 10.77.128.0/17 dev other0"
  holds 1 1 # they are answered by whatever leads to them
  setting ipv4/conf/cluster0/rp_filter 1
  refused "net.ipv4.conf.cluster0.rp_filter drops what clients such as 10.77.0."
  setting ipv4/conf/cluster0/rp_filter 2
  holds 1 1
  setting ipv4/conf/cluster0/rp_filter 1
  net "route del 10.77.0.0/17" "route del 10.77.128.0/17"
  holds 1 1 2
  setting ipv4/conf/cluster0/rp_filter 0
}

@test "IPv4: no way leads back to any client; that one is banned is none of our business" {
  net "route add blackhole 10.77.0.101" "route add unreachable 10.77.0.0/24"
  holds 1 1 2
  net "route add blackhole 10.77.0.0/17" "route add prohibit 10.77.128.0/17"
  refused "there is no way back to clients such as 10.77.0."
  net "route del blackhole 10.77.0.0/17" "route del prohibit 10.77.128.0/17" \
    "route del unreachable 10.77.0.0/24" "route del blackhole 10.77.0.101"
  holds 1 1 2
  all_answered
}

@test "IPv4: each value of arp_ignore, set while the address is served" {
  local value
  for value in 1 0 2 4; do
    setting ipv4/conf/cluster0/arp_ignore "$value"
    helper 1 monitor 1 2>/dev/null || helper 1 start 1
    holds 1 1 2
    all_answered
  done
  for value in 3 8; do
    setting ipv4/conf/cluster0/arp_ignore "$value"
    refused "net.ipv4.conf.cluster0.arp_ignore is $value, there or for all: ARP requests for $VIP are not answered"
  done
  setting ipv4/conf/cluster0/arp_ignore 0
  setting ipv4/conf/all/arp_ignore 3
  refused "net.ipv4.conf.cluster0.arp_ignore is 3, there or for all"
  setting ipv4/conf/all/arp_ignore 0
  helper 1 monitor 1 2>/dev/null || helper 1 start 1
  holds 1 1 2
  all_answered
}

@test "the interface does not resolve neighbours, or takes no multicast" {
  net "link set cluster0 arp off"
  refused "cluster0 does not resolve neighbours: ip link set cluster0 arp on"
  net "link set cluster0 arp on" "link set cluster0 multicast off"
  noticed "cluster0 cannot receive Ethernet multicast"
  net "link set cluster0 multicast on"
  holds 1 1 2
  all_answered
}

# bats test_tags=ebpf
@test "IPv6: route, rule, way back, and IPv6 itself" {
  only_on ebpf
  export OCF_RESKEY_ip=$VIP6
  helpers 1 start 1 2
  helper 2 start 3
  net6 "route del table local $(local_route -6 | head -n 1)"
  repaired "this node does not take packets to $VIP6 that come in on cluster0"
  all_answered
  # Without a rule of anybody's the kernel looks at none.
  net6 "rule add pref 9 lookup main" "rule del pref 0"
  refused "this node does not take packets to fd77::" 64
  net6 "rule add pref 0 lookup local" "rule del pref 9" "route add unreachable fd77::/65" \
    "route add unreachable fd77:0:0:0:8000::/65"
  refused "there is no way back to clients such as fd77::" 64
  net6 "route del unreachable fd77::/65" "route del unreachable fd77:0:0:0:8000::/65"
  setting ipv6/conf/cluster0/disable_ipv6 1
  refused "net.ipv6.conf.cluster0.disable_ipv6 is on: cluster0 takes no IPv6" 64
  setting ipv6/conf/cluster0/disable_ipv6 0
  net "address add fe80::1/64 dev cluster0 nodad" "address add fd77::1/64 dev cluster0 nodad"
  repair 1 1 2
  all_answered
  net "link set cluster0 mtu 1000"
  refused "cluster0 takes no IPv6: its MTU is below 1280" 64
  net "link set cluster0 mtu 1500" "address add fe80::1/64 dev cluster0 nodad" \
    "address add fd77::1/64 dev cluster0 nodad"
  repair 1 1 2
  all_answered
  helpers 1 stop 1 2
  helper 2 stop 3
}

# bats test_tags=ebpf
@test "a bucket that another hand has written into the table is not adopted" {
  only_on ebpf
  run -0 decider 1 --address "$VIP" --usurp 3
  noticed "another hand than loadshare's has taken bucket 3"
  monitor_says 1 "another hand" 1 3 # it is answered here, so its probe does not say 7
  helper 1 start 1
  holds 1 1 2
  [ "$(owned 1)" = 1,2 ]
  all_answered
  run -0 decider 1 --address "$VIP" --usurp 3
  helper 1 stop 3
  holds 1 1 2
  monitor_says 7 "bucket 3 of $VIP is not held here" 1 3
  run -0 decider 1 --address "$VIP" --usurp 1
  run -1 on 1 loadshare claim "$VIP" 3
  [[ $output == *"another hand than loadshare's has taken bucket 1"* ]]
  helper 1 start 1
  holds 1 1 2
  all_answered
}

# bats test_tags=ebpf
@test "in a VRF its own tables count" {
  only_on ebpf
  ip -n "$LAB-node1" link add vrf0 type vrf table 10 2>/dev/null || skip "this kernel has no VRF"
  helpers 1 stop 1 2
  net "link set vrf0 up" "link set cluster0 master vrf0"
  helpers 1 start 1 2
  holds 1 1 2
  net "route add unreachable 10.77.0.0/17 table 10" "route add unreachable 10.77.128.0/17 table 10"
  noticed "there is no way back to clients such as 10.77.0."
  net "route del unreachable 10.77.0.0/17 table 10" "route del unreachable 10.77.128.0/17 table 10"
  net "route add unreachable 10.77.0.0/17" "route add unreachable 10.77.128.0/17"
  holds 1 1 2
  all_answered
}
