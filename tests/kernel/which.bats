#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Whom `loadshare which` names is who really answers, and it answers in one line where it cannot tell.
# shellcheck source-path=SCRIPTDIR

setup_file() {
  source "$BATS_TEST_DIRNAME/packets.bash"
  packets_up 64
}

setup() {
  source "$BATS_TEST_DIRNAME/packets.bash"
  no_pacemaker
}

teardown() { release_all; }

teardown_file() {
  source "$BATS_TEST_DIRNAME/packets.bash"
  lab_down
}

# clients [PORT]: all of them, one a line.
clients() {
  local number
  for ((number = 1; number <= LAB_CLIENTS; number++)); do
    if [[ $OCF_RESKEY_ip != *:* ]]; then
      echo "10.77.1.$number${1:+:$1}"
    elif [ $# -gt 0 ]; then
      printf '[fd77::1:%x]:%d\n' "$number" "$1"
    else
      printf 'fd77::1:%x\n' "$number"
    fi
  done
}

# named [PORT]: each client and the MAC of the node that says it owns its bucket, as `who` prints it.
named() {
  local node client here mac
  for node in 1 2 3; do
    mac=$(node_mac "$node")
    while read -r client here; do
      client=${client%"${1:+:$1}"} client=${client#[} client=${client%]}
      [ "$here" = no ] || echo "$client $mac"
    done < <(clients "$@" | on "$node" loadshare which "$OCF_RESKEY_ip" --dport 7 --each |
      sed -n 's/^\([][0-9a-f.:]*[^:]\)\( (pings)\)\? \+[0-9]\+  \(yes\|no\)$/\1 \3/p')
  done
}

as_who() { diff <(who "$@" | sort) <(named "${PORT[@]}" | sort); }

# right_for_all: for the pings, the UDP datagrams and the connections of 64 clients.
right_for_all() {
  PORT=()
  as_who ping
  PORT=(4000)
  as_who udp && as_who tcp
}

# bats test_tags=host
@test "which names the node that answers each of 64 clients, in every hash mode" {
  for OCF_RESKEY_clusterip_hash in "${MODES[@]}"; do
    deal 3
    right_for_all
  done
}

# bats test_tags=host
@test "also with another seed and several buckets a node" {
  export OCF_RESKEY_clusterip_hash_seed=3735928559
  deal 7
  right_for_all
}

# bats test_tags=ebpf
@test "also for IPv6" {
  only_on ebpf
  export OCF_RESKEY_ip=$VIP6
  for OCF_RESKEY_clusterip_hash in "${MODES[@]}"; do
    deal 3
    right_for_all
  done
}

# bats test_tags=host
@test "by hand, before anything is deployed, it says the same and needs no privilege" {
  deal 3
  held=$(clients 4000 | on 1 loadshare which "$VIP" --each | awk '/:4000/ { print $1, $2 }')
  by_hand=$(clients 4000 | setpriv --bounding-set=-all --inh-caps=-all \
    loadshare which "$VIP" --total 3 --each | awk '/:4000/ { print $1, $2 }')
  [ "$(wc -l <<<"$held")" = 64 ]
  [ "$held" = "$by_hand" ]
  run -4 on 1 setpriv --bounding-set=-all --inh-caps=-all loadshare which "$VIP" 10.77.1.1
}

# bats test_tags=host
@test "JSON and text agree" {
  deal 3
  run -0 on 1 loadshare which "$VIP" 10.77.1.1:4000 10.77.1.2:4000 --json
  [ "$(grep -c '"here": ' <<<"$output")" = 5 ] # two clients, three buckets
  bucket=$(awk '/"port": 4000/ { seen = 1 } seen && /"bucket"/ { print $2; exit }' <<<"${output//,/}")
  run -0 on 1 loadshare which "$VIP" 10.77.1.1:4000
  [[ ${lines[2]} =~ ^10.77.1.1:4000\ +"$bucket"\ +(yes|no)$ ]]
}

# bats test_tags=host
@test "an address that is not held here, and what to do then" {
  run -7 on 1 loadshare which "$VIP" 10.77.1.1
  [[ ${#lines[@]} -eq 1 && $output == "$VIP is not held here: "*--total* ]]
}

# bats test_tags=host
@test "bad input is named in one line" {
  one_line 6 "is no client" which "$VIP" --total 3 10.77.1
  one_line 6 "is no client" which "$VIP" --total 3 $'10.77.1.1\e[2J\n'
  one_line 6 "is IPv6" which "$VIP" --total 3 fd77::1
  one_line 6 "/16 at most" which "$VIP" --total 3 10.0.0.0/8
  one_line 6 "neither an IPv4" which cluster.example --total 3 10.77.1.1
  one_line 6 "--total" which "$VIP" --total 0 10.77.1.1
  one_line 2 "--total" which "$VIP" --hash sourceip 10.77.1.1
  one_line 2 "--total" which "$VIP" --nodes 3 10.77.1.1
  one_line 6 "from 2 to 64" which "$VIP" --total 3 --nodes 65 10.77.1.1
  one_line 2 "--dport" which "$VIP" --total 3 --hash sourceip-sourceport-destport 10.77.1.1
  one_line 6 "--dport" which "$VIP" --total 3 --dport 65536 10.77.1.1
  one_line 2 "usage: loadshare which ADDRESS" which
}

# one_line CODE TEXT WORD…
one_line() {
  run -"$1" loadshare "${@:3}" </dev/null
  # shellcheck disable=SC2154 # run sets them
  [[ ${#lines[@]} -eq 1 && $output == *"$2"* ]] || { echo "$output"; return 1; }
}

# bats test_tags=host
@test "hostile standard input ends in one line, too" {
  one_line 2 "no client was given" which "$VIP" --total 3
  piped 6 "line 65537: " 'yes 10.77.1.1'
  piped 6 "line 1: " 'cat /dev/zero'
  piped 6 "too many lines" 'yes ""'
  piped 6 "line 3: " 'printf "10.77.1.1\n10.77.1.2:80\r\n\033]0;x\007\n"'
  piped 0 "" 'printf "\n 10.77.1.1 \r\n\n"'
}

# piped CODE TEXT SCRIPT: what it prints is the clients.
piped() {
  # shellcheck disable=SC2016 # the shell inside expands it
  run bash -c "$3"' | loadshare which '"$VIP"' --total 3; exit ${PIPESTATUS[1]}'
  # shellcheck disable=SC2154
  [[ $status -eq $1 && ($1 -eq 0 || ${#lines[@]} -eq 1) && $output == *"$2"* ]] || { echo "$output"; return 1; }
  [[ $output != *$'\e'* && $output != *$'\a'* ]]
}
