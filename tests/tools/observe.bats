#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The observer that judges every cluster test is judged here, by faults made on purpose. As root:
#   TRAFFIC=BUILD/tests/tools/traffic bats tests/tools/observe.bats
# shellcheck source-path=SCRIPTDIR

bats_require_minimum_version 1.5.0

shared=10.77.0.100
shared6=fd77::100
node1_mac=02:00:00:00:00:01

setup_file() {
  # shellcheck source=../kernel/lab.bash
  source "$BATS_TEST_DIRNAME/../kernel/lab.bash"
  lab_up 2 64
}

setup() { source "$BATS_TEST_DIRNAME/../kernel/lab.bash"; }

teardown() {
  local node
  for node in 1 2; do
    on "$node" ip address flush dev cluster0 to "$shared"
    on "$node" ip -6 address flush dev cluster0 to "$shared6"
  done
  client ip neighbour flush dev lan0 nud all
  client ip -6 neighbour flush dev lan0 nud all
}

teardown_file() {
  source "$BATS_TEST_DIRNAME/../kernel/lab.bash"
  lab_down
}

hold() { # NODE ADDRESS/PREFIX [OPTION]
  on "$1" ip address add "$2" dev cluster0 "${@:3}"
}

observe() { # ADDRESS MAC
  local first=$FIRST_CLIENT
  [[ $1 != *:* ]] || first=$FIRST_CLIENT6
  lab_start client "$TRAFFIC" observe --interface lan0 --address "$1" --mac "$2" --first "$first"
}

# A window, as a line for each word.
window() {
  kill -USR1 "$STARTED"
  sed '/^end$/q' <&"$STARTED_OUTPUT"
}

@test "one node answers all: nothing is lost, twice or foreign, in IPv4 and IPv6" {
  local address
  hold 1 $shared/16
  hold 1 $shared6/64 nodad
  for address in $shared $shared6; do
    observe "$address" $node1_mac
    sleep 0.7
    seen=$(window)
    lab_finish
    grep -E "^node $node1_mac 64 [0-9]{3,}$" <<<"$seen"
    grep -E '^announced [1-9]' <<<"$seen"
    [ "$(grep -Ec '^(lost|duplicate|torn|silent|foreign|missed) 0$' <<<"$seen")" = 6 ]
  done
}

@test "nobody answers: all is lost, and 64 clients are silent" {
  observe $shared $node1_mac
  sleep 0.7
  seen=$(window)
  lab_finish || :
  grep -x 'silent 64' <<<"$seen"
  grep -x 'answered 0' <<<"$seen"
  grep -E '^outage [0-9]{3,} 64$' <<<"$seen"
}

@test "two nodes answer: every ping is a duplicate, with both MACs, and its client is named" {
  hold 1 $shared/16
  hold 2 $shared/16
  client ip neighbour add $shared lladdr 03:00:5e:00:00:64 dev lan0
  observe $shared 03:00:5e:00:00:64
  sleep 0.7
  seen=$(window)
  lab_finish || :
  grep -E '^duplicate [0-9]{3,}$' <<<"$seen"
  grep -E '^duplicate-at [0-9]+ 10.77.1.[0-9]+ 02:00:00:00:00:0[12] 02:00:00:00:00:0[12]$' <<<"$seen"
}

@test "an ARP answer and an announcement with another MAC are both foreign" {
  hold 1 $shared/16
  observe $shared 03:00:5e:00:00:64
  sleep 0.3
  on 1 arping -q -c 1 -A -I cluster0 $shared
  sleep 0.1
  seen=$(window)
  lab_finish || :
  [ "$(sed -n 's/^foreign //p' <<<"$seen")" -ge 2 ]
  grep -E "^foreign-at [0-9]+ $node1_mac$" <<<"$seen"
}

@test "an outage is as long as it was" {
  hold 1 $shared/16
  observe $shared $node1_mac
  sleep 0.5
  window >/dev/null
  ip -n "$LAB-switch" link set node1 down
  sleep 0.8
  ip -n "$LAB-switch" link set node1 up
  sleep 0.5
  seen=$(window)
  lab_finish || :
  read -r milliseconds clients < <(sed -n 's/^outage //p' <<<"$seen")
  echo "$seen"
  [ "$milliseconds" -ge 750 ] && [ "$milliseconds" -lt 1300 ] && [ "$clients" = 64 ]
}
