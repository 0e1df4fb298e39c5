#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What judges whether connections survive is judged here, by faults made on purpose. As root:
#   TRAFFIC=BUILD/tests/tools/traffic bats tests/tools/converse.bats
# shellcheck source-path=SCRIPTDIR

bats_require_minimum_version 1.5.0

shared=10.77.0.100
shared6=fd77::100
group_mac=03:00:5e:00:00:64

setup_file() {
  # shellcheck source=../kernel/lab.bash
  source "$BATS_TEST_DIRNAME/../kernel/lab.bash"
  lab_up 2 64
  ip -n "$LAB-client" neighbour add $shared lladdr $group_mac dev lan0
  ip -n "$LAB-client" neighbour add $shared6 lladdr $group_mac dev lan0
}

setup() {
  source "$BATS_TEST_DIRNAME/../kernel/lab.bash"
  local node
  for node in 1 2; do
    # TCP refuses what came as multicast, as every cluster address has to.
    on "$node" nft 'table inet lab { chain to_host { type filter hook prerouting priority -300; meta pkttype set host; }; }'
    lab_serve_on "$node"
    servers[node]=$STARTED
  done
}

teardown() {
  local node
  kill "$STARTED" 2>/dev/null || : # what a failed test has left would speak in the next
  for node in 1 2; do
    kill "${servers[node]}" 2>/dev/null || :
    on "$node" nft flush ruleset
    let_go "$node"
  done
}

teardown_file() {
  source "$BATS_TEST_DIRNAME/../kernel/lab.bash"
  lab_down
}

hold() { # NODE
  on "$1" ip address add $shared/16 dev cluster0
  on "$1" ip address add $shared6/64 dev cluster0 nodad
}

let_go() { # NODE
  on "$1" ip address flush dev cluster0 to $shared
  on "$1" ip -6 address flush dev cluster0 to $shared6
}

first_for() { if [[ $1 == *:* ]]; then echo "$FIRST_CLIENT6"; else echo "$FIRST_CLIENT"; fi; }

converse() { # [ADDRESS]
  lab_start client "$TRAFFIC" converse --interface lan0 --address "${1:-$shared}" --first "$(first_for "${1:-$shared}")"
}

knock() { # [ADDRESS [OPTION…]]
  lab_start client "$TRAFFIC" knock --interface lan0 --address "${1:-$shared}" --mac $group_mac \
    --first "$(first_for "${1:-$shared}")" "${@:2}"
}

# A window, as a line for each word.
window() {
  kill -USR1 "$STARTED"
  sed '/^end$/q' <&"$STARTED_OUTPUT"
}

has_line() { grep -qxE "$1" <<<"$seen" || { echo "no line \"$1\" in:" "$seen" >&2; return 1; }; }

@test "converse: 60 connections to one node go on, whole, in IPv4 and IPv6" {
  local address
  hold 1
  for address in $shared $shared6; do
    converse $address
    sleep 0.5
    seen=$(window)
    lab_finish >/dev/null
    has_line "open 60" && has_line "ended 0" && has_line "wrong 0" && has_line "torn 0"
    has_line "node node1 60" && has_line "missed 0"
  done
}

@test "converse: a server that dies resets 60, and they come back to the next" {
  hold 1
  converse
  kill "${servers[1]}"
  sleep 0.5
  seen=$(window)
  has_line "open 0" && has_line "ended 60" && has_line "opening 60"
  [ "$(grep -c "^ended-at [0-9]* 10.77.1.[0-9]* [0-9]* node1 \(reset\|closed\)" <<<"$seen")" = 60 ]
  lab_serve_on_and_keep 1
  sleep 0.7
  seen=$(window)
  has_line "open 60" && has_line "ended 0"
}

# lab_serve_on_and_keep NODE: with the conversations still to be asked.
lab_serve_on_and_keep() {
  local started=$STARTED output=$STARTED_OUTPUT
  lab_serve_on "$1"
  servers[$1]=$STARTED STARTED=$started STARTED_OUTPUT=$output
}

@test "converse: a changed byte is wrong" {
  hold 1
  # Behind 32 bytes of header; a veth never looks at the checksum.
  on 1 nft 'table ip garble { chain in { type filter hook prerouting priority 0;
    tcp dport 7 meta length 116 limit rate 20/second @th,256,8 set 0xff; }; }'
  converse
  sleep 0.5
  seen=$(window)
  has_line "wrong [1-9][0-9]*"
}

@test "converse: a silence is measured, and no end" {
  hold 1
  converse
  on 1 nft 'table ip mute { chain in { type filter hook prerouting priority 0; tcp dport 7 drop; }; }'
  sleep 0.4
  on 1 nft delete table ip mute
  sleep 1
  seen=$(window)
  has_line "silence ([4-9][0-9]{2}|1[0-9]{3}) 60" && has_line "ended 0" && has_line "wrong 0"
}

@test "converse and knock: two nodes that speak at once are seen" {
  hold 1
  converse
  hold 2
  sleep 0.3
  seen=$(window)
  [ "$(sed -n 's/^ended //p' <<<"$seen")" -ge 60 ] # for a node resets what it does not know
  lab_finish >/dev/null
  converse_anyhow
  sleep 0.5
  seen=$(window)
  has_line "torn [1-9][0-9]*"
  lab_finish >/dev/null
  knock
  sleep 0.5
  seen=$(window)
  lab_finish >/dev/null
  has_line "duplicate [1-9][0-9]*"
}

# Never ready, as no connection lasts.
converse_anyhow() {
  exec {STARTED_OUTPUT}< <(exec ip netns exec "$LAB-client" "$TRAFFIC" converse --interface lan0 --address $shared \
    --first "$FIRST_CLIENT" 3>&-)
  STARTED=$!
}

@test "knock: who has a bucket, and when another has taken it" {
  local address began ended
  hold 1
  for address in $shared $shared6; do
    knock $address
    sleep 0.5
    seen=$(window)
    [ "$(grep -cx "holder [1-6] $(node_mac 1)" <<<"$seen")" = 6 ]
    has_line "lost 0" && has_line "duplicate 0" && has_line "missed 0"
    let_go 1
    sleep 0.3
    began=${EPOCHREALTIME/./}
    hold 2
    ended=${EPOCHREALTIME/./}
    sleep 0.5
    seen=$(window)
    lab_finish >/dev/null
    has_line "lost [1-9][0-9]*" && has_line "duplicate 0"
    [ "$(awk -v from=$((began - 10000)) -v to=$((ended + 100000)) -v mac="$(node_mac 2)" \
      '$1 == "taken" && $3 == mac && $4 >= from && $4 <= to && $5 > 250000 && $6 < to' <<<"$seen" | wc -l)" = 6 ]
    let_go 2
    hold 1
  done
}

@test "knock: an ACK of no connection is reset" {
  local address
  hold 1
  for address in $shared $shared6; do
    knock $address --acknowledge
    sleep 0.5
    seen=$(window)
    lab_finish >/dev/null
    [ "$(grep -cx "holder [1-6] $(node_mac 1)" <<<"$seen")" = 6 ]
    has_line "lost 0" && has_line "duplicate 0"
  done
}
