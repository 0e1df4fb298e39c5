# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The helper without the agent around it, and what a node holds, read past both. Sourced by bats files
# behind cluster.bash. An agent's call costs two seconds in an emulated guest, the helper's a fifth of it.

# bats runs this much later; the helper's options are made from the same variables as the agent's.
helper_options() {
  OPTIONS=(--ip "$OCF_RESKEY_ip" --nic "$OCF_RESKEY_nic" --mac "$OCF_RESKEY_mac"
    --hash "$OCF_RESKEY_clusterip_hash" --backend "$BACKEND" --arp-count "$OCF_RESKEY_arp_count"
    --total "$OCF_RESKEY_CRM_meta_clone_max" ${OCF_RESKEY_cidr_netmask:+--netmask "$OCF_RESKEY_cidr_netmask"})
}

# helper NODE COMMAND BUCKET [OPTION…]
helper() {
  local OPTIONS
  helper_options
  on "$1" loadshare "$2" --bucket "$3" "${OPTIONS[@]}" "${@:4}"
}

# helpers NODE COMMAND BUCKET…
helpers() {
  local bucket
  for bucket in "${@:3}"; do helper "$1" "$2" "$bucket" || return; done
}

# holds NODE BUCKET…: each of them, served.
holds() { helpers "$1" monitor "${@:2}"; }

# repair NODE BUCKET…: as Pacemaker, which stops and starts where the monitor fails.
repair() {
  local bucket
  for bucket in "${@:2}"; do
    holds "$1" "$bucket" 2>/dev/null && continue
    helper "$1" stop "$bucket" && helper "$1" start "$bucket" || return
  done
}

# trace NODE: everything on it that a cluster address changes, whoever changed it.
trace() {
  # shellcheck disable=SC2016 # the shell inside expands it
  on "$1" bash -c '
    shopt -s nullglob
    # What a stop leaves to the background has its lock.
    lock=/run/loadshare/$(stat -Lc %i /proc/self/ns/net)-ebpf.lock
    [ ! -e "$lock" ] || flock -w 10 "$lock" true
    ip -o address show
    ip -4 route show table all
    ip -6 route show table all proto 76
    grep -v " 3333" /proc/net/dev_mcast # groups of the addresses come and go later than these
    grep . /proc/sys/net/ipv[46]/conf/*/drop_unicast_in_l2_multicast /proc/sys/net/ipv4/conf/*/arp_ignore
    grep . /proc/sys/net/ipv4/conf/*/promote_secondaries
    echo CLUSTERIP: /proc/net/ipt_CLUSTERIP/*
    [ ! -s /proc/net/ip_tables_names ] || iptables-legacy-save | grep ^-A
    nft -s list ruleset # without counters
    tc qdisc show
    [ -e /sys/class/net/cluster0 ] || exit 0
    tc filter show dev cluster0 ingress
    tc filter show dev cluster0 egress
    "$TRAFFIC" tcx --interface cluster0
    "$TRAFFIC" decider --interface cluster0
  ' 2>&1
}

# expect_trace NODE TEXT: of an earlier trace.
expect_trace() { diff <(echo "$2") <(trace "$1"); }

# owned NODE [ADDRESS]: the buckets as the kernel tells them, with commas.
owned() {
  local address=${2:-$OCF_RESKEY_ip}
  case $BACKEND in
    clusterip) on "$1" cat "/proc/net/ipt_CLUSTERIP/$address" ;;
    ebpf) on "$1" "$TRAFFIC" decider --interface cluster0 --address "$address" ;;
  esac
}

# decider NODE OPTION…: see `traffic decider --help`.
decider() { on "$1" "$TRAFFIC" decider --interface cluster0 "${@:2}"; }

# take_program_away NODE: by a hand that is not ours.
take_program_away() { decider "$1" --spoil detach; }

# fresh_neighbours: the clients have to ask for every MAC again.
fresh_neighbours() {
  ip -n "$LAB-client" neigh flush dev lan0
}

# reachable: the clients whose ping anybody answers, one a line.
reachable() {
  ask "$OCF_RESKEY_ip" ping --wait 250 | awk '$2 != "-" { print $1 }'
}

# none_beyond FILE: no client but those in FILE is answered.
none_beyond() {
  fresh_neighbours
  reachable | grep -vxFf "$1" || return 0
  return 1
}

# monitor_says CODE TEXT [NODE [BUCKET]]: the monitor ends with CODE, and its reason holds TEXT.
monitor_says() {
  run -"$1" helper "${3:-1}" monitor "${4:-1}"
  # shellcheck disable=SC2154 # run sets it
  [[ $output == *"$2"* ]] || { echo "reason: $output"; return 1; }
}

# rebuild NODE: what a test that failed may have left is gone.
rebuild() {
  lab_power_off "$1"
  lab_node "$1"
}

# add_other_interface NODE: other0, which leads nowhere.
add_other_interface() {
  ip -n "$LAB-node$1" -batch - <<END
link add other0 type veth peer name other1
link set other1 up
link set other0 up
END
}
