#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# `loadshare watch` tells each packet's bucket and whether this node answers it, and disturbs nothing.
# shellcheck source-path=SCRIPTDIR

setup_file() {
  source "$BATS_TEST_DIRNAME/packets.bash"
  packets_up 64
}

setup() {
  source "$BATS_TEST_DIRNAME/packets.bash"
  source "$BATS_TEST_DIRNAME/state.bash"
  # Both have a `helper`, with its words in another order.
  helper() { loadshare_on "$2" "$1" "$3"; }
  declare -gA WATCHERS=()
}

loadshare_on() {
  local OPTIONS
  helper_options
  on "$1" loadshare "$2" --bucket "$3" "${OPTIONS[@]}"
}

teardown() {
  end_watch "${!WATCHERS[@]}"
  release_all
}

teardown_file() {
  source "$BATS_TEST_DIRNAME/packets.bash"
  lab_down
}

# log NODE: where its watch writes.
log() { echo "$BATS_TEST_TMPDIR/node$1"; }

# watch_on NODE [OPTION…]: returns once it watches.
watch_on() {
  local tries
  rm -f "$(log "$1")" # the last one's would tell too early
  (exec ip netns exec "$LAB-node$1" loadshare watch "$OCF_RESKEY_ip" "${@:2}" >"$(log "$1")" 2>&1 3>&-) &
  WATCHERS[$1]=$!
  for ((tries = 0; tries < 200; tries++)); do
    ! grep -qs Ctrl-C "$(log "$1")" || return 0
    sleep 0.05
  done
  return 1
}

watch_on_all() {
  local node
  for node in 1 2 3; do watch_on "$node" "$@" || return; done
}

# end_watch NODE…
end_watch() {
  local node
  for node; do
    [ -n "${WATCHERS[$node]:-}" ] || continue
    kill "${WATCHERS[$node]}" 2>/dev/null || :
    wait "${WATCHERS[$node]}" || return
    unset "WATCHERS[$node]"
  done
}

# told_responsible NODE: the clients for whose packets it said so, each once.
told_responsible() { awk '/ bucket [0-9]*  responsible$/ { sub(/]?:4000$/, "", $2); sub(/^\[/, "", $2); print $2 }' "$(log "$1")" | sort -u; }

# answered_by NODE: the clients that it answered, from the output of `who`.
answered_by() { awk -v mac="$(node_mac "$1")" '$2 == mac { print $1 }' "$BATS_TEST_TMPDIR/who" | sort -u; }

# agrees: each node called itself responsible for the clients that it answered, and for nobody else.
agrees() {
  local node
  for node in 1 2 3; do
    diff <(answered_by "$node") <(told_responsible "$node") || return
    [ "$(answered_by "$node" | wc -l)" -gt 0 ] || return
    # A line for each packet, whoever owns it.
    [ "$(grep -c 'bucket' "$(log "$node")")" -ge 64 ] || return
  done
}

watch_and_ask() {
  watch_on_all --rate 100000
  who "$@" >"$BATS_TEST_TMPDIR/who"
  end_watch 1 2 3
  agrees
}

in_every_mode() {
  for OCF_RESKEY_clusterip_hash in "${MODES[@]}"; do
    deal 3
    watch_and_ask "$@"
  done
}

# sum NODE WORDS: from the counts at the end.
sum() { sed -n "s/^ *\([0-9]*\)  $2\$/\1/p" "$(log "$1")"; }

# bats test_tags=host
@test "IPv4: in every mode the lines agree with who answered" { in_every_mode udp; }

# bats test_tags=ebpf
@test "IPv6: in every mode the lines agree with who answered" {
  only_on ebpf
  export OCF_RESKEY_ip=$VIP6
  in_every_mode udp
}

# bats test_tags=host
@test "fragments have the bucket of the first one" {
  deal 3
  # Few at a time: 64 clients with four fragments each.
  watch_and_ask udp --size 5000
  for node in 1 2 3; do
    [ "$(grep -c 'bucket' "$(log "$node")")" -ge 256 ]
    run -1 grep unseen "$(log "$node")"
  done
}

@test "any protocol: what the nodes call their own adds up to every packet, once" {
  deal 3
  watch_on_all --rate 0
  identity 360
  end_watch 1 2 3
  for node in 1 2 3; do [ "$(sum "$node" 'responsible')" -gt 50 ]; done
  [ $(($(sum 1 responsible) + $(sum 2 responsible) + $(sum 3 responsible))) -ge 360 ]
  [ $(($(sum 1 'not responsible') + $(sum 2 'not responsible') + $(sum 3 'not responsible'))) \
    -eq $((2 * ($(sum 1 responsible) + $(sum 2 responsible) + $(sum 3 responsible)))) ]
}

