#!/usr/bin/env bats
# The actions monitor and status, and the probe, which is a monitor with interval 0.
# SPDX-License-Identifier: GPL-2.0-or-later

load agent

@test "monitor and status call the helper once each, with monitor, and are silent" {
  given ip=10.0.0.100
  run -0 --separate-stderr agent monitor
  [ -z "$output$stderr" ]
  run -0 --separate-stderr agent status
  [ -z "$output$stderr" ]
  [ "$(helper_calls)" = 'monitor monitor' ]
}

@test "monitor reports the first difference as the reason" {
  fake_helper 1 '' $'10.0.0.100: the rule hashes by 2 buckets, not by 3\n'
  for action in monitor status; do
    run -1 --separate-stderr agent $action
    [ "$(reason)" = '10.0.0.100: the rule hashes by 2 buckets, not by 3' ]
  done
}

@test "a monitor that finds the bucket stopped answers 7, with a log line and no reason" {
  fake_helper 7 '' $'bucket 2 of 10.0.0.100 is not held\n'
  for action in monitor status; do
    rm -f "$log"
    run -7 --separate-stderr agent $action
    logged INFO 'bucket 2 of 10.0.0.100 is not held'
    [ -z "$output$stderr" ]
  done
}

@test "a probe that finds nothing answers 7 without a word, and runs nothing but the helper" {
  only_programs sh loadshare
  given CRM_meta_interval=0
  fake_helper 7 '' $'bucket 2 of 10.0.0.100 is not held\n'
  run -7 --separate-stderr agent monitor
  [ -z "$output$stderr" ]
  [ ! -e "$log" ]
}

@test "a probe that finds the bucket active answers 0, one that finds it broken answers 1" {
  given CRM_meta_interval=0
  run -0 agent monitor
  fake_helper 1 '' $'10.0.0.100: the drop rule is gone\n'
  run -1 --separate-stderr agent monitor
  [ "$(reason)" = '10.0.0.100: the drop rule is gone' ]
}

@test "a probe where the kernel part or the interface is missing answers 7 and no reason" {
  given CRM_meta_interval=0
  fake_helper 5 '' $'eth7: no such interface\n'
  run -7 --separate-stderr agent monitor
  logged INFO 'probe: not running, as it cannot run here: eth7: no such interface'
  [ -z "$(reason)" ]
}

@test "a monitor where the interface went missing fails with 5 and the reason" {
  fake_helper 5 '' $'eth7: no such interface\n'
  run -5 --separate-stderr agent monitor
  [ "$(reason)" = 'eth7: no such interface' ]
}

@test "what the helper says of a good monitor is for whoever runs it by hand, and not logged" {
  fake_helper 0 $'bucket 2 of 3 of 10.0.0.100 held\n'
  run -0 --separate-stderr agent monitor
  [ "$output" = 'bucket 2 of 3 of 10.0.0.100 held' ]
  [ -z "$stderr" ]
  [ ! -e "$log" ]
}

@test "a good monitor runs no program but the helper" {
  only_programs sh loadshare
  run -0 --separate-stderr agent monitor
  [ -z "$output$stderr" ]
  [ "$(helper_calls)" = monitor ]
}
