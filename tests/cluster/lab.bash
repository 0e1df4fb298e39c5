# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A real corosync + Pacemaker cluster on the switch of tests/kernel/lab.bash. Sourced by bats files.
#
# A node is a network namespace of that lab with mount, process, host name and IPC namespaces on top,
# in which process 1 is ./node. All that it writes lies in $CLUSTER, a folder of its own.

here=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
# shellcheck source=tests/kernel/lab.bash
source "$here/../kernel/lab.bash"

REPOSITORY=$(cd "$here/../.." && pwd)
: "${LOADSHARE_BUILD:=$REPOSITORY/build/main}"
: "${BACKEND:=auto}"
: "${SLOWNESS:=1}" # how much longer everything takes here; 10 in an emulated guest
: "${POLLING:=$((SLOWNESS * 3 - 2))e-1}" # s between two questions, which cost most where it is slow
: "${CLUSTER_TOKEN:=$((1000 * SLOWNESS))}" # ms until corosync misses a silent node
TRAFFIC=$LOADSHARE_BUILD/tests/tools/traffic
export LOADSHARE_BUILD BACKEND SLOWNESS POLLING CLUSTER_TOKEN CLUSTER TRAFFIC

NODES=3
VIP=10.77.0.100
VIP_PREFIX=16
VIP_MAC=01:00:5e:4d:00:64
RESOURCE=cluster-ip

# cluster_up [CLIENTS]: returns when the nodes have elected a DC; leaves a part behind when it fails.
cluster_up() {
  local node
  # Not below /run or /dev/shm: every node covers these with its own.
  CLUSTER=$(mktemp -d "${TMPDIR:-/tmp}/loadshare-cluster.XXXXXX")
  lab_up "$NODES" "${1:-64}" || return
  write_shared_files
  for ((node = 1; node <= NODES; node++)); do
    make_disk "$node"
    start_node "$node" || return
  done
  await_members 1 2 3 || { node_says 1 2 3; return 1; }
}

# Removes everything of the cluster, however much of it there is.
cluster_down() {
  local node
  [ -n "${CLUSTER:-}" ] || return 0
  for node in "$CLUSTER"/node*/holder; do
    [ -e "$node" ] && kill -KILL "$(<"$node")" 2>/dev/null
  done
  lab_down
  rm -rf "${CLUSTER:?}"
  CLUSTER=
}

# on NODE COMMAND…: runs it there, with nothing of our own environment.
on() {
  local holder
  holder=$(<"$CLUSTER/node$1/holder") || return
  nsenter --mount --uts --ipc --net --pid="/proc/$holder/ns/pid_for_children" --target "$holder" --wd=/ \
    env -i "${node_environment[@]}" "PATH=$(node_path "$1")" "TERM=${TERM:-dumb}" "${@:2}" 3>&-
}

# power_off NODE: nobody hears from it any more, not even a farewell.
power_off() {
  lab_power_off "$1"
  rm -f "$CLUSTER/node$1/holder"
}

# power_on NODE: with an empty kernel and its old disk.
power_on() { lab_node "$1" && start_node "$1"; }

is_on() { [ -e "$CLUSTER/node$1/holder" ]; }

# Everything that the node sends or shall receive is lost.
cut_link() { ip -n "$LAB-switch" link set "node$1" down; }
heal_link() { ip -n "$LAB-switch" link set "node$1" up; }

# Only what corosync says is lost: the node goes on to answer clients.
cut_ring() {
  on "$1" nft 'table inet lab_ring { chain in { type filter hook input priority -400; udp dport 5405 drop; };
    chain out { type filter hook output priority -400; udp dport 5405 drop; }; }'
}
heal_ring() { on "$1" nft delete table inet lab_ring; }

# ---- Waiting, always bounded

# await SECONDS COMMAND…: until it succeeds. The seconds are those of a machine that is not slow.
await() {
  local end=$((SECONDS + $1 * SLOWNESS))
  while ! "${@:2}"; do
    ((SECONDS < end)) || { echo "not within $1 s: ${*:2}" >&2; return 1; }
    sleep "$POLLING"
  done
}

# await_members NODE…: until each of these sees all of these and no other online.
await_members() { await 60 each_sees "$@"; }

each_sees() {
  local node
  for node; do [ "$(online "$node")" = "$*" ] || return; done
}

