#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The lab and the traffic tool judge themselves, before they judge anything else. As root:
#   TRAFFIC=BUILD/tests/tools/traffic bats tests/tools/self_check.bats
# shellcheck source-path=SCRIPTDIR

bats_require_minimum_version 1.5.0

shared=10.77.0.100
shared6=fd77::100
group_mac=03:00:5e:00:00:64

setup_file() {
  # shellcheck source=../kernel/lab.bash
  source "$BATS_TEST_DIRNAME/../kernel/lab.bash"
  lab_up 3 64
  lab_serve 7 --sctp-address $shared --sctp-address $shared6
  share_address
}

setup() { source "$BATS_TEST_DIRNAME/../kernel/lab.bash"; }

teardown_file() {
  source "$BATS_TEST_DIRNAME/../kernel/lab.bash"
  lab_down
}

# Nodes 1 and 2 hold one address; whoever sends to it reaches both, and nobody filters.
share_address() {
  local node
  for node in 1 2; do
    ip -n "$LAB-node$node" -batch - <<END
address add $shared/16 dev cluster0
address add $shared6/64 dev cluster0 nodad
END
    # TCP refuses what came as multicast, as every cluster address has to.
    on "$node" nft -f - <<'END'
table inet lab { chain to_host { type filter hook prerouting priority -300; meta pkttype set host; }; }
END
  done
  ip -n "$LAB-client" -batch - <<END
neighbour add $shared lladdr $group_mac dev lan0
neighbour add $shared6 lladdr $group_mac dev lan0
END
}

# identity ADDRESS MODE NODE-ARGUMENT…: 1980 probes, of 3 buckets with seed 7.
identity() {
  local node nodes=()
  for node in "${@:3}"; do nodes+=(--node "$LAB-node$node"); done
  "$TRAFFIC" identity --client "$LAB-client" --interface lan0 --address "$1" --mac "$group_mac" \
    --mode "$2" --total 3 --seed 7 --packets 1980 --random 1 "${nodes[@]}" 2>"$BATS_TEST_TMPDIR/complaints"
}

# Node 3 filters for bucket 1, node 1 for the others: nft's own jhash is the cluster's in IPv6.
filter_on_1_and_3() {
  ip -n "$LAB-node3" address add "$shared6/64" dev cluster0 nodad
  filter_on 3 '!= 0'
  filter_on 1 '== 0'
}

# filter_on NODE TEST: drops what is sent to the shared address where the hash passes the test.
filter_on() {
  on "$1" nft -f - <<END
table ip6 filter {
  chain in {
    type filter hook input priority 0;
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
    ip6 daddr $shared6 jhash ip6 saddr mod 3 seed 7 $2 drop
  }
}
END
}

stop_filtering() {
  ip -n "$LAB-node3" address del "$shared6/64" dev cluster0
  on 1 nft delete table ip6 filter
  on 3 nft delete table ip6 filter
}

