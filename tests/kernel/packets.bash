# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What the tests with many clients share: dealing out buckets, asking, judging. Sourced by bats files.

bats_require_minimum_version 1.5.0
# shellcheck source=tests/kernel/lab.bash
source "$BATS_TEST_DIRNAME/lab.bash"
# shellcheck source=tests/kernel/cluster.bash
source "$BATS_TEST_DIRNAME/cluster.bash"

MODES=(sourceip sourceip-sourceport sourceip-sourceport-destport)
VIP2=10.77.0.101
VIP2_MAC=01:00:5e:4d:00:65

# What each node holds: "ADDRESS NODE" → buckets with blanks between. The kernel knows better; this is
# what the test believes.
declare -gA HELD=()

# packets_up CLIENTS: three nodes that serve all cluster addresses of the tests.
packets_up() {
  lab_up 3 "$1" || return
  serve_on 1 && serve_on 2 && serve_on 3
}

serve_on() {
  lab_serve_on "$1" 7 --sctp-address "$VIP" --sctp-address "$VIP2" --sctp-address "$VIP6"
}

# protocols: those of this kernel, for `ask`; the last test run says aloud which one it lacks.
protocols() {
  echo "ping udp tcp"
  # shellcheck disable=SC2154 # bats: where a comment for the reader goes
  if has_sctp; then echo sctp; else echo "# Linux $(uname -r) has no SCTP: asked without" >&3; fi
}

has_sctp() {
  modprobe --quiet sctp
  grep --quiet '^SCTP ' /proc/net/protocols
}

# hold NODE BUCKET…: starts them there.
hold() {
  start "$@" || return
  HELD["$OCF_RESKEY_ip $1"]+=" ${*:2}"
}

# release NODE BUCKET…: stops them there.
release() {
  local bucket key="$OCF_RESKEY_ip $1"
  stop "$@" || return
  for bucket in "${@:2}"; do HELD[$key]=$(without "$bucket" "${HELD[$key]}"); done
}

# without BUCKET "BUCKET…"
without() {
  local bucket
  # shellcheck disable=SC2086 # a list of words
  for bucket in $2; do [ "$bucket" = "$1" ] || printf ' %s' "$bucket"; done
}

# helper COMMAND NODE BUCKET: what the agent would do, in one process instead of twenty. Where the way
# through the agent matters, use `start`, `stop` and `agent`.
helper() {
  loadshare "$1" --network-namespace "$LAB-node$2" --bucket "$3" --ip "$OCF_RESKEY_ip" \
    --nic "$OCF_RESKEY_nic" --mac "$OCF_RESKEY_mac" --hash "$OCF_RESKEY_clusterip_hash" \
    --seed "${OCF_RESKEY_clusterip_hash_seed:-0}" --backend "$OCF_RESKEY_backend" \
    --total "$OCF_RESKEY_CRM_meta_clone_max" --arp-count 1
}

# deal TOTAL: deals all buckets out to the nodes in turn, as Pacemaker would. Can be called again with
# more: what a node holds it keeps, and everything that has changed since changes there too.
deal() {
  local node pids=()
  export OCF_RESKEY_CRM_meta_clone_max=$1
  for ((node = 1; node <= LAB_NODES && node <= $1; node++)); do
    # bats waits for whoever holds its descriptor 3.
    deal_to "$node" "$1" 3>&- &
    pids+=($!)
  done
  await "${pids[@]}" || return
  for ((node = 1; node <= LAB_NODES; node++)); do note_held "$node" "$1"; done
}

# buckets_of NODE TOTAL
buckets_of() { seq -s ' ' "$1" "$LAB_NODES" "$2"; }

note_held() { HELD["$OCF_RESKEY_ip $1"]=" $(buckets_of "$1" "$2")"; }

# deal_to NODE TOTAL: starts what is not there yet, or something that is, with the present parameters.
deal_to() {
  local bucket nothing_new=1 held="${HELD["$OCF_RESKEY_ip $1"]:-} "
  for bucket in $(buckets_of "$1" "$2"); do
    [[ $held != *" $bucket "* ]] || continue
    nothing_new=
    helper start "$1" "$bucket" || return
  done
  [ -z "$nothing_new" ] || helper start "$1" "$1"
}

