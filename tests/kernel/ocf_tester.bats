#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# ocf-tester of resource-agents against the agent as it gets installed.
# shellcheck source-path=SCRIPTDIR

bats_require_minimum_version 1.5.0

load lab
load cluster
load state

setup_file() {
  lab_up 1 1
  cd "$BATS_FILE_TMPDIR" || return
  DESTDIR=$PWD/installed cmake --install "$LOADSHARE_BUILD" --prefix /usr >install.log ||
    { cat install.log; return 1; }
  chmod -R a+rX installed # ocf-tester calls the agent as nobody, too
}

teardown_file() { lab_down; }

# ocf_tester OPTION…: sees the installed files in their places; nobody else does, because each `ip netns exec` has
# mounts of its own.
ocf_tester() {
  # shellcheck disable=SC2016 # the shell inside expands it
  on 1 env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root bash -c '
    for folder in /usr/lib/ocf /usr/sbin; do
      mount -t overlay overlay -o "lowerdir=$1$folder:$folder" $folder || exit
    done
    exec ocf-tester "${@:2}" /usr/lib/ocf/resource.d/loadshare/ClusterIP
  ' ocf_tester "$BATS_FILE_TMPDIR/installed" -n cluster-ip "$@"
}

clone_of_three() {
  ocf_tester -o "ip=$OCF_RESKEY_ip" -o nic=cluster0 -o "backend=$BACKEND" -o arp_count=1 \
    -o "CRM_meta_clone=$1" -o CRM_meta_clone_max=3 -o CRM_meta_globally_unique=true
}

# bats test_tags=host
@test "ocf-tester passes" {
  local before
  helper 1 start 2
  helper 1 stop 2
  before=$(trace 1)
  clone_of_three 0
  expect_trace 1 "$before"
}

# bats test_tags=host
@test "ocf-tester passes while the node holds another bucket, and leaves that one alone" {
  local before
  # What ocf-tester derives, so that both buckets are of one clone.
  on 1 loadshare start --ip "$VIP" --nic cluster0 --backend "$BACKEND" --bucket 2 --total 3
  before=$(trace 1)
  clone_of_three 0
  expect_trace 1 "$before"
  on 1 loadshare monitor --ip "$VIP" --nic cluster0 --backend "$BACKEND" --bucket 2 --total 3
  on 1 loadshare stop --ip "$VIP" --backend "$BACKEND" --bucket 2
}

# bats test_tags=ebpf
@test "ocf-tester passes with an IPv6 address" {
  only_on ebpf
  OCF_RESKEY_ip=$VIP6 clone_of_three 2
}
