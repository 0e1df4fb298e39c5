#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# `loadshare check`: each of its lines is seen to fail or to warn, and to be content again.
# shellcheck source-path=SCRIPTDIR

bats_require_minimum_version 1.5.0

load lab
load cluster
load state

setup_file() {
  lab_up 2 1
  helper 1 start 1
  helper 1 stop 1
  export CLEAN
  CLEAN=$(trace 1)
}

setup() {
  ADDRESS=(--ip "$OCF_RESKEY_ip" --mac "$OCF_RESKEY_mac" --backend "$BACKEND")
  NIC=(--nic cluster0 --netmask 16)
}

teardown() {
  rebuild 1
  [ -n "${BATS_TEST_COMPLETED:-}" ] || rebuild 2
}

teardown_file() { lab_down; }

# check [OPTION…]: on node 1.
check() { on 1 loadshare check "${ADDRESS[@]}" "${NIC[@]}" "$@"; }

# plain: the output with each finding and its advice in one line.
plain() { sed -e ':a' -e 'N' -e '$!ba' -e 's/\n        */ /g' <<<"$output"; }

# says GRADE TEXT: the last check did; a failure ends it with 1, anything else with 0.
says() {
  # shellcheck disable=SC2154 # run sets status
  [ "$status" -eq "$([ "$1" = fail ] && echo 1 || echo 0)" ] && plain | grep -q "^  $1  *.*$2" ||
    { echo "status $status: $output"; return 1; }
}

# finds GRADE TEXT
finds() {
  run check
  says "$@"
}

# is_content: no line warns or fails.
is_content() {
  run -0 check
  ! grep -E '^  (warn|fail)' <<<"$output" || { echo "$output"; return 1; }
}

# sets KEY VALUE: a sysctl of node 1.
sets() { on 1 sysctl -q -w "net.$1=$2"; }

# as_node1 LINE…: ip commands there.
as_node1() { printf '%s\n' "$@" | ip -n "$LAB-node1" -batch -; }

@test "where all is well it says so and changes nothing" {
  local locks
  locks=$(ls /run/loadshare)
  is_content
  [[ $output == *"1 bucket of 2 answers"*"it will work here"* ]]
  expect_trace 1 "$CLEAN"
  [ "$(ls /run/loadshare)" = "$locks" ]
  [[ $(ip -br link) != *loadshare0* ]]
}

# bats test_tags=host
@test "every line fits 80 columns" {
  ip -n "$LAB-node1" addr add "$VIP/16" dev cluster0
  run -1 check
  run -0 awk 'length($0) > 82' <<<"$output" # bytes; the arrow has three
  [ -z "$output" ]
}

# bats test_tags=host
@test "without an address it looks at the machine alone" {
  ADDRESS=(--backend "$BACKEND") NIC=()
  run -0 check
  [[ $output != *cluster0* ]]
}

# bats test_tags=host
@test "an interface that does not exist" {
  NIC=(--nic nowhere0 --netmask 16)
  finds fail 'interface nowhere0 does not exist'
}

# bats test_tags=host
@test "no interface to be found" {
  NIC=()
  ADDRESS[1]=192.0.2.1
  finds fail 'nic: not given, and no interface of this node is in a network with 192.0.2.1'
}

# bats test_tags=host
@test "an interface that is down" {
  ip -n "$LAB-node1" link set cluster0 down
  finds warn 'cluster0 is down.*→ start raises it'
  ip -n "$LAB-node1" link set cluster0 up
  is_content
}

# bats test_tags=host
@test "no carrier" {
  ip -n "$LAB-switch" link set node1 down
  finds fail 'cluster0 has no carrier'
  ip -n "$LAB-switch" link set node1 up
  is_content
}

# bats test_tags=host
@test "no multicast" {
  ip -n "$LAB-node1" link set cluster0 multicast off
  finds fail 'cluster0 takes no multicast frames.*→ .*ip link set cluster0 multicast on'
  ip -n "$LAB-node1" link set cluster0 multicast on
  is_content
}

