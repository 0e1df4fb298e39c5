# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A lab of network namespaces: a switch, nodes and a host full of clients. Sourced by bats files.
#
#   node1 cluster0 ──┐
#   node2 cluster0 ──┼── switch (bridge br0) ── lan0 client
#   nodeN cluster0 ──┘
#
# Node N:  02:00:00:00:00:0N  10.77.0.N/16    fd77::N/64
# client:  02:00:00:00:0c:01  10.77.255.1/16  fd77::ffff:1/64
#          and as clients 10.77.1.1 … and fd77::1:1 …, consecutive
#
# The kernel is the only state: whoever knows $LAB can take the lab down. Forks are few, because they
# cost 30 times as much in an emulated guest. What runs in a lab's namespaces belongs to the lab.

: "${LAB:=ls$$}"
: "${TRAFFIC:=traffic}"
# bats runs setup_file and every test in processes of their own.
export LAB TRAFFIC LAB_NODES LAB_CLIENTS

CLIENT_MAC=02:00:00:00:0c:01
FIRST_CLIENT=10.77.1.1
FIRST_CLIENT6=fd77::1:1

# The MAC of node $1: the Ethernet source of its answers.
node_mac() { printf '02:00:00:00:00:%02x\n' "$1"; }

node_address() { echo "10.77.0.$1"; }

node_address6() { printf 'fd77::%x\n' "$1"; }

# on NODE COMMAND…: runs it in that node.
on() { ip netns exec "$LAB-node$1" "${@:2}"; }

client() { ip netns exec "$LAB-client" "$@"; }

# lab_up NODES [CLIENTS]: leaves a part behind when it fails, for lab_down.
lab_up() {
  LAB_NODES=$1 LAB_CLIENTS=${2:-64}
  local node
  {
    echo "netns add $LAB-switch"
    echo "netns add $LAB-client"
    for ((node = 1; node <= LAB_NODES; node++)); do echo "netns add $LAB-node$node"; done
  } | ip -batch - || return
  {
    # Snooping would need a querier; without one it changes nothing, with one it stops the cluster.
    echo "link add br0 type bridge mcast_snooping 0 stp_state 0"
    echo "link set br0 addrgenmode none"
    echo "link set br0 up"
    lab_cable_commands client lan0 "$CLIENT_MAC"
    for ((node = 1; node <= LAB_NODES; node++)); do
      lab_cable_commands "node$node" cluster0 "$(node_mac "$node")"
    done
  } | ip -n "$LAB-switch" -batch - || return
  lab_configure_client || return
  for ((node = 1; node <= LAB_NODES; node++)); do lab_configure_node "$node" || return; done
}

# lab_node NODE: a fresh node in the place of one that is off.
lab_node() {
  ip netns add "$LAB-node$1" &&
    lab_cable_commands "node$1" cluster0 "$(node_mac "$1")" | ip -n "$LAB-switch" -batch - &&
    lab_configure_node "$1"
}

# lab_power_off NODE: nobody hears from it any more, not even a farewell.
lab_power_off() {
  # With its end of the cable the other end goes too, at once; a namespace's end is cleaned up later.
  ip -n "$LAB-switch" link set "node$1" down && ip -n "$LAB-switch" link del "node$1"
  lab_remove_namespaces "$LAB-node$1"
}

