#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# A recurring monitor compares the number of buckets that it was started with to the cluster's: by this
# node's copy of the configuration, and where that leaves a doubt, by what crm_resource says.
# shellcheck source-path=SCRIPTDIR

bats_require_minimum_version 1.5.0

load lab
load cluster

# bats file_tags=host

setup_file() {
  lab_up 1 1
  start 1 1
}

teardown_file() { lab_down; }

setup() {
  cluster=$BATS_TEST_TMPDIR
  mkdir "$cluster/cib" "$cluster/bin"
  export OCF_RESOURCE_INSTANCE=cluster-ip:0 OCF_RESKEY_CRM_meta_clone=0 OCF_RESKEY_CRM_meta_interval=10000
  export PCMK_cluster_type=corosync # as for all that runs on a full member
}

# configured CLONE-MAX: in the node's copy.
configured() {
  cat >"$cluster/cib/cib.xml" <<END
<cib><configuration><resources><clone id="cluster-ip-clone">
  <meta_attributes id="m"><nvpair id="n" name="clone-max" value="$1"/></meta_attributes>
  <primitive id="cluster-ip" class="ocf" provider="loadshare" type="ClusterIP"/>
</clone></resources></configuration></cib>
END
}

# cluster_says CLONE-MAX [STATUS]
cluster_says() {
  printf '#!/bin/sh\necho "$@" >>%s/asked\necho %s\nexit %s\n' "$cluster" "$1" "${2:-0}" >"$cluster/bin/crm_resource"
  chmod +x "$cluster/bin/crm_resource"
}

# The agent on a node whose Pacemaker keeps that configuration; `ip netns exec` has mounts of its own.
monitor() {
  # shellcheck disable=SC2016 # the shell inside expands it
  PATH=$cluster/bin:$PATH on 1 sh -c 'mount -t tmpfs none /var/lib && mkdir -p /var/lib/pacemaker/cib &&
    mount --bind "$1" /var/lib/pacemaker/cib && exec "$2" monitor' monitor "$cluster/cib" "$AGENT"
}

nobody_was_asked() { [ ! -e "$cluster/asked" ]; }
has_changed() { [[ $output == *'clone-max is 8 now, but this bucket was started as one of 3: it has to start anew'* ]]; }

@test "what the configuration says is enough while it is what it was at start" {
  configured 3
  cluster_says 8
  run -0 monitor
  [ -z "$output" ]
  nobody_was_asked
}

@test "a monitor fails with both numbers once clone-max has changed" {
  configured 8
  cluster_says 8
  run -1 monitor
  has_changed
  [ "$(<"$cluster/asked")" = '--quiet --resource cluster-ip --meta --get-parameter clone-max' ]
}

@test "a configuration that is out of date accuses nobody" {
  configured 8
  cluster_says 3
  run -0 monitor
  [ -z "$output" ]
  [ -e "$cluster/asked" ]
}

@test "the cluster is asked where there is no configuration" {
  cluster_says 8
  run -1 monitor
  has_changed
}

@test "a remote node, which has no Pacemaker that would keep it true, does not read the configuration" {
  configured 3
  cluster_says 8
  unset PCMK_cluster_type
  run -1 monitor
  has_changed
}

@test "a cluster that gives no answer, or no number, changes nothing" {
  cluster_says '' 105
  run -0 monitor
  cluster_says ''
  run -0 monitor
  cluster_says '-8'
  run -0 monitor
  [ -z "$output" ]
}

@test "a node without Pacemaker has nothing to compare" {
  # shellcheck disable=SC2030 # for this test alone
  PATH=$LOADSHARE_BUILD:/bin:/usr/bin run -0 monitor
  [ -z "$output" ]
}

@test "a probe, and an instance that is no clone, compare nothing" {
  configured 8
  cluster_says 8
  OCF_RESKEY_CRM_meta_interval=0 run -0 monitor
  loadshare monitor --network-namespace "$LAB-node1" --ip "$VIP" --mac "$VIP_MAC" --nic cluster0 --total 3
  nobody_was_asked
}

@test "a bucket that is not held is just that" {
  configured 8
  cluster_says 8
  OCF_RESKEY_CRM_meta_clone=1 run -7 monitor
}
