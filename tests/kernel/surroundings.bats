#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What is around a call is broken: a stop silences the bucket whatever it is, start and monitor end in time with
# the reason, and a stop in better times clears all.
# shellcheck source-path=SCRIPTDIR

bats_require_minimum_version 1.5.0

load lab
load cluster
load state

setup_file() {
  lab_up 1
  clean_trace=$(trace 1)
  export clean_trace
}

VIP2_MAC=01:00:5e:4d:00:65

teardown_file() { lab_down; }

setup() { helper 1 start 1; }

teardown() {
  helper 1 stop 1
  rebuild 1
}

# where SCRIPT COMMAND…: in node 1, in mounts of its own that SCRIPT has broken.
where() {
  # shellcheck disable=SC2016 # the shell inside expands it
  on 1 unshare --mount sh -ec 'eval "$1"; shift; exec "$@"' where "$@"
}

# broken SCRIPT COMMAND BUCKET [OPTION…]: the helper there.
broken() {
  local OPTIONS
  helper_options
  where "$1" loadshare "$2" --bucket "$3" --wait 1 "${OPTIONS[@]}" "${@:4}"
}

full_run='mount -t tmpfs -o nr_inodes=1 tmpfs /run' # the folder itself is one
read_only_run='mount -t tmpfs -o ro tmpfs /run'
read_only_settings='mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys'
no_settings='mount -t tmpfs tmpfs /proc/sys'
no_devices='mount -t tmpfs tmpfs /sys'

# silences SCRIPT: the last stop ends with 0 there, and nobody is answered then.
silences() {
  [ -n "$(reachable)" ]
  run broken "$1" stop 1
  echo "$output"
  # shellcheck disable=SC2154 # run sets it
  [ "$status" -eq 0 ]
  [ -z "$(reachable)" ]
  # What it could not put back is put back by the next stop that finds something of ours.
  helper 1 start 1
  helper 1 stop 1
  [ "$(trace 1)" = "$clean_trace" ] || expect_trace 1 "$clean_trace"
  helper 1 start 1
}

@test "stop: /run is full or read-only" {
  silences "$full_run"
  silences "$read_only_run"
}

@test "stop: the kernel's settings are read-only or absent" {
  silences "$read_only_settings"
  silences "$no_settings"
}

@test "stop: /sys is absent" { silences "$no_devices"; }

@test "stop: hardly any file can be opened" {
  for files in 4 5 6 7 8 10 12 16; do
    if broken "ulimit -n $files" stop 1; then
      [ -z "$(reachable)" ] || { echo "0, and still answered, with $files files"; return 1; }
    fi
    helper 1 start 1
  done
}

@test "start and monitor say that there is no place for locks" {
  run -1 broken "$full_run" start 2
  [[ $output == "make /run/loadshare for locks: "* ]]
  run -1 broken "$read_only_run" start 2
  [[ $output == "make /run/loadshare for locks: Read-only file system" ]]
}

@test "stop without the helper: 0 only where the address is not there" {
  local PATH=/usr/sbin:/usr/bin:/sbin:/bin
  run -1 agent 1 stop 1
  [[ $output == *"ocf-exit-reason:stop: $VIP is still on this node, and nothing here can stop it: loadshare: not installed"* ]]
  PATH=$LOADSHARE_BUILD:$PATH helper 1 stop 1
  agent 1 stop 1
}

# with_full_log COMMAND…: in node 1, where the log's socket takes nothing more.
with_full_log() {
  where 'mount -t tmpfs tmpfs /dev; mknod -m 666 /dev/null c 1 3' python3 -c '
import os, socket, sys
log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
log.bind("/dev/log")
sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
sender.setblocking(False)
sender.connect("/dev/log")
try:
  while True: sender.send(b"full")
except BlockingIOError: os.set_inheritable(log.fileno(), True)
os.execvp(sys.argv[1], sys.argv[1:])' "$@"
}

# log_to FILE COMMAND…: in node 1, where all that the log gets goes into the file.
log_to() {
  where 'mount -t tmpfs tmpfs /dev; mknod -m 666 /dev/null c 1 3' python3 -c '
import socket, subprocess, sys
log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
log.bind("/dev/log")
log.setblocking(False)
status = subprocess.run(sys.argv[2:]).returncode
with open(sys.argv[1], "wb") as file:
  try:
    while True: file.write(log.recv(4096) + b"\n")
  except BlockingIOError: sys.exit(status)' "$@"
}