# bats test_tags=host
@test "a port of a bridge, and the bridge with IGMP snooping and a querier" {
  as_node1 "link add br1 type bridge mcast_snooping 0" "link set br1 up" \
    "link set cluster0 master br1"
  finds fail 'cluster0 is a port of bridge br1.*→ put the address on br1'
  as_node1 "addr flush dev cluster0" "addr add $(node_address 1)/16 dev br1"
  NIC=(--nic br1 --netmask 16)
  finds ok 'bridge br1 floods multicast frames'
  ip -n "$LAB-node1" link set br1 type bridge mcast_snooping 1
  finds warn 'bridge br1 has IGMP snooping: once there is a querier.*→ ip link set br1 type bridge mcast_snooping 0'
  ip -n "$LAB-node1" link set br1 type bridge mcast_querier 1
  finds fail 'bridge br1 has IGMP snooping and a querier'
}

@test "a VLAN on such a bridge" {
  as_node1 "link add br1 type bridge mcast_snooping 1" "link set br1 up" "link set cluster0 master br1"
  ip -n "$LAB-node1" link add link br1 name br1.7 type vlan id 7 2>/dev/null ||
    skip "this kernel has no VLANs"
  ip -n "$LAB-node1" link set br1.7 up
  NIC=(--nic br1.7 --netmask 16)
  finds warn 'bridge br1 has IGMP snooping'
}

@test "a bond in a mode that changes MACs or doubles packets" {
  # shellcheck disable=SC2154
  ip -n "$LAB-node1" link add bond1 type bond mode balance-alb 2>/dev/null ||
    skip "this kernel has no bonding"
  as_node1 "link set cluster0 down" "link set cluster0 master bond1" "link set bond1 up"
  finds fail 'cluster0 is a port of bond bond1'
  NIC=(--nic bond1 --netmask 16)
  finds fail 'bond bond1 is in mode balance-alb'
  as_node1 "link del bond1" "link add bond1 type bond mode broadcast" "link set cluster0 down" \
    "link set cluster0 master bond1" "link set bond1 up"
  finds warn 'bond bond1 is in mode broadcast'
}

@test "a macvlan and an ipvlan" {
  ip -n "$LAB-node1" link add link cluster0 name macvlan0 type macvlan 2>/dev/null ||
    skip "this kernel has no macvlan"
  ip -n "$LAB-node1" link set macvlan0 up
  sets ipv4.conf.cluster0.arp_ignore 1
  NIC=(--nic macvlan0 --netmask 16)
  finds warn 'macvlan0 is a macvlan'
  ip -n "$LAB-node1" link del macvlan0
  ip -n "$LAB-node1" link add link cluster0 name ipvlan0 type ipvlan 2>/dev/null ||
    skip "this kernel has no ipvlan"
  ip -n "$LAB-node1" link set ipvlan0 up
  NIC=(--nic ipvlan0 --netmask 16)
  finds fail 'ipvlan0 is an ipvlan'
}

# bats test_tags=host
@test "arp_ignore" {
  sets ipv4.conf.cluster0.arp_ignore 3
  finds fail 'arp_ignore=3.*→ set it to 0 or 1'
  sets ipv4.conf.cluster0.arp_ignore 8
  finds fail 'arp_ignore=8'
}

# bats test_tags=host
@test "arp_filter and rp_filter, also by way of all" {
  sets ipv4.conf.cluster0.arp_filter 1
  finds warn 'arp_filter=1'
  sets ipv4.conf.cluster0.arp_filter 0
  sets ipv4.conf.all.rp_filter 1
  finds warn 'rp_filter=1.*→ set it to 2'
  sets ipv4.conf.all.rp_filter 0
  is_content
}

# bats test_tags=ebpf
@test "no IPv6 on the interface" {
  only_on ebpf
  ADDRESS[1]=$VIP6 NIC=(--nic cluster0 --netmask 64)
  is_content
  sets ipv6.conf.cluster0.disable_ipv6 1
  finds fail 'disable_ipv6=1'
}

