#!/usr/bin/env bats
# The action start.
# SPDX-License-Identifier: GPL-2.0-or-later

load agent

@test "start calls the helper once, with start, and is silent" {
  given ip=10.0.0.100
  run -0 --separate-stderr agent start
  [ "$(helper_calls)" = start ]
  [ -z "$output$stderr" ]
}

@test "what the helper has done is said to whoever runs a start by hand; its log line is its own" {
  fake_helper 0 $'bucket 2 of 3 of 10.0.0.100 taken\n'
  run -0 --separate-stderr agent start
  [ "$output" = 'bucket 2 of 3 of 10.0.0.100 taken' ]
  [ -z "$stderr" ]
  [ ! -e "$log" ]
}

@test "a good start or stop runs no program but the helper" {
  only_programs sh loadshare rm
  for action in start stop; do run -0 --separate-stderr agent $action; done
  [ -z "$output$stderr" ]
}

@test "a start can be traced, as crm resource trace asks for" {
  given ip=10.0.0.100
  environment+=(OCF_TRACE_FILE="$BATS_TEST_TMPDIR/trace")
  for asked in OCF_RESKEY_trace_ra OCF_TRACE_RA; do
    environment+=("$asked=1")
    run -0 agent start
    grep -F 'exec loadshare start --ip=10.0.0.100' "$BATS_TEST_TMPDIR/trace"
    rm "$BATS_TEST_TMPDIR/trace"
    unset 'environment[-1]'
  done
}

@test "a start that succeeds with a complaint logs a warning and reports no reason" {
  fake_helper 0 '' $'eth0: no announcement could be sent\n'
  run -0 --separate-stderr agent start
  logged WARNING 'eth0: no announcement could be sent'
  [ -z "$(reason)" ]
}

@test "a start that fails reports the helper's own words as the reason" {
  fake_helper 1 '' $'rule for 10.0.0.100: Permission "denied" at 100% of $HOME\n'
  run -1 --separate-stderr agent start
  [ "$(reason)" = 'rule for 10.0.0.100: Permission "denied" at 100% of $HOME' ]
}

@test "a start that fails half-way says what it did and reports only why it failed" {
  fake_helper 1 $'rule added\n' $'eth0 is down\n'
  run -1 --separate-stderr agent start
  [ "$(reason)" = 'eth0 is down' ]
  [ "$output" = 'rule added' ]
  logged ERROR 'eth0 is down'
}

@test "a start that fails without a word says that, and the exit status" {
  fake_helper 4
  run -4 --separate-stderr agent start
  [[ $(reason) = 'loadshare gave no reason (exit status 4)'* ]]
}

@test "a start whose helper is killed names the signal's exit status and what it said last" {
  fake_helper signal-SEGV '' $'last words\n'
  run -1 --separate-stderr agent start
  [[ $(reason) = 'loadshare: exit status 139 is no answer to start'*': last words'* ]]
}
