#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Who serves whom, as Pacemaker has it, and what it says of buckets that are taken by hand.
# shellcheck source-path=SCRIPTDIR

bats_require_minimum_version 1.5.0
source "$BATS_TEST_DIRNAME/suite.bash"

# named NODE: each client and the MAC of the node that `which`, asked there, says it is served by.
named() {
  local number client node
  while read -r client node; do
    echo "$client $(node_mac "${node#node}")"
  done < <(for ((number = 1; number <= 64; number++)); do echo "10.77.1.$number"; done |
    on "$1" loadshare which "$VIP" --each |
    sed -n 's/^\(10[0-9.]*\) (pings) *[0-9]*  [a-z]*  *\(node[0-9]\)$/\1 \2/p')
}

as_answered() { diff <(ask "$VIP" ping | sort) <(named "$1" | sort); }

@test "which names the node that answers each of 64 clients, also after a node has gone" {
  as_answered 1
  standby 1 3
  await_settled 1
  as_answered 2
  ! named 1 | grep -F "$(node_mac 3)"
}

@test "the table of nodes counts every client once" {
  run -0 on 2 loadshare which "$VIP" 10.77.1.0/24
  # shellcheck disable=SC2154 # run sets it
  [ "$(awk '$1 ~ /^node[0-9]$/ { buckets += $2; share += $4 } END { print buckets, int(share + 0.5) }' <<<"$output")" = "6 100" ]
}

@test "a claim says that Pacemaker has the bucket elsewhere, and is over when it is released" {
  local bucket
  bucket=$(on 1 loadshare which "$VIP" 10.77.1.0/24 | awk '$2 == "node2" { print $1; exit }')
  run -0 --separate-stderr on 1 loadshare claim --dry-run "$VIP" "$bucket"
  # shellcheck disable=SC2154 # run sets it
  [ "$stderr" = "warning: Pacemaker (resource cluster-ip) will not know of this
warning: Pacemaker (resource cluster-ip) has bucket $bucket on node2: unless that is here, its clients are answered twice" ]
  run -0 --separate-stderr on 1 loadshare claim "$VIP" "$bucket"
  on 1 loadshare release "$VIP" "$bucket"
  look
  everyone_once
}

@test "what is released by hand the next monitor takes back" {
  local bucket
  bucket=$(on 1 loadshare which "$VIP" 10.77.1.0/24 | awk '$2 == "node1" { print $1; exit }')
  run -0 --separate-stderr on 1 loadshare release "$VIP" "$bucket"
  [ "$stderr" = "warning: Pacemaker (resource cluster-ip) takes back at its next monitor what it has started here" ]
  await 30 holds "$bucket"
  await_settled 1
  on 1 crm_resource --cleanup >/dev/null 2>&1
  look
  everyone_once
}

holds() { on 1 loadshare which "$VIP" 10.77.1.0/24 --json | grep -A 1 "\"bucket\": $1," | grep -q '"here": true'; }
