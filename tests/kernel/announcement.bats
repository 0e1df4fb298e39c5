#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# A node that takes a bucket tells the network the cluster MAC: as often, and with such pauses, as asked.
# shellcheck source-path=SCRIPTDIR

setup_file() {
  source "$BATS_TEST_DIRNAME/packets.bash"
  packets_up 1
}

setup() { source "$BATS_TEST_DIRNAME/packets.bash"; }

teardown() { release_all; }

teardown_file() {
  source "$BATS_TEST_DIRNAME/packets.bash"
  lab_down
}

# watch: a line "MS MAC" for each message about the address.
watch() { lab_start client "$TRAFFIC" watch-arp --interface lan0 --address "$OCF_RESKEY_ip" --times; }

# heard: what has been announced so far. Sets lines, and milliseconds between the first and the last.
heard() {
  run -0 lab_finish
  output=$(grep -v bad-checksum <<<"$output" || :)
  mapfile -t lines < <(printf %s "${output:+$output$'\n'}")
  [[ ${output} != *"$(node_mac 1)"* ]]
  span=0
  [ ${#lines[@]} -eq 0 ] || span=$((${lines[-1]%% *} - ${lines[0]%% *}))
}

# announce COUNT INTERVAL BACKGROUND: bucket 1 starts on node 1; sets milliseconds that this took.
announce() {
  export OCF_RESKEY_arp_count=$1 OCF_RESKEY_arp_interval=$2 OCF_RESKEY_arp_bg=$3
  local begin=${EPOCHREALTIME/./}
  hold 1 1
  milliseconds=$(((${EPOCHREALTIME/./} - begin) / 1000))
}

announce_in_the_foreground() {
  watch
  announce 4 300 false
  heard
  [ ${#lines[@]} -eq 4 ]
  [ "${lines[0]#* }" = "$VIP_MAC" ]
  [ "$span" -ge 890 ] # 3 pauses; our clock counts whole milliseconds
  [ "$span" -lt 2000 ]
  [ "$milliseconds" -ge 890 ]
}

@test "ARP: in the foreground, start waits for the last one" { announce_in_the_foreground; }

@test "ARP: in the background, start does not wait" {
  local pause=1 # seconds, more than a start takes
  if in_emulation; then pause=4; fi
  watch
  announce 3 "${pause}000" true
  [ "$milliseconds" -lt "${pause}000" ]
  sleep "$((2 * pause)).3"
  heard
  [ ${#lines[@]} -eq 3 ]
  [ "$span" -ge $((2 * pause * 1000 - 10)) ]
  [ "$span" -lt $((3 * pause * 1000)) ]
}

@test "ARP: none for count 0" {
  watch
  announce 0 10 true
  sleep 0.3
  heard
  [ ${#lines[@]} -eq 0 ]
}

@test "ARP: each bucket that starts is announced, one that was there already is not" {
  export OCF_RESKEY_arp_count=1
  watch
  hold 1 1
  hold 1 2
  agent 1 start 1
  heard
  [ ${#lines[@]} -eq 2 ]
}

@test "ARP: announcements correct what a client has learnt wrong" {
  ip -n "$LAB-client" neighbour replace "$VIP" lladdr "$(node_mac 3)" nud stale dev lan0
  hold 1 1
  run -0 ip -n "$LAB-client" neighbour show to "$VIP"
  [[ $output == *"$VIP_MAC"* ]]
}

# bats test_tags=ebpf
@test "IPv6: in the foreground, start waits for the last one" {
  only_on ebpf
  export OCF_RESKEY_ip=$VIP6
  announce_in_the_foreground
}

# bats test_tags=ebpf
@test "IPv6: none for count 0" {
  only_on ebpf
  export OCF_RESKEY_ip=$VIP6
  watch
  announce 0 10 true
  sleep 0.3
  heard
  [ ${#lines[@]} -eq 0 ]
}

# bats test_tags=ebpf
@test "IPv6: announcements correct what a client has learnt wrong" {
  only_on ebpf
  export OCF_RESKEY_ip=$VIP6
  ip -n "$LAB-client" neighbour replace "$VIP6" lladdr "$(node_mac 3)" nud stale dev lan0
  hold 1 1
  run -0 ip -n "$LAB-client" neighbour show to "$VIP6"
  [[ $output == *"$VIP_MAC"* ]]
}
