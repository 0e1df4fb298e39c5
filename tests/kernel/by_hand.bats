#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# claim and release: what `echo +N` and `echo -N` are, on either backend, seen by the clients.
# shellcheck source-path=SCRIPTDIR

setup_file() {
  source "$BATS_TEST_DIRNAME/packets.bash"
  packets_up 64
}

setup() {
  source "$BATS_TEST_DIRNAME/state.bash"
  source "$BATS_TEST_DIRNAME/packets.bash" # whose helper is the one that deals
  no_pacemaker
  hold 1 1
  hold 2 2
}

teardown() {
  loadshare stop --network-namespace "$LAB-node1" --ip "$VIP" --bucket 3
  release_all
}

teardown_file() {
  source "$BATS_TEST_DIRNAME/packets.bash"
  lab_down
}

only_bucket_one() { [ "$(owned 1)" = 1 ]; }

by_hand() { on 1 loadshare "$@"; }

# refused CODE TEXT COMMAND BUCKET…: in one line, and nothing has changed.
refused() {
  local before
  before=$(trace 1)
  run -"$1" by_hand "$3" "$VIP" "${@:4}"
  # shellcheck disable=SC2154 # run sets them
  [[ ${#lines[@]} -eq 1 && $output == *"$2"* ]] || { echo "$output"; return 1; }
  expect_trace 1 "$before"
}

@test "a claimed bucket is answered here, a released one by nobody" {
  silent=$(who_in_the_gap udp)
  [[ $silent == *" -"* ]]
  by_hand claim "$VIP" 3
  diff <(echo "${silent// -/ $(node_mac 1)}") <(who udp)
  answered_once ping tcp
  by_hand release "$VIP" 3
  diff <(echo "$silent") <(who_in_the_gap udp)
}

@test "several at once, and a second time without harm" {
  run -0 by_hand claim "$VIP" 3 1
  [ "$output" = "bucket 1 of $VIP was already held
bucket 3 of $VIP taken" ]
  run -0 by_hand claim "$VIP" 3 3
  [ "$output" = "bucket 3 of $VIP was already held" ]
  run -0 by_hand release "$VIP" 3 2
  [ "$output" = "bucket 2 of $VIP was not held
bucket 3 of $VIP released" ]
  run -0 by_hand release "$VIP" 3
  [ "$output" = "bucket 3 of $VIP was not held" ]
  only_bucket_one
}

@test "without its last bucket the node is silent, the address stays, and all can be taken again" {
  all=$(who_in_the_gap udp)
  run -0 by_hand release "$VIP" 1
  [ "${lines[1]}" = "no bucket is left: $VIP stays here, silent" ]
  [[ "$(on 1 ip -o address show to "$VIP")" == *"$VIP"* ]]
  [ -z "$(owned 1)" ]
  run -7 probe 1 1
  diff <(echo "${all//$(node_mac 1)/-}") <(who_in_the_gap udp)
  by_hand claim "$VIP" 1
  diff <(echo "$all") <(who_in_the_gap udp)
  agent 1 monitor 1
}

@test "the last stop clears what is left without buckets" {
  by_hand release "$VIP" 1
  release 1 1
  [ -z "$(on 1 ip -o address show to "$VIP")" ]
  run -7 by_hand claim "$VIP" 1
}

# bats test_tags=host
@test "what cannot be done is said in one line, and none of the buckets is touched" {
  local command
  for command in claim release; do
    refused 6 "bucket 4: $VIP has only 3" $command 3 4 1
    refused 6 "bucket: '0' is not a number" $command 1 0
    refused 6 "bucket: 'x?y' is not a number" $command $'x\ey'
    refused 6 "bucket: '+3' is not a number" $command +3
    refused 6 "bucket: '65539' is not a number" $command 65539
    refused 2 "usage: loadshare $command ADDRESS BUCKET..." $command
    refused 2 "unrecognised option" $command --total 5 3
    run -7 by_hand $command "$VIP2" 1
    [ "$output" = "$VIP2 is not held here" ]
    run -6 by_hand $command cluster.example 1
  done
}

# bats test_tags=host
@test "a dry run says what would be done, verbose what is done" {
  before=$(trace 1)
  run -0 by_hand claim --dry-run "$VIP" 1 3
  [ "$output" = "take bucket 3 of $VIP" ]
  expect_trace 1 "$before"
  run -0 --separate-stderr by_hand claim --verbose "$VIP" 3
  # shellcheck disable=SC2154 # run sets it
  [ "$stderr" = "take bucket 3 of $VIP" ]
}

# bats test_tags=ebpf
@test "where the rule has faults nothing is claimed, but buckets can be given up" {
  only_on ebpf
  decider 1 --spoil tag
  run -1 by_hand claim "$VIP" 3
  [[ $output == "$VIP: the deciding program on cluster0 is not the one that was put there: "* ]]
  by_hand release "$VIP" 1
  [ -z "$(owned 1)" ]
}

@test "it waits for whoever works on the address, but not for ever" {
  local lock
  lock=$(on 1 stat -L -c %i /proc/self/ns/net)
  exec {held}<>"/run/loadshare/$lock-$VIP.lock"
  flock "$held"
  run -1 by_hand claim --wait 0 "$VIP" 3
  [[ $output == *"locked by another process"* ]]
  exec {held}<&-
  only_bucket_one
}

# bats test_tags=host
@test "a Pacemaker that hangs, or says something else, keeps nobody from acting" {
  pretend cibadmin 'echo no XML'
  run -0 --separate-stderr by_hand claim "$VIP" 3
  [ "$stderr" = "warning: whether Pacemaker manages the address is not known: what cibadmin prints is not XML" ]
  pretend cibadmin 'exec sleep 60'
  run -0 --separate-stderr by_hand release "$VIP" 3
  [ "$stderr" = "warning: whether Pacemaker manages the address is not known: cibadmin does not answer" ]
  no_pacemaker
  run -0 --separate-stderr by_hand release "$VIP" 3
  [ -z "$stderr" ]
}
