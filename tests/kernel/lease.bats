#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# A lease: buckets expire in the kernel unless a recurring monitor renews them.
# shellcheck source-path=SCRIPTDIR

bats_require_minimum_version 1.5.0

load lab
load cluster
load state

# What a cluster that monitors every two seconds, with a timeout of as long, gives the helper: 6 s of lease.
recurring=(--lease true --interval 2000 --timeout 2000)
lease=6

setup_file() {
  [ "$BACKEND" = ebpf ] || return 0
  lab_up 1 32
  lab_serve
}

teardown() {
  [ "$BACKEND" = ebpf ] && [ -z "${BATS_TEST_COMPLETED:-}" ] || return 0
  rebuild 1
}

teardown_file() { lab_down; }

start_leased() { OCF_RESKEY_CRM_meta_clone_max=1 helper 1 start 1 --lease true; }
monitor_leased() { OCF_RESKEY_CRM_meta_clone_max=1 helper 1 monitor 1 "${recurring[@]}"; }
stop_leased() { OCF_RESKEY_CRM_meta_clone_max=1 helper 1 stop 1; }

silent() {
  run -1 ask "$OCF_RESKEY_ip" ping --wait 300 --summary
  [[ $output == *"unanswered 32"* ]]
}

expires_and_comes_back() {
  start_leased
  monitor_leased
  answered_once ping udp
  sleep $lease.3
  silent
  run -7 monitor_leased
  start_leased
  answered_once ping udp
  monitor_leased
  stop_leased
}

# bats test_tags=ebpf
@test "IPv4: a bucket that nobody monitors any more expires, and a start brings it back" {
  only_on ebpf
  expires_and_comes_back
}

# bats test_tags=ebpf
@test "IPv6: a bucket that nobody monitors any more expires, and a start brings it back" {
  only_on ebpf
  OCF_RESKEY_ip=$VIP6 expires_and_comes_back
}

# bats test_tags=ebpf
@test "a monitor that comes an interval late loses no bucket, and its counter goes on" {
  only_on ebpf
  start_leased
  monitor_leased
  answered_once ping
  for round in 1 2; do
    sleep 4
    monitor_leased
  done
  run -0 on 1 loadshare status "$VIP"
  [[ $output == *" 32 accepted, 0 dropped"* ]]
  stop_leased
}

# bats test_tags=ebpf
@test "a start alone lets nothing expire, nor does a probe renew a lease" {
  only_on ebpf
  start_leased
  sleep $lease.3
  answered_once ping
  monitor_leased
  sleep 4
  OCF_RESKEY_CRM_meta_clone_max=1 helper 1 monitor 1 --lease true
  sleep 2.3
  silent
  stop_leased
}

# bats test_tags=ebpf
@test "a lease that was not asked for is a difference, and so is one that is missing" {
  only_on ebpf
  start_leased
  OCF_RESKEY_CRM_meta_clone_max=1 monitor_says 1 "lease on instead of off"
  OCF_RESKEY_CRM_meta_clone_max=1 helper 1 start 1
  run -1 monitor_leased
  [[ $output == *"lease off instead of on"* ]]
  stop_leased
}

# bats test_tags=ebpf
@test "CLUSTERIP refuses a lease, and auto takes ebpf for it" {
  only_on ebpf
  run -6 on 1 loadshare start --ip "$VIP" --nic cluster0 --backend clusterip --lease true
  [[ $output == "lease: "*"backend=ebpf" ]]
  on 1 loadshare start --ip "$VIP" --nic cluster0 --backend auto --lease true --arp-count 0
  [ "$(owned 1)" = 1 ]
  stop_leased
}
