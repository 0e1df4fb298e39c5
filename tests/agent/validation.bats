#!/usr/bin/env bats
# The action validate-all: the helper checks, the agent only asks.
# SPDX-License-Identifier: GPL-2.0-or-later

load agent

@test "validate-all calls the helper once, with validate, and is silent" {
  given ip=10.0.0.100
  run -0 --separate-stderr agent validate-all
  [ "$(helper_calls)" = validate ]
  [ -z "$output$stderr" ]
}

@test "a malformed parameter is an error on every node, with the helper's reason" {
  given ip=10.0.0.100 mac=00:11:22:33:44:55
  fake_helper 6 '' $'mac: 00:11:22:33:44:55 is a unicast MAC\n'
  for action in validate-all start monitor; do
    run -6 --separate-stderr agent $action
    [ "$(reason)" = 'mac: 00:11:22:33:44:55 is a unicast MAC' ]
  done
}

@test "a missing ip is left to the helper to refuse" {
  fake_helper 6 '' $'ip: required\n'
  run -6 --separate-stderr agent validate-all
  helper_was_given validate
  [ "$(reason)" = 'ip: required' ]
}

@test "what this node lacks is an error on this node only" {
  fake_helper 5 '' $'CLUSTERIP: not in this kernel\n'
  run -5 --separate-stderr agent validate-all
  [ "$(reason)" = 'CLUSTERIP: not in this kernel' ]
}
