#!/usr/bin/env bats
# A node on which the helper is missing or cannot be run must not be blocked by it.
# SPDX-License-Identifier: GPL-2.0-or-later

load agent

without_helper() { only_programs sh cat basename tty date; }

@test "start, validate-all and a recurring monitor fail with 5 where the helper is missing" {
  without_helper
  for action in start validate-all monitor status; do
    run -5 --separate-stderr agent $action
    [[ $(reason) = 'loadshare: not installed on this node'* ]]
  done
}

@test "a probe answers 7 where the helper is missing, and reports no reason" {
  without_helper
  given CRM_meta_interval=0
  run -7 --separate-stderr agent monitor
  logged INFO 'probe: not running, as it cannot run here: loadshare: not installed on this node'
  [ -z "$(reason)" ]
}

@test "a stop succeeds where the helper is missing, and logs a warning" {
  without_helper
  run -0 --separate-stderr agent stop
  logged WARNING 'stop: taken as stopped, as the address is not on this node: loadshare: not installed'
  [ -z "$(reason)" ]
}

@test "usage and meta-data work where the helper is missing" {
  without_helper
  run -0 agent usage
  run -0 agent meta-data
}

# Named as the dynamic linker and the shell end: 127 for a missing library, 126 for a foreign binary.
@test "a helper that cannot be run fails start, monitor and validate-all, and says so" {
  for code in 126 127; do
    fake_helper $code '' $'libip4tc.so.2: cannot open shared object file\n'
    for action in start monitor validate-all; do
      run -1 --separate-stderr agent $action
      [[ $(reason) = "loadshare: installed on this node but cannot be run (exit status $code)"* ]]
      [[ $(reason) = *': libip4tc.so.2: cannot open shared object file' ]]
    done
  done
}

@test "a probe with a helper that cannot be run answers 7" {
  given CRM_meta_interval=0
  for code in 126 127; do
    fake_helper $code '' $'libip4tc.so.2: cannot open shared object file\n'
    run -7 --separate-stderr agent monitor
    [ -z "$(reason)" ]
  done
}

@test "a helper that may not be executed counts as missing" {
  without_helper
  echo 'exit 0' >"$BATS_TEST_TMPDIR/bin/loadshare"
  run -5 --separate-stderr agent start
  [[ $(reason) = 'loadshare: not installed on this node'* ]]
}

@test "the first helper on PATH is called" {
  mkdir "$BATS_TEST_TMPDIR/first"
  printf '#!/bin/sh\nexit 4\n' >"$BATS_TEST_TMPDIR/first/loadshare"
  chmod 755 "$BATS_TEST_TMPDIR/first/loadshare"
  agent_path=$BATS_TEST_TMPDIR/first:$agent_path
  run -4 agent start
}