@test "CLUSTERIP where the administrator drops unicast in multicast frames" {
  only_on clusterip
  sets ipv4.conf.cluster0.drop_unicast_in_l2_multicast 1
  finds fail 'drop_unicast_in_l2_multicast is on'
  sets ipv4.conf.cluster0.drop_unicast_in_l2_multicast 0
  is_content
}

# bats test_tags=host
@test "CLUSTERIP cannot serve IPv6, and a kernel without it says so" {
  ADDRESS=(--ip "$VIP6" --backend clusterip) NIC=(--nic cluster0 --netmask 64)
  finds fail 'CLUSTERIP serves IPv4 only'
  can_use clusterip && return
  ADDRESS[1]=$VIP NIC=(--nic cluster0 --netmask 16)
  finds fail 'has no CLUSTERIP'
}

@test "the address without a rule, and with one" {
  ip -n "$LAB-node1" addr add "$VIP/32" dev lo scope host
  finds fail "$VIP/32 is on lo without a cluster rule.*→ ip address del $VIP/32 dev lo"
  ip -n "$LAB-node1" addr del "$VIP/32" dev lo
  ip -n "$LAB-node1" addr add "$VIP/16" dev cluster0
  finds fail "$VIP/16 on cluster0 is an address of this node's own"
  ip -n "$LAB-node1" addr del "$VIP/16" dev cluster0
  helpers 1 start 1 3
  finds ok "this node serves bucket 1,3 of $VIP"
}

# bats test_tags=ebpf
@test "a rule that has lost a piece" {
  only_on ebpf
  helper 1 start 1
  sets ipv4.conf.cluster0.drop_unicast_in_l2_multicast 0
  finds fail 'drop_unicast_in_l2_multicast is off.*→ stop and start the resource'
}

# bats test_tags=host
@test "a second interface in the same network" {
  add_other_interface 1
  ip -n "$LAB-node1" addr add 10.77.0.51/16 dev other0
  finds ok 'other ways in, which start keeps from answering: other1, other0'
  is_content
  helper 1 start 1
  is_content
  sets ipv4.conf.other0.drop_unicast_in_l2_multicast 0
  finds fail 'other0 would answer, too: drop_unicast_in_l2_multicast is off there.*→ stop and start'
  helper 1 start 1
  is_content
  sets ipv4.conf.all.arp_ignore 4
  finds fail 'other0 would answer ARP with its own MAC: arp_ignore is 4 there'
  sets ipv4.conf.all.arp_ignore 0
}

@test "a rule of somebody else that hashes for the address" {
  on 1 nft list ruleset >/dev/null 2>&1 || skip "this kernel has no nf_tables"
  on 1 nft -f - <<END
table ip theirs { chain INPUT { type filter hook input priority 0
  ip daddr $VIP jhash ip saddr mod 2 seed 0xdeadbeef 1 drop; }; }
END
  finds fail "a rule with a hash in chain INPUT of table theirs shares out $VIP, too"
  on 1 nft delete table ip theirs
  is_content
}

@test "xt_cluster, as newer IPaddr2 clones use it" {
  on 1 iptables-nft -A INPUT -d "$VIP" -m cluster --cluster-total-nodes 2 --cluster-local-node 1 \
    --cluster-hash-seed 1 -j ACCEPT 2>/dev/null || skip "this kernel has no xt_cluster"
  finds fail 'a rule with xt_cluster in chain INPUT of table filter'
}

# with_cib TEXT: as check, where Pacemaker's configuration is that.
with_cib() {
  on 1 unshare --mount --propagation private sh -c '
    mount -t tmpfs none /var/lib && mkdir -p /var/lib/pacemaker/cib
    echo "$0" >/var/lib/pacemaker/cib/cib.xml
    exec loadshare check "$@"' "$1" "${ADDRESS[@]}" "${NIC[@]}"
}

