# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A cluster of lab nodes that share one address, driven through the real agent. Sourced by bats files
# behind lab.bash.
#
# BACKEND says which backend the agent is asked for; `./dev` runs the same files once for each.
# A test changes what the cluster is like by assigning to OCF_RESKEY_… or to the variables below.

: "${BACKEND:=auto}"
REPOSITORY=$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd)
: "${LOADSHARE_BUILD:=$REPOSITORY/build/main}"
TRAFFIC=$LOADSHARE_BUILD/tests/tools/traffic
AGENT=$REPOSITORY/agent/ClusterIP
PATH=$LOADSHARE_BUILD:$PATH # the agent looks for its helper there
export BACKEND LOADSHARE_BUILD TRAFFIC PATH

VIP=10.77.0.100
VIP6=fd77::100
VIP_MAC=01:00:5e:4d:00:64

# The configuration of the clone, as Pacemaker hands it to every action of every node.
configure() {
  export OCF_ROOT=/usr/lib/ocf OCF_RESOURCE_INSTANCE=cluster-ip
  export OCF_RESKEY_ip=$VIP OCF_RESKEY_nic=cluster0 OCF_RESKEY_mac=$VIP_MAC
  export OCF_RESKEY_clusterip_hash=sourceip-sourceport OCF_RESKEY_backend=$BACKEND
  export OCF_RESKEY_arp_count=1
  export OCF_RESKEY_CRM_meta_clone_max=3 OCF_RESKEY_CRM_meta_globally_unique=true
}
configure

# agent NODE ACTION BUCKET
agent() {
  OCF_RESKEY_CRM_meta_clone=$(($3 - 1)) OCF_RESKEY_CRM_meta_interval=10000 on "$1" "$AGENT" "$2"
}

# probe NODE BUCKET: what Pacemaker asks before it starts anything.
probe() {
  OCF_RESKEY_CRM_meta_clone=$(($2 - 1)) OCF_RESKEY_CRM_meta_interval=0 on "$1" "$AGENT" monitor
}

# start NODE BUCKET…
start() {
  local bucket
  for bucket in "${@:2}"; do agent "$1" start "$bucket" || return; done
}

# stop NODE BUCKET…
stop() {
  local bucket
  for bucket in "${@:2}"; do agent "$1" stop "$bucket" || return; done
}

# answered_once: every client gets exactly one answer by each of the protocols, from $address ($VIP).
answered_once() {
  local protocol
  for protocol; do
    # Patience costs nothing where all answer, and an emulated machine can be slow.
    ask "$OCF_RESKEY_ip" "$protocol" --summary --wait 10000 || { echo "wrong: $protocol" >&2; return 1; }
  done
}

# can_use BACKEND: whether this kernel has it. CLUSTERIP's is the older one.
can_use() {
  case $1 in
    clusterip) modprobe --quiet --dry-run ipt_CLUSTERIP ;;
    ebpf) grep --quiet ' __sys_bpf$' /proc/kallsyms ;;
  esac
}

# only_on BACKEND: the rest of the test is about this backend alone. Said aloud, never silent.
only_on() {
  [ "$BACKEND" = "$1" ] || skip "about $1, this run is about $BACKEND"
}

# need_tcx: the rest of the test puts somebody else's programs there (Linux 6.6).
need_tcx() {
  client "$TRAFFIC" tcx --interface lo --return next 2>/dev/null || skip "Linux $(uname -r) has no tcx"
  client "$TRAFFIC" tcx --interface lo --remove
}

# pretend PROGRAM SCRIPT: what this test finds in the place of the program.
pretend() {
  mkdir -p "$BATS_TEST_TMPDIR/programs"
  printf '#!/bin/sh\n%s\n' "$2" >"$BATS_TEST_TMPDIR/programs/$1"
  chmod +x "$BATS_TEST_TMPDIR/programs/$1"
  [[ $PATH == "$BATS_TEST_TMPDIR/programs:"* ]] || PATH=$BATS_TEST_TMPDIR/programs:$PATH
}

# no_pacemaker: as if it were installed and not running; tests/cluster has a real one. In an emulated
# guest the real cibadmin can take longer to say that than loadshare waits for it.
no_pacemaker() { pretend cibadmin 'exit 102'; }