# bats test_tags=host
@test "a bucket that moves shows within two seconds" {
  deal 3
  watch_on 2
  grep -q 'this node owns 2;' "$(log 2)"
  release 2 2
  sleep 2
  grep -q -e '-- this node owns none now' "$(log 2)"
  grep -q -e 'has no cluster rule on this node any more' "$(log 2)"
  hold 2 2
  sleep 2
  grep -q -e '-- this node owns 2 now' "$(log 2)"
}

# bats test_tags=host
@test "--client and --bucket show only what they name" {
  deal 3
  watch_on 1 --client 10.77.1.0/29
  watch_on 2 --bucket 2
  watch_on 3 --client 10.77.1.5 --rate 0
  who udp >/dev/null
  end_watch 1 2 3
  [ "$(grep -c 'bucket [123]  ' "$(log 1)")" -eq 7 ]
  [ "$(grep -c 'bucket 2  responsible' "$(log 2)")" -gt 5 ]
  [ "$(grep -c 'bucket [13]  ' "$(log 2)")" -eq 0 ]
  grep -q '^1 packets in' "$(log 3)"
}

# bats test_tags=host
@test "--rate holds back lines, counts them and says so" {
  deal 3
  watch_on 1 --rate 5
  who udp >/dev/null
  sleep 1.2
  end_watch 1
  [ "$(grep -c 'bucket [123]  ' "$(log 1)")" -le 15 ]
  grep -q 'more, not shown' "$(log 1)"
  grep -q '^64 packets in' "$(log 1)"
  grep -q 'of them not shown (--rate 5)' "$(log 1)"
}

# bats test_tags=host
@test "--count, --seconds and Ctrl-C end it with the counts" {
  deal 3
  watch_on 1 --count 10
  watch_on 2 --seconds 1
  who udp >/dev/null
  wait "${WATCHERS[1]}" "${WATCHERS[2]}"
  grep -q '^10 packets in' "$(log 1)"
  grep -q '^64 packets in' "$(log 2)"
  run -0 timeout --preserve-status --signal INT 1 ip netns exec "$LAB-node1" loadshare watch "$VIP"
  [[ $output == *"0 packets in"* ]]
}

# bats test_tags=host
@test "a flood: it ends in time, and counts what it lost" {
  deal 3
  watch_on 1 --rate 5 --seconds 4
  client ping -q -f -c 4000 -w 3 "$VIP" >/dev/null || :
  SECONDS=0
  wait "${WATCHERS[1]}"
  [ "$SECONDS" -le 8 ]
  [ "$(sed -n 's/^\([0-9]*\) packets in.*/\1/p' "$(log 1)")" -gt 100 ]
}

@test "frames of a VLAN are none of the interface's" {
  deal 3
  ip -n "$LAB-client" link add link lan0 name vlan5 type vlan id 5 2>/dev/null ||
    skip "this kernel has no VLANs"
  ip -n "$LAB-client" link set vlan5 up
  ip -n "$LAB-client" neigh add "$VIP" lladdr "$VIP_MAC" dev vlan5
  watch_on 1 --rate 0
  client ping -q -c 2 -i 0.2 -W 1 -I vlan5 "$VIP" >/dev/null || :
  ip -n "$LAB-client" link del vlan5
  end_watch 1
  grep -q '^0 packets in' "$(log 1)"
}

# bats test_tags=host
@test "it leaves everything as it was, also while it runs" {
  local before
  deal 3
  before=$(trace 1)
  watch_on 1
  expect_trace 1 "$before"
  [[ $(ip -n "$LAB-node1" -d link show cluster0) == *"promiscuity 0"* ]]
  answered_once udp
  end_watch 1
  expect_trace 1 "$before"
}

# bats test_tags=host
@test "the interface goes down and up again under it" {
  deal 3
  watch_on 1 --rate 0
  ip -n "$LAB-node1" link set cluster0 down
  sleep 0.5
  ip -n "$LAB-node1" link set cluster0 up
  sleep 0.5
  who udp >/dev/null || :
  end_watch 1
  run -1 grep '^0 packets in' "$(log 1)"
}

# bats test_tags=host
@test "bad input is one line, and nothing is watched" {
  local code words
  while read -r code words; do
    # shellcheck disable=SC2086 # a list of words
    run -"$code" on 1 loadshare watch $words
    [ "${#lines[@]}" -eq 1 ] || { echo "$words: $output"; return 1; }
  done <<END
2
2 $VIP $VIP6
2 $VIP --colour
6 nonsense
6 224.0.0.1
6 $VIP --client nonsense
6 $VIP --client 10.0.0.0/33
6 $VIP --client fd00::/8
6 $VIP --bucket 0
6 $VIP --rate -1
6 $VIP --count 0
6 $VIP --seconds 1s
7 10.77.0.99
5 $VIP --network-namespace nowhere
END
}
