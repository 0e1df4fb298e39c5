#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Somebody changes one thing on a node: the monitor notices and says what, stop and start repair it.
# shellcheck source-path=SCRIPTDIR

bats_require_minimum_version 1.5.0

load lab
load cluster
load state

other_mac=01:00:5e:4d:00:65
guard=/proc/sys/net/ipv4/conf/cluster0/drop_unicast_in_l2_multicast

setup_file() {
  lab_up 2 16
  add_other_interface 1
  deal_out
}

teardown() {
  [ -z "${BATS_TEST_COMPLETED:-}" ] || return 0
  rebuild 1
  add_other_interface 1
  deal_out
}

teardown_file() { lab_down; }

deal_out() {
  helpers 1 start 1 2
  helpers 2 start 3
}

# sh_on_1 COMMANDS: in node 1, with the address in $VIP.
sh_on_1() { VIP=$VIP on 1 bash -ec "$1"; }

# noticed CODE TEXT: by the monitor of bucket 1; and then repaired. Few @tests with
# several of these each, because in an emulated guest every @test costs two seconds.
noticed() {
  monitor_says "$1" "$2"
  repaired
}

# As Pacemaker does it; the monitor of bucket 1 has failed already.
repaired() {
  helper 1 stop 1
  helper 1 start 1
  repair 1 2
  holds 1 1
  all_answered
}

all_answered() {
  fresh_neighbours
  answered_once ping >/dev/null
}

# ---- CLUSTERIP

# cluster_rule WHERE CHAIN [OPTION…]: by hand, with our parameters unless OPTIONs say otherwise.
cluster_rule() {
  local interface=cluster0 mode=sourceip-sourceport mac=$VIP_MAC total=3 seed=0 table=filter option
  for option in "${@:3}"; do local "${option?}"; done
  on 1 iptables-legacy -w -t "$table" "$1" "$2" -i "$interface" -d "$VIP" -j CLUSTERIP --new \
    --hashmode "$mode" --clustermac "$mac" --total-nodes "$total" --local-node 1 --hash-init "$seed"
}

# other_cluster_rule CHAIN [OPTION…]: instead of ours, with the same buckets.
other_cluster_rule() {
  echo "another rule: $*"
  on 1 iptables-legacy -w -F INPUT
  cluster_rule -A "$@"
  on 1 bash -c "echo +2 >/proc/net/ipt_CLUSTERIP/$VIP"
}

# foreign_rule RULE: as the first one.
foreign_rule() {
  echo "foreign rule: $1"
  # shellcheck disable=SC2086 # a list of words
  on 1 iptables-legacy -w -I INPUT $1
}

# cluster_rules TABLE: how many.
cluster_rules() { on 1 iptables-legacy-save -t "$1" | grep -c CLUSTERIP; }

@test "CLUSTERIP: a rule that is missing or there twice" {
  only_on clusterip
  on 1 iptables-legacy -w -D INPUT 1
  noticed 1 "without a working cluster rule"
  cluster_rule -A INPUT
  noticed 1 "installed 2 times"
  [ "$(cluster_rules filter)" -eq 1 ]
  cluster_rule -I INPUT seed=9 # shown, but not in effect
  noticed 1 "seed 9 instead of 0"
  # The chain is flushed, and every bucket is stopped before any is started.
  on 1 iptables-legacy -w -F INPUT
  helpers 1 stop 1 2
  run ! cluster_rules filter
  helpers 1 start 1 2
  holds 1 1 2
  all_answered
}

@test "CLUSTERIP: foreign rules before ours" {
  only_on clusterip
  on 1 iptables-legacy -w -N firewall
  foreign_rule '-p icmp -j ACCEPT'
  noticed 1 "rule 1 of chain INPUT in table filter (ACCEPT) comes before"
  foreign_rule '-j firewall'
  noticed 1 "(firewall) comes before"
  foreign_rule '-p udp -j DROP'
  noticed 1 "(DROP) comes before"
}

@test "CLUSTERIP: foreign rules before ours that cannot take its packets are none of our business" {
  only_on clusterip
  foreign_rule '-d 192.0.2.1 -j DROP'
  foreign_rule '-i other0 -j DROP'
  foreign_rule '-j MARK --set-mark 1'
  holds 1 1
}