expect_both_nodes() {
  local address
  for address in $shared $shared6; do
    run -1 ask "$address" "$1" --summary
    [ "$output" = "$(node_mac 1) 64
$(node_mac 2) 64
unanswered 0
duplicate 64" ]
  done
}

lab_come_and_go() {
  lab_up 2 1
  lab_serve 7
  lab_down
}

@test "ask sees one node behind an ordinary address, by every protocol" {
  for protocol in ping udp tcp; do
    for address in 10.77.0.2 fd77::2; do
      run -0 ask "$address" "$protocol"
      [ "${#lines[@]}" -eq 64 ]
      [ "$(awk '{ print $2 " " NF }' <<<"$output" | sort -u)" = "$(node_mac 2) 2" ]
    done
  done
}

@test "ask names the clients in order" {
  run -0 ask 10.77.0.2 ping
  [ "${lines[0]}" = "10.77.1.1 $(node_mac 2)" ]
  [ "${lines[63]}" = "10.77.1.64 $(node_mac 2)" ]
}

@test "ask sees both nodes behind a shared address that nobody filters" {
  for protocol in ping udp tcp; do expect_both_nodes "$protocol"; done
}

@test "ask sees that nobody answers" {
  run -1 ask 10.77.0.99 udp --wait 100 --clients 2
  [ "$output" = "10.77.1.1 -
10.77.1.2 -" ]
}

@test "ask sees both nodes refuse an option behind a shared address" {
  # More errors at once than 50 the kernel would not send (icmp_msgs_burst).
  LAB_CLIENTS=16 run -1 ask $shared6 ping --refused --summary
  [ "$output" = "$(node_mac 1) 16
$(node_mac 2) 16
unanswered 0
duplicate 16" ]
}

@test "a closed TCP port answers too" {
  run -0 ask 10.77.0.2 tcp --port 9 --summary
  [ "${lines[0]}" = "$(node_mac 2) 64" ]
}

@test "a fragmented datagram is one answer" {
  # 64 at once would be 896 fragments: near netdev_max_backlog, which no namespace can raise.
  for protocol in ping udp; do
    for address in 10.77.0.2 fd77::2; do
      run -0 ask "$address" "$protocol" --size 20000 --clients 16 --summary
      [ "${lines[0]}" = "$(node_mac 2) 16" ]
    done
  done
}

@test "the same source port can ask twice" {
  for _ in 1 2; do
    run -0 ask 10.77.0.2 tcp --sport 4000 --summary
    run -0 ask 10.77.0.2 udp --sport 4000 --summary
  done
}

@test "SCTP is answered from the address it serves, where the kernel has it" {
  run ask $shared sctp --clients 1
  [[ $output != *"not supported"* ]] || skip "this kernel has no SCTP"
  expect_both_nodes sctp
}

@test "TCP is greeted with the node's name and echoes" {
  run -0 client bash -c 'exec 3<>/dev/tcp/10.77.0.2/7; echo hello >&3; head -n 2 <&3'
  [ "$output" = "node2
hello" ]
}

@test "identity counts every packet of an unfiltered pair as duplicate" {
  for address in $shared $shared6; do
    run -1 identity "$address" sourceip 1:1 2:2,3
    [ "$output" = "packets 1980 accepted-right 0 missing 0 wrong-node 0 duplicate 1980" ]
  done
}

@test "identity finds every packet of a single holder right" {
  for mode in sourceip sourceip-sourceport sourceip-sourceport-destport; do
    for address in $shared $shared6; do
      run -0 identity "$address" "$mode" 1:1,2,3 3:
      [ "$output" = "packets 1980 accepted-right 1980 missing 0 wrong-node 0 duplicate 0" ]
    done
  done
}

@test "identity tells missing from wrong" {
  run -1 identity $shared sourceip 1:1,2 3:3
  [[ $output =~ ^packets\ 1980\ accepted-right\ ([0-9]+)\ missing\ 0\ wrong-node\ ([0-9]+)\ duplicate\ 0$ ]]
  [ $((BASH_REMATCH[1] + BASH_REMATCH[2])) -eq 1980 ]
  [ "${BASH_REMATCH[2]}" -gt 500 ]
  run -1 identity $shared sourceip 3:1,2,3
  [ "$output" = "packets 1980 accepted-right 0 missing 1980 wrong-node 0 duplicate 0" ]
}

@test "identity agrees with the kernel's own jhash (IPv6, by source address)" {
  filter_on_1_and_3
  run -0 identity $shared6 sourceip 1:2,3 3:1
  stop_filtering
}

@test "watch-arp sees what each node says of the shared address" {
  ip -n "$LAB-client" neighbour del $shared dev lan0
  lab_start client "$TRAFFIC" watch-arp --interface lan0 --address $shared
  client "$TRAFFIC" arp-storm --interface lan0 --address $shared --source 10.77.255.1 --rate 500 --seconds 1
  run -0 lab_finish
  ip -n "$LAB-client" neighbour replace $shared lladdr $group_mac dev lan0
  [[ ${lines[0]} =~ ^$(node_mac 1)\ (49|50)[0-9]$ ]]
  [[ ${lines[1]} =~ ^$(node_mac 2)\ (49|50)[0-9]$ ]]
}

@test "watch-arp sees neighbour advertisements and solicitations with right checksums" {
  ip -n "$LAB-client" neighbour flush dev lan0
  lab_start client "$TRAFFIC" watch-arp --interface lan0 --address fd77::3
  ask fd77::3 udp --clients 8
  run -0 lab_finish
  [[ ${lines[0]} =~ ^$(node_mac 3)\ [1-9] ]]
  [ "${lines[1]}" = "bad-checksum 0" ]
}

@test "a node is silent when its power is off, and answers after a reboot" {
  lab_power_off 3
  run -1 ask 10.77.0.3 udp --clients 4 --wait 100 --summary
  [ "${lines[0]}" = "unanswered 4" ]
  lab_node 3
  lab_serve_on 3
  run -0 ask 10.77.0.3 udp --summary
}

@test "lab_down removes a lab and nothing else" {
  LAB=$LAB-second lab_come_and_go
  run -0 ip netns list
  [[ $output != *"$LAB-second-"* ]]
  [[ $output == *"$LAB-node1"* ]]
}