# deal_at_once TOTAL: like deal, with one call per node for all buckets but the first.
deal_at_once() {
  local node
  deal 3
  export OCF_RESKEY_CRM_meta_clone_max=$1
  for ((node = 1; node <= LAB_NODES; node++)); do
    helper start "$node" "$node" || return
    # shellcheck disable=SC2046 # a list of words
    on "$node" loadshare claim "$OCF_RESKEY_ip" $(buckets_of "$node" "$1") >/dev/null || return
    note_held "$node" "$1"
  done
}

# release_all: stops all that `hold` and `deal` have started.
release_all() { release_keys "${!HELD[@]}"; }

# release_all_of ADDRESS
release_all_of() {
  local key mine=()
  for key in "${!HELD[@]}"; do [[ $key != "$1 "* ]] || mine+=("$key"); done
  release_keys "${mine[@]}"
}

# release_keys "ADDRESS NODE"…: side by side.
release_keys() {
  local key pids=()
  for key; do
    release_key "$key" 3>&- &
    pids+=($!)
  done
  await "${pids[@]}" || return
  for key; do unset "HELD[$key]"; done
}

# release_key "ADDRESS NODE"
release_key() {
  local bucket node=${1#* }
  export OCF_RESKEY_ip=${1% *}
  [ -e "/run/netns/$LAB-node$node" ] || return 0
  for bucket in $(all_but_many "$node" "${HELD[$1]}"); do helper stop "$node" "$bucket" || return; done
}

# all_but_many NODE "BUCKET…": the buckets; of more than 20 only one, the others are taken away at once.
all_but_many() {
  if [ "$(wc -w <<<"$2")" -le 20 ]; then
    echo "$2"
  else
    # shellcheck disable=SC2086 # a list of words
    on "$1" loadshare release "$OCF_RESKEY_ip" $2 >/dev/null || return
    echo 1
  fi
}

# await PROCESS…: until all have ended; fails if one has failed.
await() {
  local pid status=0
  for pid; do wait "$pid" || status=$?; done
  return "$status"
}

# reboot NODE: power off, and a fresh kernel in its place.
reboot() {
  lab_power_off "$1"
  forget "$OCF_RESKEY_ip" "$1"
  lab_node "$1" && serve_on "$1"
}

# who PROTOCOL [OPTION…]: each client and who answered it. The clients' ports are the same each time.
who() { ask "$OCF_RESKEY_ip" "$1" --sport 4000 --wait 10000 "${@:2}"; }

# who_in_the_gap PROTOCOL: the same where somebody is known not to be answered; never fails.
who_in_the_gap() {
  local patience=300
  if in_emulation; then patience=1500; fi
  who "$1" --wait "$patience" || :
}

# forget ADDRESS NODE: what the test believes that a node held which is no more.
forget() { unset "HELD[$1 $2]"; }

# identity PACKETS [OPTION…]: whether each of so many random packets reaches its owner alone, and
# nobody else. CLUSTERIP never sees UDP-Lite: connection tracking takes its checksums for wrong.
# PROBE_PROTOCOLS, with commas, instead of all; PROBE_MACS, options, instead of the cluster's.
identity() {
  local node nodes=() all=tcp,udp,sctp,dccp,icmp,esp,ah,other
  [ "$BACKEND" = clusterip ] || all+=,udplite
  all=${PROBE_PROTOCOLS:-$all}
  for ((node = 1; node <= LAB_NODES; node++)); do
    local held=${HELD["$OCF_RESKEY_ip $node"]:-}
    held=${held# }
    nodes+=(--node "$LAB-node$node:${held// /,}")
  done
  # shellcheck disable=SC2086 # a list of words
  "$TRAFFIC" identity --client "$LAB-client" --interface lan0 --protocols "$all" --packets "$1" \
    --address "$OCF_RESKEY_ip" --mode "$OCF_RESKEY_clusterip_hash" \
    --total "$OCF_RESKEY_CRM_meta_clone_max" --seed "${OCF_RESKEY_clusterip_hash_seed:-0}" \
    "${nodes[@]}" "${@:2}" ${PROBE_MACS:---mac "$OCF_RESKEY_mac"}
}

# counted_in NODE accepted|dropped: packets, as status tells.
counted_in() {
  on "$1" loadshare status "$OCF_RESKEY_ip" --json |
    python3 -c "import json, sys
address = json.load(sys.stdin)['addresses'][0]
print(address['packets']['dropped'] if '$2' == 'dropped' else sum(b['accepted'] for b in address['buckets']))"
}

# forget_neighbours: the clients have to resolve every address anew.
forget_neighbours() { ip -n "$LAB-client" neighbour flush dev lan0; }
