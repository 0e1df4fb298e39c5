#!/usr/bin/env bats
# Which actions there are, and what the others are answered.
# SPDX-License-Identifier: GPL-2.0-or-later

load agent

@test "usage and help print the same usage and succeed" {
  run -0 --separate-stderr agent usage
  [[ $output = 'usage: ClusterIP {start|stop|'* ]]
  [ -z "$stderr" ]
  usage=$output
  for action in help --help -h; do
    run -0 agent $action
    [ "$output" = "$usage" ]
  done
  [ -z "$(helper_calls)" ]
}

@test "the usage names every advertised action" {
  run -0 agent usage
  for name in $(metadata_names '//action/@name'); do
    [[ $output =~ [{|]${name}[|}] ]]
  done
}

@test "an unknown action answers 3, names the action, and calls no helper" {
  for action in promote demote migrate_to reload reload-agent START 'start stop' 'st*' '' --; do
    run -3 --separate-stderr agent "$action"
    [ "$(reason)" = "ClusterIP: there is no action '$action'" ]
    [[ $stderr = 'usage: ClusterIP '* ]]
    [ -z "$output" ]
  done
  [ -z "$(helper_calls)" ]
}

@test "no action at all answers 3" {
  run -3 agent
}

@test "ocf-tester is content with the agent when the helper works" {
  fake_helper remembered
  [ "$(id -u)" = 0 ] || skip "ocf-tester becomes nobody for one of its checks: needs root"
  run -0 env PATH="$agent_path" FAKE_DIRECTORY="$BATS_TEST_TMPDIR" FAKE_STATUS=remembered \
    ocf-tester -n vip -o ip=10.0.0.100 -o CRM_meta_clone=0 -o CRM_meta_clone_max=3 "$(open_agent)" </dev/null
  [[ $output = *'passed all tests' ]]
}