# online NODE: the nodes that are full members, as that one sees it.
online() {
  local names
  names=$(cluster_xml "$1" | xmllint --xpath '//nodes/node[@online="true" and @pending="false"]/@id' - 2>/dev/null) ||
    return
  names=${names//[^0-9]/ }
  # shellcheck disable=SC2086 # words
  echo $names
}

cluster_xml() { on "$1" timeout $((20 * SLOWNESS)) crm_mon --one-shot --output-as=xml --include=none,nodes,resources 2>/dev/null; }

# await_settled NODE: until the cluster, asked there, has nothing more to do.
await_settled() { on "$1" crm_resource --wait --timeout=$((60 * SLOWNESS)) >/dev/null; }

# await_decided NODE: the same where stops may fail. Pacemaker 2.1.7 and newer would wait for ever there: for a monitor
# that was cancelled by such a stop and stays pending in the history.
await_decided() { await 60 has_decided "$1"; }

has_decided() {
  [ "$(on "$1" crm_simulate --live-check --simulate --output-as=xml | xmllint --xpath 'count(//transition/*)' -)" = 0 ]
}

# buckets NODE [ASKED]: how many buckets the cluster believes to be started there.
buckets() {
  cluster_xml "${2:-$1}" |
    xmllint --xpath "count(//clone[@id='$RESOURCE-clone']/resource[@role='Started' and @failed='false']/node[@name='node$1'])" -
}

# ---- The rest is the lab's own

node_environment=(HOME=/run/home TMPDIR=/run/tmp LC_ALL=C.UTF-8 "TRAFFIC=$TRAFFIC")

# A test may put a program of its own before the helper of this checkout.
node_path() { echo "$CLUSTER/node$1/bin:$LOADSHARE_BUILD:/usr/sbin:/usr/bin:/sbin:/bin"; }

write_shared_files() {
  echo "$LAB" >"$CLUSTER/lab"
  local node
  mkdir "$CLUSTER/corosync" "$CLUSTER/resource.d"
  ln -s "$REPOSITORY/agent" "$CLUSTER/resource.d/loadshare"
  {
    echo "127.0.0.1 localhost"
    # crmsh pings the nodes by name and silently does nothing otherwise.
    for ((node = 1; node <= NODES; node++)); do echo "$(node_address "$node") node$node"; done
  } >"$CLUSTER/hosts"
  print_corosync_conf >"$CLUSTER/corosync/corosync.conf"
}

print_corosync_conf() {
  local node
  # token_coefficient would add 650 ms for the third node.
  cat <<END
totem {
  version: 2
  cluster_name: loadshare
  transport: knet
  crypto_cipher: none
  crypto_hash: none
  token: $CLUSTER_TOKEN
  token_coefficient: 0
}
quorum {
  provider: corosync_votequorum
}
logging {
  to_syslog: no
  to_logfile: yes
  logfile: /var/log/corosync/corosync.log
}
nodelist {
END
  for ((node = 1; node <= NODES; node++)); do
    cat <<END
  node {
    name: node$node
    nodeid: $node
    ring0_addr: $(node_address "$node")
  }
END
  done
  echo "}"
}

make_disk() {
  local disk=$CLUSTER/node$1
  mkdir -p "$disk"/bin "$disk"/log/{pacemaker,corosync,crmsh} "$disk"/pacemaker/{cib,pengine,cores,blackbox} "$disk"/corosync
  print_first_cib >"$disk/pacemaker/cib/cib.xml"
  chmod 600 "$disk/pacemaker/cib/cib.xml"
  chown -R hacluster:haclient "$disk"/pacemaker "$disk"/log/{pacemaker,crmsh}
}

# The cluster's first configuration; dc-deadtime is what a new cluster waits for others, 20 s otherwise.
print_first_cib() {
  cat <<'END'
<cib crm_feature_set="3.1.0" validate-with="pacemaker-3.1" epoch="1" num_updates="0" admin_epoch="0">
  <configuration>
    <crm_config>
      <cluster_property_set id="cib-bootstrap-options">
        <nvpair id="cib-bootstrap-options-dc-deadtime" name="dc-deadtime" value="3s"/>
        <nvpair id="cib-bootstrap-options-stonith-enabled" name="stonith-enabled" value="false"/>
      </cluster_property_set>
    </crm_config>
    <nodes/>
    <resources/>
    <constraints/>
  </configuration>
  <status/>
</cib>
END
}

# Whoever kills the holder kills all that runs in the node.
start_node() {
  local disk=$CLUSTER/node$1
  env -i "${node_environment[@]}" "PATH=$(node_path "$1")" "POLLING=$POLLING" \
    setsid ip netns exec "$LAB-node$1" \
    unshare --mount --uts --ipc --pid --fork --kill-child --mount-proc --propagation private \
    "$here/node" "node$1" "$CLUSTER" "$REPOSITORY" </dev/null >"$disk/output" 2>&1 3>&- &
  echo $! >"$disk/holder"
  disown
  await 10 is_covered "$1" || { node_says "$1"; return 1; }
}

# node_says NODE…: what was written there last, which tells why it does not come up.
node_says() {
  local node disk file
  for node; do
    disk=$CLUSTER/node$node
    for file in "$disk"/output "$disk"/log/corosync/corosync.log "$disk"/log/pacemaker/pacemaker.log; do
      [ ! -s "$file" ] || { echo "node$node, end of ${file##*/}:"; tail -n 12 "$file" | sed 's/^/  /'; }
    done
  done >&2
}

# Before, a command `on` the node would see the machine's own folders.
is_covered() { [ -d "/proc/$(<"$CLUSTER/node$1/holder")/root/run/home" ]; }
