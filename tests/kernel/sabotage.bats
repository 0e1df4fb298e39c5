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
nft_rules=21 # that table ip loadshare has for one address, with those for all

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

# ---- nf_tables

nft_on_1() { on 1 nft "$1"; }

# rule_of_chain CHAIN N: the handle of its Nth rule; the last is -1.
rule_of_chain() {
  local handles
  mapfile -t handles < <(on 1 nft -a list chain ip loadshare "$1" |
    sed -n '/type filter/d; /^\t\t/s/.* # handle //p')
  [ "$2" -lt 0 ] || set -- "$1" $(($2 - 1))
  echo "${handles[$2]}"
}

# delete_rule N: of all rules of the table.
delete_rule() {
  # shellcheck disable=SC2016 # the shell and the awk inside expand it
  on 1 bash -ec '
    nft -a list table ip loadshare | awk -v n="$1" "
      \$1 == \"chain\" { chain = \$2; next }
      chain && / # handle / && ++i == n { print \"delete rule ip loadshare\", chain, \"handle\", \$NF; found = 1 }
      END { exit !found }
    " | { read -r command; nft "$command"; }' delete_rule "$1"
}

# other_chain [COMMENT]: in the place of the address's own, empty.
other_chain() {
  nft_on_1 "
    delete element ip loadshare addresses { $VIP }
    flush chain ip loadshare cluster-$VIP
    delete chain ip loadshare cluster-$VIP
    add chain ip loadshare cluster-$VIP ${1:+{ comment \"$1\"; \}}
    add element ip loadshare addresses { $VIP : goto cluster-$VIP }"
}

# replace_rule N RULE: of the address's chain.
replace_rule() {
  nft_on_1 "replace rule ip loadshare cluster-$VIP handle $(rule_of_chain "cluster-$VIP" "$1") $2"
  noticed 1 "chain cluster-$VIP has other rules than it should"
}

# bats test_tags=nftables
@test "nf_tables: the ruleset is flushed or the table deleted" {
  only_on nftables
  nft_on_1 'flush ruleset'
  noticed 1 "without a working cluster rule"
  nft_on_1 'delete table ip loadshare'
  noticed 1 "without a working cluster rule"
}

# bats test_tags=nftables
@test "nf_tables: any single rule is deleted" {
  only_on nftables
  local number
  for ((number = 1; number <= nft_rules; number++)); do
    delete_rule $number
    monitor_says 1 "has other rules than it should"
    helper 1 start 1
  done
  run ! delete_rule $number # the number was right
  holds 1 1 2
  all_answered
}

# bats test_tags=nftables
@test "nf_tables: a rule is changed" {
  only_on nftables
  # A drop turned into an accept, an accept into a drop, and a hash without its byteorder step.
  replace_rule -1 accept
  replace_rule 2 drop
  replace_rule -2 'jhash ip saddr mod 3 seed 0x0 offset 1 { 1, 2 } meta pkttype set host accept'
}

# bats test_tags=nftables
@test "nf_tables: a foreign rule is put into each of our chains" {
  only_on nftables
  local chain
  for chain in prerouting defragment cluster-$VIP errors-$VIP; do
    nft_on_1 "insert rule ip loadshare $chain udp dport 53 accept"
    noticed 1 "chain $chain has other rules"
  done
}

# bats test_tags=nftables
@test "nf_tables: the ruleset is saved and loaded" {
  only_on nftables
  # Whether nft takes back all that it prints of our rules depends on its version; it loses the byteorder steps.
  # shellcheck disable=SC2016 # the shell inside expands it
  if on 1 bash -ec 'saved=$(nft list ruleset); nft -f - <<<"flush ruleset
$saved"' 2>"$BATS_TEST_TMPDIR/refused"; then
    noticed 1 "has other rules than it should"
  else
    echo "nft refuses its own listing: $(head -n 1 "$BATS_TEST_TMPDIR/refused")"
    holds 1 1 2
  fi
}

# bats test_tags=nftables
@test "nf_tables: the comment with the parameters is lost or changed" {
  only_on nftables
  other_chain
  noticed 1 "lost the comment"
  other_chain "cluster0 $VIP_MAC sourceip-sourceport seed 5 total 3"
  noticed 1 "seed 5 instead of 0"
}

# bats test_tags=nftables
@test "nf_tables: sets and maps have other elements" {
  only_on nftables
  nft_on_1 "flush set ip loadshare owned-$VIP"
  noticed 7 "bucket 1 of $VIP is not held here"
  nft_on_1 "delete element ip loadshare addresses { $VIP }"
  noticed 1 "map addresses does not send $VIP to chain cluster-$VIP"
  nft_on_1 "delete element ip loadshare addresses { $VIP }; add element ip loadshare addresses { $VIP : accept }"
  noticed 1 "map addresses does not send $VIP"
  nft_on_1 'delete element ip loadshare with-ports { udp }'
  noticed 1 "set with-ports has other elements"
  nft_on_1 'add element ip loadshare with-ports { icmp }'
  noticed 1 "set with-ports has other elements"
  nft_on_1 'add element ip loadshare icmp-errors { echo-request }'
  noticed 1 "set icmp-errors has other elements"
}

# bats test_tags=nftables
@test "nf_tables: the base chain drops by policy, is gone or sits at another hook" {
  only_on nftables
  nft_on_1 'chain ip loadshare prerouting { policy drop; }'
  noticed 1 "chain prerouting"
  nft_on_1 'flush chain ip loadshare prerouting; delete chain ip loadshare prerouting'
  noticed 1 "chain prerouting is missing"
  nft_on_1 'delete chain ip loadshare prerouting
    add chain ip loadshare prerouting { type filter hook prerouting priority 0; }
    add rule ip loadshare prerouting ip daddr vmap @addresses'
  noticed 1 "chain prerouting is missing or not at its hook"
}

# bats test_tags=nftables
@test "nf_tables: the interface has lost guard, neighbour rewriter or MAC" {
  only_on nftables
  on 1 bash -c "echo 0 >$guard"
  noticed 1 "drop_unicast_in_l2_multicast is off on cluster0"
  on 1 tc filter del dev cluster0 egress
  noticed 1 "ARP or NDP on cluster0"
  on 1 tc qdisc del dev cluster0 clsact
  noticed 1 "ARP or NDP on cluster0"
  on 1 ip maddr del "$VIP_MAC" dev cluster0
  noticed 1 "$VIP_MAC is not joined on cluster0"
}

# spoil WHAT: of the early drop.
spoil() { on 1 "$TRAFFIC" early-drop --interface cluster0 --spoil "$1"; }

# bats test_tags=nftables
@test "nf_tables: the early drop knows other things than the rules" {
  only_on nftables
  has_early_drop 1 || skip "Linux $(uname -r) has no tcx ingress"
  local what
  for what in seed total mode; do
    [ "$(spoil $what)" = "addresses 1" ]
    noticed 1 "the early drop on cluster0 has other parameters than the rules"
  done
  spoil buckets
  noticed 1 "the early drop on cluster0 drops buckets 1,2, served by this node"
}

# bats test_tags=nftables
@test "nf_tables: without the early drop the rules do its work, until the next start brings it back" {
  only_on nftables
  has_early_drop 1 || skip "Linux $(uname -r) has no tcx ingress"
  spoil detach
  [ "$(spoil nothing)" = none ]
  holds 1 1 2
  all_answered
  helper 1 stop 2
  [ "$(spoil nothing)" = none ]
  helper 1 start 2
  [ "$(spoil nothing)" = "addresses 1" ]
  holds 1 1 2
  all_answered
}

# bats test_tags=nftables
@test "nf_tables: a bucket that drains has to pass the early drop, too" {
  only_on nftables
  has_early_drop 1 || skip "Linux $(uname -r) has no tcx ingress"
  local moving=(--drain 60 --notify true)
  helper 1 start 1 "${moving[@]}"
  helper 1 stop 2 "${moving[@]}" --node a --stopping x:1 --stopping-on a --starting x:1 --starting-on b
  helper 1 monitor 1 "${moving[@]}"
  spoil buckets
  run -1 helper 1 monitor 1 "${moving[@]}"
  [[ $output == *"the early drop on cluster0 drops buckets 1,2, served by this node"* ]]
  helpers 1 start 1 2
  holds 1 1 2
  all_answered
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

@test "the address is removed, has another prefix or is on another interface" {
  addresses "del $VIP/16 dev cluster0"
  noticed 1 "$VIP/16 on cluster0 is not there"
  addresses "del $VIP/16 dev cluster0" "add $VIP/24 dev cluster0"
  noticed 1 "$VIP/16 on cluster0 is not there"
  addresses "add $VIP/16 dev other0"
  noticed 1 "$VIP is also there as /16 on other0"
  [ -z "$(ip -n "$LAB-node1" -o address show dev other0 to "$VIP")" ]
  addresses "del $VIP/16 dev cluster0" "add $VIP/16 dev other0"
  noticed 1 "$VIP/16 on cluster0 is not there"
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

# bats test_tags=nftables
@test "nf_tables: IPv6, anything in the table at ingress differs from what it should be" {
  only_on nftables
  export OCF_RESKEY_ip=$VIP6 OCF_RESKEY_cidr_netmask=64 # earlier tests have taken the network away
  local name=${VIP6//:/_} command
  for command in \
    "insert rule netdev loadshare cluster-$name udp dport 53 accept" \
    "insert rule netdev loadshare ports-$name accept" \
    "insert rule netdev loadshare ingress-cluster0 accept" \
    "flush chain netdev loadshare ingress-cluster0" \
    "flush set netdev loadshare owned-$name" \
    "add element netdev loadshare owned-$name { 2 }" \
    "delete element netdev loadshare extension-headers { 44 }" \
    "delete element netdev loadshare addresses { $VIP6 }" \
    "flush table netdev loadshare" \
    "delete table netdev loadshare" \
    "delete table ip6 loadshare"; do
    helper 1 start 1
    nft_on_1 "$command"
    monitor_says 1 "" || { echo "not noticed: $command"; return 1; }
    helper 1 stop 1
  done
}
