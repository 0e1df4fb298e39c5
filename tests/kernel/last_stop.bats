#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Asked for the address hundreds of times a second, a node never tells its own MAC, whatever starts and stops meanwhile.
# shellcheck source-path=SCRIPTDIR

bats_require_minimum_version 1.5.0

load lab
load cluster
load state

# Promised are 500 requests a second; more of them see shorter moments.
rate=5000

setup_file() { lab_up 1 1; }

teardown_file() { lab_down; }

# stormed SOURCE COMMAND…: prints "MAC COUNT" for each MAC that anybody told for the address meanwhile.
stormed() {
  local storm status=0
  lab_start client "$TRAFFIC" watch-arp --interface lan0 --address "$OCF_RESKEY_ip"
  ip netns exec "$LAB-client" "$TRAFFIC" arp-storm --interface lan0 --address "$OCF_RESKEY_ip" \
    --source "$1" --rate $rate --seconds 600 >/dev/null 3>&- &
  storm=$!
  "${@:2}" >/dev/null || status=$?
  kill "$storm"
  wait "$storm" || :
  lab_finish
  return "$status"
}

# First start, further starts, stops that are not the last, the last one.
rounds() {
  local round
  for ((round = 1; round <= $1; round++)); do
    helpers 1 start 1 2 3
    helpers 1 stop 2 1 3
  done
}

# told_alone MAC: in $lines, very often.
told_alone() {
  echo "$output"
  [[ ${lines[0]} =~ ^$1\ ([0-9]+)$ ]]
  [ "${BASH_REMATCH[1]}" -ge 10 ]
  [ "${#lines[@]}" -eq 1 ] || [ "${lines[1]}" = "bad-checksum 0" ]
}

@test "ARP requests from the first start to the last stop are answered with the cluster's MAC alone" {
  local rounds=6
  if in_emulation; then rounds=4; fi
  run -0 stormed 10.77.255.1 rounds $rounds
  told_alone "$VIP_MAC"
}

@test "a node that holds no bucket any more answers no ARP request" {
  rounds 1
  run -0 stormed 10.77.255.1 sleep 0.5
  [ -z "$output" ]
}

# bats test_tags=ebpf
@test "neighbour solicitations from the first start to the last stop likewise (IPv6)" {
  only_on ebpf
  export OCF_RESKEY_ip=$VIP6
  run -0 stormed fd77::ffff:1 rounds 6
  told_alone "$VIP_MAC"
}