@test "CLUSTERIP: a rule with other parameters" {
  only_on clusterip
  other_cluster_rule INPUT seed=1
  noticed 1 "seed 1 instead of 0"
  other_cluster_rule INPUT total=2
  noticed 1 "total nodes 2 instead of 3"
  other_cluster_rule INPUT mac=$other_mac
  noticed 1 "MAC $other_mac instead of $VIP_MAC"
  other_cluster_rule INPUT mode=sourceip
  noticed 1 "hash mode sourceip instead of sourceip-sourceport"
  other_cluster_rule INPUT interface=other0
  noticed 1 "interface other0 instead of cluster0"
}

@test "CLUSTERIP: a rule in another chain or table" {
  only_on clusterip
  other_cluster_rule FORWARD
  noticed 1 "chain FORWARD in table filter is a cluster rule in the wrong place"
  other_cluster_rule INPUT table=mangle
  noticed 1 "chain INPUT in table mangle is a cluster rule in the wrong place"
  run ! cluster_rules mangle
}

@test "CLUSTERIP: a bucket that is given up through /proc, and a guard that starves it" {
  only_on clusterip
  on 1 bash -c "echo -1 >/proc/net/ipt_CLUSTERIP/$VIP"
  holds 1 2
  noticed 7 "bucket 1 of $VIP is not held here"
  on 1 bash -c "echo 1 >$guard"
  monitor_says 1 "drop_unicast_in_l2_multicast is on for cluster0"
  run -1 helper 1 start 1
  [[ $output == *drop_unicast_in_l2_multicast* ]]
  on 1 bash -c "echo 0 >$guard"
  holds 1 1
}

# ---- eBPF

# tcx OPTION…: somebody else's program on cluster0; see `traffic tcx --help`.
tcx() { on 1 "$TRAFFIC" tcx --interface cluster0 "$@"; }

# spoilt WHAT TEXT: of the deciding program; noticed with that reason, and repaired.
spoilt() {
  decider 1 --spoil "$1"
  noticed 1 "$2"
}

# everything_spoilt: each thing by which the program decides, of $OCF_RESKEY_ip.
everything_spoilt() {
  spoilt seed "seed 1 instead of 0"
  spoilt total "total nodes 4 instead of 3"
  spoilt mode "hash mode sourceip instead of sourceip-sourceport"
  spoilt mac "MAC $other_mac instead of $VIP_MAC"
  spoilt cells "without a working cluster rule"
  spoilt sight "the deciding program does not look for $OCF_RESKEY_ip"
  spoilt tag "the deciding program on cluster0 is not the one that was put there"
  spoilt mark "the deciding program on cluster0 is another version's"
  spoilt detach "without a working cluster rule"
}

# bats test_tags=ebpf
@test "eBPF: the program is gone or another one's, or its tables say something else" {
  only_on ebpf
  everything_spoilt
}

# bats test_tags=ebpf
@test "eBPF, IPv6: the program is gone or another one's, or its tables say something else" {
  only_on ebpf
  helpers 1 stop 1 2 # whose program it would be, too
  OCF_RESKEY_ip=$VIP6 deal_out
  OCF_RESKEY_ip=$VIP6 everything_spoilt
  OCF_RESKEY_ip=$VIP6 helpers 1 stop 1 2
  OCF_RESKEY_ip=$VIP6 helpers 2 stop 3
  helpers 1 start 1 2
}

# bats test_tags=ebpf
@test "eBPF: a bucket that somebody else gives up is not held, the node's others are" {
  only_on ebpf
  run -0 decider 1 --address "$VIP" --give-up 1
  [ "$output" = 2 ]
  holds 1 2
  noticed 7 "bucket 1 of $VIP is not held here"
}

# bats test_tags=ebpf
@test "eBPF: somebody else's program comes before ours, or is in its place" {
  only_on ebpf
  need_tcx
  local verdict
  for verdict in next pass drop; do
    tcx --return $verdict
    monitor_says 1 "the deciding program on cluster0 is not the first at its ingress: somebody_else (program "
    helper 1 stop 1
    helper 1 start 1
    holds 1 1 2
    [ $verdict = drop ] || all_answered # what comes behind ours may still drop
    [[ $(tcx) == "ingress: "*" loadshare_owner "*" somebody_else"* ]]
    tcx --remove
  done
  tcx --return pass --place instead
  noticed 1 "without a working cluster rule"
  tcx --remove
  tcx --return pass --place behind
  holds 1 1 2
  all_answered
  tcx --remove
}