# Removes everything of this lab, however much of it there is.
lab_down() {
  local path names=()
  for path in /run/netns/"$LAB"-{switch,client} /run/netns/"$LAB"-node[0-9]*; do
    [ -e "$path" ] && names+=("${path##*/}")
  done
  [ ${#names[@]} -eq 0 ] || lab_remove_namespaces "${names[@]}"
}

# lab_serve [PORT [OPTION…]]: every node answers with its name, until it is powered off. SCTP needs
# the option --sctp-address with each cluster address.
lab_serve() {
  local node
  for ((node = 1; node <= LAB_NODES; node++)); do lab_serve_on "$node" "$@" || return; done
}

# lab_serve_on NODE [PORT [OPTION…]]: returns once it answers.
lab_serve_on() {
  lab_start "node$1" "$TRAFFIC" serve "node$1" "${2:-7}" "${@:3}"
}

# lab_start NAMESPACE COMMAND…: a traffic command in the background, which has said "ready" when this
# returns. Its process number is in STARTED, what it prints later can be read from $STARTED_OUTPUT.
lab_start() {
  local said
  # bats waits for whoever holds its descriptor 3.
  exec {STARTED_OUTPUT}< <(exec ip netns exec "$LAB-$1" "${@:2}" 3>&-)
  STARTED=$!
  read -r -t 20 -u "$STARTED_OUTPUT" said && [ "$said" = ready ] && return
  echo "no \"ready\" from: ${*:2}" >&2
  return 1
}

# lab_finish: ends what lab_start started last and prints the rest of its output.
lab_finish() {
  kill "$STARTED" && cat <&"$STARTED_OUTPUT"
  exec {STARTED_OUTPUT}<&-
}

# ask ADDRESS PROTOCOL [OPTION…]: all clients ask ADDRESS (port 7); see `traffic ask --help`.
ask() {
  local first=$FIRST_CLIENT
  [[ $1 == *:* ]] && first=$FIRST_CLIENT6
  client "$TRAFFIC" ask --interface lan0 --first "$first" --clients "$LAB_CLIENTS" \
    --address "$1" --port 7 --protocol "$2" "${@:3}"
}

# in_emulation: whether computing is ten times as slow here (tests/vm/run).
in_emulation() { [ "$(uname -n)" = loadshare-vm ]; }

# ---- The rest is the lab's own

# lab_cable_commands HOST INTERFACE MAC: from a port of the switch, named after the host, to there.
lab_cable_commands() {
  echo "link add $1 type veth peer name $2 address $3 netns $LAB-$1"
  echo "link set $1 addrgenmode none"
  echo "link set $1 master br0 up"
}

lab_configure_node() {
  lab_configure "node$1" cluster0 "fe80::$1" <<END
address add $(node_address "$1")/16 brd + dev cluster0
address add $(node_address6 "$1")/64 dev cluster0 nodad
END
}

lab_configure_client() {
  local octet number
  {
    echo "address add 10.77.255.1/16 brd + dev lan0"
    echo "address add fd77::ffff:1/64 dev lan0 nodad"
    # A local route is enough for ARP to be answered and for sockets to be bound.
    for ((octet = 1; octet <= 1 + LAB_CLIENTS / 256; octet++)); do
      echo "route add local 10.77.$octet.0/24 dev lo"
    done
    # In IPv6 it is not: neighbour discovery answers for addresses alone.
    for ((number = 1; number <= LAB_CLIENTS; number++)); do
      printf 'address add fd77::1:%x/64 dev lan0 nodad noprefixroute\n' "$number"
    done
  } | lab_configure client lan0 fe80::ffff
}

# lab_configure HOST INTERFACE LINK_LOCAL: brings it up, then runs the ip commands that it reads.
# The link-local address is given, because the kernel's own would be unusable for a second (DAD);
# DAD itself stays as it is, so that an agent which forgets `nodad` is found out.
lab_configure() {
  # shellcheck disable=SC2016 # the shell inside expands it
  ip netns exec "$LAB-$1" bash -c '
    interface=$1 link_local=$2
    cd /proc/sys/net || exit
    # A new namespace takes these over from the machine, which may have changed them.
    for conf in all default "$interface"; do
      echo 0 >"ipv4/conf/$conf/rp_filter"     # identity sends from sources without a route back
      echo 0 >"ipv4/conf/$conf/arp_ignore"    # the clients are addresses of lo
      echo 0 >"ipv4/conf/$conf/arp_announce"  # so that requests with the cluster address as sender occur
      echo 0 >"ipv4/conf/$conf/arp_filter"
      echo 0 >"ipv6/conf/$conf/disable_ipv6"
      echo 0 >"ipv6/conf/$conf/accept_ra"
    done
    # A second run within a second would see fewer errors than the first.
    echo 0 >ipv4/icmp_ratelimit
    echo 0 >ipv6/icmp/ratelimit
    # What 64 clients send in fragments waits for the first ARP reply.
    echo 16777216 >"ipv4/neigh/$interface/unres_qlen_bytes"
    echo 16777216 >"ipv6/neigh/$interface/unres_qlen_bytes"
    echo 33554432 >ipv4/ipfrag_high_thresh
    echo 33554432 >ipv6/ip6frag_high_thresh
    { printf "link set %s\n" "lo up" "$interface addrgenmode none" "$interface up"
      echo "address add $link_local/64 dev $interface nodad"
      cat
    } | exec ip -batch -
  ' lab_configure "$2" "$3"
}

lab_remove_namespaces() {
  local name pids=()
  for name; do mapfile -t -O ${#pids[@]} pids < <(ip netns pids "$name"); done
  [ ${#pids[@]} -eq 0 ] || kill -KILL "${pids[@]}" 2>/dev/null # one may have ended meanwhile
  printf 'netns del %s\n' "$@" | ip -force -batch -
}
