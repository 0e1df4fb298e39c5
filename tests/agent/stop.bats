#!/usr/bin/env bats
# The action stop: whatever fails here gets the node fenced.
# SPDX-License-Identifier: GPL-2.0-or-later

load agent

@test "stop calls the helper once, with stop, and is silent" {
  given ip=10.0.0.100
  run -0 --separate-stderr agent stop
  [ "$(helper_calls)" = stop ]
  [ -z "$output$stderr" ]
}

@test "what the helper has done is said to whoever runs a stop by hand" {
  fake_helper 0 $'bucket 2 of 3 of 10.0.0.100 given up\n'
  run -0 --separate-stderr agent stop
  [ "$output" = 'bucket 2 of 3 of 10.0.0.100 given up' ]
}

@test "a stop that fails is a failed stop, with the helper's reason" {
  fake_helper 1 '' $'10.0.0.100 cannot be removed from eth0\n'
  run -1 --separate-stderr agent stop
  [ "$(reason)" = '10.0.0.100 cannot be removed from eth0' ]
}

@test "stop with parameters that no start can have accepted succeeds and logs a warning" {
  fake_helper 6 '' $'ip: "10.0.0" is no address\n'
  run -0 --separate-stderr agent stop
  logged WARNING 'stop: taken as stopped, as the address is not on this node: ip: "10.0.0" is no address'
  [ -z "$(reason)" ]
}

@test "stop where the kernel part or the interface is missing succeeds and logs a warning" {
  fake_helper 5 '' $'eth7: no such interface\n'
  run -0 --separate-stderr agent stop
  logged WARNING 'stop: taken as stopped, as the address is not on this node: eth7: no such interface'
  [ -z "$(reason)" ]
}

@test "a killed stop fails: what the kernel still holds is unknown" {
  fake_helper signal-KILL
  run -1 --separate-stderr agent stop
  [[ $(reason) = 'loadshare: exit status 137 is no answer to stop'* ]]
}