cib() {
  cat <<END
<cib><configuration><resources><clone id="old-clone">
  <primitive id="old-ip" class="ocf" provider="heartbeat" type="IPaddr2">
    <instance_attributes id="a"><nvpair id="b" name="ip" value="$1"/></instance_attributes>
  </primitive></clone></resources></configuration></cib>
END
}

# bats test_tags=host
@test "an IPaddr2 resource with the same address" {
  run with_cib "$(cib "$VIP")"
  says fail "resource old-ip (ocf:heartbeat:IPaddr2) holds $VIP"
  run with_cib "$(cib 10.77.0.101)"
  says ok "no IPaddr2 resource of Pacemaker holds $VIP"
  run with_cib "<cib"
  says warn 'cib.xml cannot be read'
}

# bats test_tags=host
@test "IPv4: another host has the address, the cluster's other nodes do not count" {
  ip -n "$LAB-node2" addr add "$VIP/16" dev cluster0
  finds fail "the host with MAC $(node_mac 2) uses $VIP already, at $(node_mac 2)"
  ip -n "$LAB-node2" addr del "$VIP/16" dev cluster0
  helper 2 start 2
  finds ok "the host with MAC $(node_mac 2) serves $VIP with the cluster MAC"
  ADDRESS[3]=01:00:5e:00:00:99
  finds fail "the host with MAC $(node_mac 2) tells another cluster MAC for $VIP: $VIP_MAC"
  helper 2 stop 2
}

# bats test_tags=ebpf
@test "IPv6: another host has the address, the cluster's other nodes do not count" {
  only_on ebpf
  ADDRESS[1]=$VIP6 NIC=(--nic cluster0 --netmask 64)
  ip -n "$LAB-node2" addr add "$VIP6/64" dev cluster0 nodad
  sleep 0.3
  finds fail "the host with MAC $(node_mac 2) uses $VIP6 already, at $(node_mac 2)"
  ip -n "$LAB-node2" addr del "$VIP6/64" dev cluster0
  OCF_RESKEY_ip=$VIP6 helper 2 start 2
  sleep 0.3
  finds ok "the host with MAC $(node_mac 2) serves $VIP6 with the cluster MAC"
  OCF_RESKEY_ip=$VIP6 helper 2 stop 2
}

# bats test_tags=host
@test "a capability is missing, and the trial says what it could not do" {
  run on 1 setpriv --bounding-set -net_admin loadshare check --backend "$BACKEND"
  says fail 'no CAP_NET_ADMIN'
  says fail 'Operation not permitted'
  run on 1 setpriv --bounding-set -sys_admin loadshare check --backend "$BACKEND"
  says fail 'no CAP_SYS_ADMIN'
  says fail 'make a mount namespace: Operation not permitted'
}

@test "CLUSTERIP without the legacy tables" {
  only_on clusterip
  # Loaded before, so that it is there even where no module can be loaded.
  run on 1 unshare --mount --propagation private sh -c \
    'mount -t tmpfs none /lib/modules && exec loadshare check --backend ebpf --ip '"$VIP"
  plain | grep -q '^  warn  .* has CLUSTERIP, but no legacy iptables table filter → set backend=ebpf'
  run on 1 loadshare check --backend ebpf --ip "$VIP"
  plain | grep -q '^  ok    .* has CLUSTERIP and the legacy iptables tables'
}

# bats test_tags=host
@test "bad input is one line, and nothing is checked" {
  local code words
  while read -r code words; do
    # shellcheck disable=SC2086 # a list of words
    run -"$code" on 1 loadshare check $words
    [ "${#lines[@]}" -eq 1 ] || { echo "$words: $output"; return 1; }
  done <<END
2 $VIP
2 --total 3
6 --ip nonsense
6 --ip $VIP --netmask 33
6 --ip $VIP --mac 00:11:22:33:44:55
6 --nic lo
6 --ip $VIP6 --broadcast 10.0.0.255
5 --network-namespace nowhere
END
}
