# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A node that is called as Pacemaker calls it. Sourced behind bench.bash and the kernel tests' lab.
#
# The environment is what pacemaker-execd 2.1 hands to an agent on Debian; the configuration, too, lies
# where a member of a cluster has it.

VIP_OF_IPaddr2=10.77.0.102
MAC_OF_IPaddr2=01:00:5e:4d:00:66
: "${BUCKETS:=64}"

node_up() { # NODES
  mkdir -p /run/resource-agents # as on every cluster node; IPaddr2 waits for ever where it is missing
  lab_up "$1" 64
  CONFIGURATION=$SAMPLES/cib.xml
  # As many lines as the configuration of a small cluster has.
  cat >"$CONFIGURATION" <<END
<cib><configuration><resources><clone id="cluster-ip-clone">
  <meta_attributes id="m"><nvpair id="n" name="clone-max" value="$(buckets)"/></meta_attributes>
  <primitive id="cluster-ip" class="ocf" provider="loadshare" type="ClusterIP">
$(for ((line = 0; line < 60; line++)); do echo "    <nvpair id=\"other-$line\" name=\"of-another-resource\" value=\"$line\"/>"; done)
  </primitive>
</clone></resources></configuration></cib>
END
}

# `ip netns exec` has mounts of its own.
inside() { inside_node 1 "$@"; }
inside_node() { # NODE COMMAND…
  # shellcheck disable=SC2016 # the shell inside expands it
  on "$1" sh -c 'mount -t tmpfs none /var/lib && mkdir -p /var/lib/pacemaker/cib &&
    cp "$0" /var/lib/pacemaker/cib/cib.xml && exec "$@"' "$CONFIGURATION" "${@:2}"
}

# as_pacemaker AGENT BUCKET [INTERVAL]: the agent in CALL, what it is told in SETTING.
as_pacemaker() {
  local name=ClusterIP provider=loadshare program=$REPOSITORY/agent/ClusterIP address=$VIP mac=$VIP_MAC
  [ "$1" = loadshare ] || {
    name=IPaddr2 provider=heartbeat program=/usr/lib/ocf/resource.d/heartbeat/IPaddr2
    address=$VIP_OF_IPaddr2 mac=$MAC_OF_IPaddr2
  }
  CALL=("$program")
  SETTING=(env -i "PATH=$LOADSHARE_BUILD:/usr/sbin:/usr/bin:/sbin:/bin" LC_ALL=C OCF_ROOT=/usr/lib/ocf
    HA_LOGFACILITY=daemon "HA_LOGFILE=$SAMPLES/ha.log" HA_debug=0 PCMK_cluster_type=corosync
    OCF_RA_VERSION_MAJOR=1 OCF_RA_VERSION_MINOR=1 OCF_EXIT_REASON_PREFIX=ocf-exit-reason:
    "OCF_RESOURCE_PROVIDER=$provider" "OCF_RESOURCE_TYPE=$name" "OCF_RESOURCE_INSTANCE=cluster-ip:$(($2 - 1))"
    "OCF_RESKEY_ip=$address" OCF_RESKEY_nic=cluster0 OCF_RESKEY_cidr_netmask=16)
  if [ "$1" = loadshare ]; then
    SETTING+=("OCF_RESKEY_mac=$mac" "OCF_RESKEY_backend=${BACKEND:-auto}")
  elif [ "$BACKEND" = clusterip ]; then
    SETTING+=("OCF_RESKEY_mac=$mac")
  fi
  if has_buckets "$1"; then
    SETTING+=("OCF_RESKEY_CRM_meta_clone=$(($2 - 1))" "OCF_RESKEY_CRM_meta_clone_max=$(buckets)"
      "OCF_RESKEY_CRM_meta_clone_node_max=$(buckets)" OCF_RESKEY_CRM_meta_globally_unique=true)
  fi
  SETTING+=("OCF_RESKEY_CRM_meta_interval=${3:-0}" OCF_RESKEY_CRM_meta_timeout=20000)
}

# CLUSTERIP has at most 16, and IPaddr2's clones need it.
buckets() { if [ "$BACKEND" = clusterip ]; then echo 16; else echo "$BUCKETS"; fi; }
has_buckets() { [ "$1" = loadshare ] || [ "$BACKEND" = clusterip ]; }
