#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# loadshare status: what the kernel holds, with no configuration at hand.
# shellcheck source-path=SCRIPTDIR

bats_require_minimum_version 1.5.0

load lab
load cluster
load state

setup_file() {
  lab_up 2 32
  lab_serve
}

teardown() {
  [ -z "${BATS_TEST_COMPLETED:-}" ] || return 0
  rebuild 1
}

teardown_file() { lab_down; }

# status_says CODE TEXT [WORD…]: of node 1.
status_says() {
  run -"$1" --separate-stderr on 1 loadshare status "${@:3}"
  # shellcheck disable=SC2154 # run sets it
  [[ $output == *"$2"* ]] || { echo "status: $output $stderr"; return 1; }
}

# json FILTER: of node 1, by python, which is there for the tests of the agent's metadata anyway.
json() { on 1 loadshare status --json | python3 -c "import json, sys; print(json.load(sys.stdin)$1)"; }

@test "a node without a cluster address says so, with status 7" {
  run -7 on 1 loadshare status
  [[ $output == *"no cluster address is held on this node"* ]]
  run -7 on 1 loadshare status "$VIP"
  [[ $output == *"$VIP is not held on this node"* ]]
}

@test "address, interface, MAC, hash mode, seed, total and buckets are those of the start" {
  helper 1 start 1 --seed 77
  helper 1 start 3 --seed 77
  status_says 0 "$VIP on cluster0 with $BACKEND: healthy"
  [[ ${lines[1]} == *" held on "*" lo" && ${lines[2]} == *" $VIP_MAC" ]]
  [[ ${lines[3]} == *" sourceip-sourceport, seed 77" && ${lines[4]} == *" 1 3 of 3" ]]
  [ "$(json '["addresses"][0]["buckets"][1]["bucket"]')" = 3 ]
  helper 1 stop 1
  helper 1 stop 3
}

@test "every packet of the clients is counted, by bucket where the backend can" {
  helper 1 start 1
  run ask "$VIP" ping --wait 300 --summary
  if [ "$BACKEND" = clusterip ]; then
    [ "$(json '["addresses"][0]["packets"]["seen"]')" -ge 32 ]
  else
    local accepted dropped
    accepted=$(json '["addresses"][0]["buckets"][0]["accepted"]')
    dropped=$(json '["addresses"][0]["packets"]["dropped"]')
    [ "$accepted" -gt 0 ] && [ "$dropped" -gt 0 ] && [ $((accepted + dropped)) -eq 32 ]
  fi
  helper 1 stop 1
}

@test "every fault that monitor would find is listed, with status 1" {
  helper 1 start 1
  ip -n "$LAB-node1" address del "$VIP/32" dev lo
  ip -n "$LAB-node1" address add "$VIP/16" dev cluster0
  status_says 1 "! $VIP/16 on cluster0 is where IPaddr2 and earlier versions have it: start moves it to lo"
  ip -n "$LAB-node1" address add "$VIP/16" dev lo
  status_says 1 "2 faults"
  status_says 1 "! $VIP is also there as /16 on lo"
  [ "$(json '["addresses"][0]["healthy"]')" = False ]
  helper 1 stop 1
}

# bats test_tags=ebpf
@test "an address that has lost its program is still shown" {
  only_on ebpf
  helper 1 start 1
  take_program_away 1
  status_says 1 "! $VIP is on lo without a working cluster rule"
  helper 1 stop 1
}

# bats test_tags=ebpf
@test "IPv4 and IPv6 are shown side by side, and either alone, however it is spelt" {
  only_on ebpf
  helper 1 start 1
  OCF_RESKEY_ip=$VIP6 helper 1 start 2
  status_says 0 "$VIP6 on cluster0 with ebpf: healthy"
  status_says 0 "$VIP6 " FD77:0::0100
  [[ $output != *"$VIP "* ]]
  OCF_RESKEY_ip=$VIP6 helper 1 stop 2
  helper 1 stop 1
}

# bats test_tags=host
@test "what is no address is an error that names it" {
  run -6 on 1 loadshare status 10.0.0
  [[ $output == "ADDRESS: '10.0.0' is "* ]]
  run -2 on 1 loadshare status "$VIP" "$VIP"
  run -2 on 1 loadshare status --seed 3
}