@test "a log that nobody reads holds up nobody, and its next reader hears how much was lost" {
  local OPTIONS
  helper_options
  rm -f /run/loadshare/lost-log-lines
  with_full_log timeout 5 loadshare start --bucket 2 "${OPTIONS[@]}"
  with_full_log timeout 5 loadshare stop --bucket 2 "${OPTIONS[@]}"
  log_to "$BATS_TEST_TMPDIR/log" loadshare start --bucket 2 "${OPTIONS[@]}"
  cat "$BATS_TEST_TMPDIR/log"
  grep -q ': 2 lines for this log had no reader and were lost$' "$BATS_TEST_TMPDIR/log"
  grep -q ": bucket 2 of $VIP taken\$" "$BATS_TEST_TMPDIR/log"
  log_to "$BATS_TEST_TMPDIR/log" loadshare stop --bucket 2 "${OPTIONS[@]}"
  run -1 grep lost "$BATS_TEST_TMPDIR/log"
}

@test "the agent ends in time, too, also with something to complain of" {
  export HA_LOGFACILITY=daemon OCF_RESKEY_CRM_meta_clone=1 OCF_RESKEY_CRM_meta_interval=0
  with_full_log timeout 10 "$AGENT" start
  with_full_log timeout 10 "$AGENT" stop
  OCF_RESKEY_nic=nowhere0 run -5 with_full_log timeout 10 "$AGENT" start
  [[ $output == *"ocf-exit-reason:"*nowhere0* ]]
}

# alone COMMAND…: in node 1, with no process and no named namespace in sight but its own: this machine may be
# full of other tests' namespaces.
alone() {
  # shellcheck disable=SC2016 # the shell inside expands it
  on 1 unshare --mount --pid --fork sh -ec 'mount -t proc proc /proc; mount -t tmpfs tmpfs /run; "$@"' alone "$@"
}

# stop_says TEXT OPTION…: a stop of bucket 1 with those options alone ends with 0 and says so; the node is silent.
stop_says() {
  run -0 alone loadshare stop "${@:2}"
  [[ $output == *"$1"* ]] || { echo "said: $output"; return 1; }
  [ -z "$(reachable)" ]
  run -0 on 1 ip address show to "$VIP"
  [ -z "$output" ]
  helper 1 start 1
}

@test "stop: parameters that cannot be used any more" {
  stop_says "bucket 1 of $VIP released" --ip "$VIP" --bucket 1 --backend bogus
  stop_says "clone (--clone): 'x'" --ip "$VIP" --clone x
  stop_says "ip: 'x'" --ip x --bucket 1
  stop_says "ip: missing" --bucket 1
  stop_says "network namespace $LAB-none does not exist" --ip "$VIP" --bucket 1 --network-namespace "$LAB-none"
  stop_says "network_namespace (--network-namespace): 'a/b'" --ip "$VIP" --bucket 1 --network-namespace a/b
}

@test "stop: a namespace that has lost its name, but not its processes" {
  # shellcheck disable=SC2016 # the shell inside expands it
  alone sh -exc '
    mkdir /run/netns
    ip netns add nameless
    ip -n nameless link add cluster0 type veth peer name other0
    ip -n nameless addr add 10.77.0.9/16 dev cluster0
    ip -n nameless link set other0 up
    ip -n nameless link set cluster0 up
    ip netns exec nameless sleep 60 &
    inside=$!
    loadshare start --ip 10.77.0.101 --nic cluster0 --network-namespace nameless --arp-count 0 --backend "$BACKEND"
    ip netns del nameless
    loadshare stop --ip 10.77.0.101 --network-namespace nameless 2>&1 | grep "in the network namespace of process"
    nsenter --net="/proc/$inside/ns/net" ip -o addr show >/run/addresses
    kill "$inside"
    grep -F 10.77.0.9 /run/addresses
    ! grep -F 10.77.0.101 /run/addresses'
}

@test "stop: which address is meant cannot be told" {
  OCF_RESKEY_ip=10.77.0.101 OCF_RESKEY_mac=$VIP2_MAC helper 1 start 1
  run -1 on 1 loadshare stop --ip x --bucket 1
  [[ $output == "ip: 'x'"*"which one is to stop is not told: 10.77.0.100 in "*", 10.77.0.101 in "* ]]
  OCF_RESKEY_ip=10.77.0.101 helper 1 stop 1
}

@test "a probe of parameters that were never right still says so" {
  run -6 on 1 loadshare monitor --ip x --bucket 1
}

@test "what prints says when nobody got it" {
  local command
  for command in status "which $VIP 10.77.1.1" "switch-config $VIP" "start --ip $VIP --nic cluster0 --dry-run" --help --version; do
    # shellcheck disable=SC2016,SC2086 # the shell inside expands it; words
    run -1 on 1 sh -c 'loadshare "$@" >/dev/full' sh $command
    [[ $output == *"standard output: cannot be written" ]] || { echo "$command: $output"; return 1; }
  done
  # shellcheck disable=SC2016 # the shell inside expands it
  on 1 sh -c 'loadshare start --bucket 1 "$@" >/dev/full' sh --ip "$VIP" --nic cluster0 --mac "$VIP_MAC" --total 3 --backend "$BACKEND"
}