# bats test_tags=ebpf
@test "eBPF: somebody else's program comes before the MAC rewriter, or is in its place" {
  only_on ebpf
  need_tcx
  local verdict
  for verdict in next pass; do
    tcx --direction egress --return $verdict
    noticed 1 "the MAC rewriter on cluster0 is not the first at its egress: somebody_else (program "
    [[ $(tcx) == *"egress: "*" loadshare_macs "*" somebody_else"* ]]
    tcx --direction egress --remove
  done
  tcx --direction egress --return pass --place instead
  noticed 1 "ARP or NDP on cluster0"
  tcx --direction egress --return pass --place behind
  holds 1 1 2
  tcx --direction egress --remove
}

# bats test_tags=ebpf
@test "eBPF: the interface has lost guard, neighbour rewriter or MAC" {
  only_on ebpf
  on 1 bash -c "echo 0 >$guard"
  noticed 1 "drop_unicast_in_l2_multicast is off on cluster0"
  tcx --direction egress --clear
  noticed 1 "ARP or NDP on cluster0"
  on 1 ip maddr del "$VIP_MAC" dev cluster0
  noticed 1 "$VIP_MAC is not joined on cluster0"
}

# bats test_tags=ebpf
@test "eBPF: both programs are taken off by hand, and another address is started before the repair" {
  only_on ebpf
  tcx --clear
  tcx --direction egress --clear
  OCF_RESKEY_ip=10.77.0.101 helper 1 start 1
  noticed 1 "without a working cluster rule"
  OCF_RESKEY_ip=10.77.0.101 helper 1 monitor 1
  OCF_RESKEY_ip=10.77.0.101 helper 1 stop 1
  holds 1 1 2
}

# ---- Both

# addresses COMMAND…: of `ip address`, on node 1.
addresses() { printf 'address %s\n' "$@" | ip -n "$LAB-node1" -batch -; }

@test "the node was started with other parameters" {
  helpers 1 stop 1 2
  helper 1 start 1 --seed 4
  noticed 1 "seed 4 instead of 0"
  local mode=$OCF_RESKEY_clusterip_hash
  OCF_RESKEY_clusterip_hash=sourceip monitor_says 1 "hash mode $mode instead of sourceip"
  OCF_RESKEY_mac=$other_mac monitor_says 1 "MAC $VIP_MAC instead of $other_mac"
  OCF_RESKEY_nic=other0 OCF_RESKEY_cidr_netmask=16 monitor_says 1 "interface cluster0 instead of other0"
}

@test "the address is removed, has another scope or is on another interface" {
  addresses "del $VIP/32 dev lo"
  noticed 1 "$VIP/32 on lo is not there"
  addresses "del $VIP/32 dev lo" "add $VIP/32 dev lo"
  noticed 1 "$VIP/32 on lo is not of scope host"
  addresses "add $VIP/24 dev cluster0"
  noticed 1 "$VIP is also there as /24 on cluster0"
  addresses "add $VIP/16 dev other0"
  noticed 1 "$VIP is also there as /16 on other0"
  [ -z "$(ip -n "$LAB-node1" -o address show dev other0 to "$VIP")" ]
  addresses "del $VIP/32 dev lo" "add $VIP/16 dev other0"
  noticed 1 "$VIP/32 on lo is not there"
}

@test "the interface is down, has no carrier or another name" {
  ip -n "$LAB-node1" link set cluster0 down
  noticed 1 "interface cluster0 is down"
  ip -n "$LAB-switch" link set node1 down
  monitor_says 1 "interface cluster0 has no carrier"
  run -1 helper 1 start 1
  [[ $output == *"no carrier"* ]]
  ip -n "$LAB-switch" link set node1 up
  ip -n "$LAB-node1" link set cluster0 down
  ip -n "$LAB-node1" link set cluster0 name renamed0
  monitor_says 1 "interface cluster0 does not exist"
  ip -n "$LAB-node1" link set renamed0 name cluster0
  ip -n "$LAB-node1" link set cluster0 up
  repair 1 1 2
  holds 1 1 2
  all_answered
}

@test "clone-max grows: the instances that stay fail, and with stop and start all converge" {
  export OCF_RESKEY_CRM_meta_clone_max=4
  helper 2 stop 3
  helpers 2 start 3 4
  monitor_says 1 "total nodes 3 instead of 4"
  repaired
  export OCF_RESKEY_CRM_meta_clone_max=3
  monitor_says 1 "total nodes 4 instead of 3" 2 3
  helper 2 stop 4
  repair 2 3
  OCF_RESKEY_CRM_meta_clone_max=4 monitor_says 7 "bucket 4" 2 4
  repaired
}
