#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Moves that keep connections: what the agent does with what Pacemaker tells of a transition. The words of a real
# Pacemaker are tested in tests/cluster/drain.bats.
# shellcheck source-path=SCRIPTDIR

bats_require_minimum_version 1.5.0

load lab
load cluster
load state

connections=24

setup_file() {
  [ "$BACKEND" = ebpf ] || return 0
  lab_up 3 $connections
  lab_serve
}

setup() {
  export OCF_RESKEY_drain=4 OCF_RESKEY_CRM_meta_notify=true
  TALK=''
}

teardown() {
  [ "$BACKEND" = ebpf ] || return 0
  [ -z "$TALK" ] || kill "$TALK"
  unset OCF_RESKEY_CRM_meta_notify_{stop,start}_{resource,uname} OCF_RESKEY_CRM_meta_notify_{type,operation}
  for node in 1 2 3; do
    run on $node loadshare status
    [ "$status" -eq 7 ] && continue
    rebuild $node
    lab_serve_on $node
  done
}

teardown_file() { lab_down; }

# in_transition FROM TO BUCKET…: what all actions of the transition are told from now on.
in_transition() {
  local from=$1 to=$2 instances='' froms='' tos='' bucket
  for bucket in "${@:3}"; do
    instances+="cluster-ip:$((bucket - 1)) " froms+="node$from " tos+="node$to "
  done
  export OCF_RESKEY_CRM_meta_notify_stop_resource=$instances OCF_RESKEY_CRM_meta_notify_stop_uname=$froms
  export OCF_RESKEY_CRM_meta_notify_start_resource=$instances OCF_RESKEY_CRM_meta_notify_start_uname=$tos
}

# tell NODE: the notification after the stops of this transition, to the node's instance of bucket 3.
tell() {
  OCF_RESKEY_CRM_meta_notify_type=post OCF_RESKEY_CRM_meta_notify_operation=stop \
    OCF_RESKEY_CRM_meta_on_node=node$1 agent "$1" notify 3
}

# the_cluster_recalls [NODE BUCKET…]: those have been stopped there just now. Without it, no Pacemaker runs here.
the_cluster_recalls() {
  local node=${1:-} bucket
  if [ $# -eq 0 ]; then
    pretend cibadmin 'exit 105'
    return
  fi
  {
    echo '<xpath-query>'
    for bucket in "${@:2}"; do
      printf '<lrm_rsc_op operation_key="cluster-ip:%d_stop_0" operation="stop" on_node="node%d" rc-code="0" last-rc-change="%d"/>\n' \
        $((bucket - 1)) "$node" "$(date +%s)"
    done
    echo '</xpath-query>'
  } >"$BATS_TEST_TMPDIR/records"
  pretend cibadmin "cat '$BATS_TEST_TMPDIR/records'"
}

# move FROM TO BUCKET…: as Pacemaker moves them, all stops before any start.
move() {
  local from=$1 to=$2
  in_transition "$@"
  OCF_RESKEY_CRM_meta_on_node=node$from stop "$from" "${@:3}" &&
    OCF_RESKEY_CRM_meta_on_node=node$to start "$to" "${@:3}"
}

# talk: one connection of each client, from now on.
talk() {
  local first=$FIRST_CLIENT
  [[ $OCF_RESKEY_ip == *:* ]] && first=$FIRST_CLIENT6
  lab_start client "$TRAFFIC" converse --interface lan0 --address "$OCF_RESKEY_ip" --first "$first" \
    --clients $connections --silence 1000
  TALK=$STARTED
}

# talked: what has become of them since the last time, into $said.
talked() {
  local line
  said=''
  kill -USR1 "$TALK"
  while read -r -t 10 -u "$STARTED_OUTPUT" line && [ "$line" != end ]; do said+=$line$'\n'; done
  echo "$said"
}

none_was_lost() {
  talked
  [[ $said == *"open $connections"$'\n'* && $said == *$'\n'"ended 0"$'\n'* ]]
  [[ $said == *$'\n'"wrong 0"$'\n'* && $said == *$'\n'"torn 0"$'\n'* ]]
}

# served_by NODE COUNT
served_by() { grep -qx "node node$1 $2" <<<"$said"; }

# new_ones_go_to NODE: in all buckets.
new_ones_go_to() {
  [ "$(ask "$OCF_RESKEY_ip" tcp --wait 2000 | grep -c "$(node_mac "$1")")" = $connections ]
}

nothing_is_left_on() {
  run on "$1" loadshare status "$OCF_RESKEY_ip"
  [ "$status" -eq 7 ] && [ -z "$(on "$1" nft list ruleset)" ] &&
    ! on "$1" ip -brief address show | grep -F " $OCF_RESKEY_ip/"
}

# eventually COMMAND…: within ten seconds.
eventually() {
  local try
  for ((try = 0; try < 50; try++)); do
    "$@" >/dev/null 2>&1 && return
    sleep 0.2
  done
  "$@"
}

moves_there_and_back() {
  start 1 1 2 3
  talk
  move 1 2 1 2 3
  none_was_lost
  served_by 1 $connections
  new_ones_go_to 2
  move 2 1 1 2 3
  move 1 3 1 2 3
  none_was_lost
  new_ones_go_to 3
}

# bats test_tags=ebpf
@test "IPv4: connections outlive two moves in a row, and new ones are the new node's" {
  only_on ebpf
  moves_there_and_back
}

# bats test_tags=ebpf
@test "IPv6: connections outlive two moves in a row, and new ones are the new node's" {
  only_on ebpf
  OCF_RESKEY_ip=$VIP6 moves_there_and_back
}

# bats test_tags=ebpf
@test "the other hash modes keep connections, too" {
  only_on ebpf
  for mode in sourceip sourceip-sourceport-destport; do
    export OCF_RESKEY_clusterip_hash=$mode
    start 1 1 2 3
    talk
    move 1 2 1 2 3
    none_was_lost
    new_ones_go_to 2
    kill "$TALK"
    TALK=''
    eventually nothing_is_left_on 1
    stop 2 1 2 3
  done
}

# bats test_tags=ebpf
@test "without drain the same move loses every connection" {
  only_on ebpf
  unset OCF_RESKEY_drain
  start 1 1 2 3
  talk
  move 1 2 1 2 3
  sleep 2 # what was lost in the move itself is sent again, and only then reset
  talked
  [[ $said == *$'\n'"ended $connections"$'\n'* ]]
}

# bats test_tags=ebpf
@test "the last bucket's stop is done at once; the address leaves when the time is over, with all else" {
  only_on ebpf
  before=$(trace 1)
  start 1 1 2 3
  talk
  in_transition 1 2 1 2 3
  OCF_RESKEY_CRM_meta_on_node=node1 stop 1 1 2 3
  run -7 probe 1 1
  none_was_lost
  on 1 loadshare status "$VIP" | grep -E "draining +1-3 with $connections connections, for . s at most"
  sleep 4
  eventually nothing_is_left_on 1
  expect_trace 1 "$before"
}

# bats test_tags=ebpf
@test "the address leaves all the same when those who wait for it are killed" {
  only_on ebpf
  start 1 1 2 3
  talk
  in_transition 1 2 1 2 3
  OCF_RESKEY_CRM_meta_on_node=node1 stop 1 1 2 3
  # The first is killed, and the one that stands by takes its place.
  kill -9 "$(waiting_in 1 | head -n 1)"
  sleep 4
  eventually nothing_is_left_on 1
  # Both: the kernel takes the address, and the next call what is left.
  OCF_RESKEY_CRM_meta_on_node=node1 start 1 1 2 3
  kill "$TALK"
  talk
  OCF_RESKEY_CRM_meta_on_node=node1 stop 1 1 2 3
  waiting_in 1 | xargs kill -9
  sleep 5
  [ -z "$(on 1 ip -o address show to "$VIP")" ]
  run -7 probe 1 1
  eventually nothing_is_left_on 1
}

# waiting_in NODE: the processes that `settle_later` left behind there.
waiting_in() {
  local process
  for process in $(ip netns pids "$LAB-node$1"); do
    [ "$(cat "/proc/$process/comm")" = loadshare ] && echo "$process"
  done
}

# bats test_tags=ebpf
@test "a start within the drain takes the bucket back, and no connection is lost" {
  only_on ebpf
  start 1 1 2 3
  talk
  in_transition 1 2 1 2 3
  OCF_RESKEY_CRM_meta_on_node=node1 stop 1 1 2 3
  in_transition 2 1 1 2 3
  OCF_RESKEY_CRM_meta_on_node=node1 start 1 1 2 3
  agent 1 monitor 1
  sleep 5
  none_was_lost
  on 1 ip -4 address show dev lo | grep -A 1 -F "$VIP/" | grep -F 'valid_lft forever'
  new_ones_go_to 1
}

# bats test_tags=ebpf
@test "a drain ends with its last connection" {
  only_on ebpf
  export OCF_RESKEY_drain=60
  start 1 1 2 3
  talk
  move 1 2 1 2 3
  kill "$TALK"
  TALK=''
  # Nobody waits for connections in TIME_WAIT.
  eventually nothing_is_left_on 1
}

# bats test_tags=ebpf
@test "when the time is over the old node is silent and the new one resets what is left" {
  only_on ebpf
  start 1 1 2 3
  talk
  move 1 2 1 2 3
  sleep 5.5
  talked
  # Not looked at: what the old node's sockets send again, since nobody's acknowledgements reach them.
  [[ $said == *$'\n'"ended $connections"$'\n'* ]]
  eventually served_by_2_alone
}
served_by_2_alone() { talked && served_by 2 $connections; }

# bats test_tags=ebpf
@test "after a crash the new node resets unknown connections at once" {
  only_on ebpf
  the_cluster_recalls
  start 1 1 2
  start 2 3
  talk
  lab_power_off 1
  unset OCF_RESKEY_CRM_meta_notify_{stop,start}_{resource,uname}
  start 2 1 2
  sleep 0.7
  talked
  served_by 2 $connections
  lab_node 1
  lab_serve_on 1
}

# bats test_tags=ebpf
@test "who was told of a move spares connections, also when the cluster has forgotten it" {
  only_on ebpf
  the_cluster_recalls
  start 1 1 2
  start 3 3
  talk
  in_transition 1 2 1 2
  OCF_RESKEY_CRM_meta_on_node=node1 stop 1 1 2
  the_cluster_recalls 1 1 2
  tell 3
  # Node 2 never comes to start it, and somebody cleans up.
  the_cluster_recalls
  unset OCF_RESKEY_CRM_meta_notify_{stop,start}_{resource,uname}
  start 3 1 2
  none_was_lost
}

# bats test_tags=ebpf
@test "a transition that was cut short: the cluster's record of the stop is enough" {
  only_on ebpf
  start 1 1 2 3
  talk
  in_transition 1 2 1 2 3
  OCF_RESKEY_CRM_meta_on_node=node1 stop 1 1 2 3
  the_cluster_recalls 1 1 2 3
  unset OCF_RESKEY_CRM_meta_notify_{stop,start}_{resource,uname}
  OCF_RESKEY_CRM_meta_on_node=node2 start 2 1 2 3
  none_was_lost
  new_ones_go_to 2
}

# bats test_tags=ebpf
@test "a probe keeps a drain that the cluster knows of, and ends one that it does not" {
  only_on ebpf
  start 1 1 2 3
  talk
  in_transition 1 2 1 2 3
  OCF_RESKEY_CRM_meta_on_node=node1 stop 1 1 2 3
  export OCF_RESKEY_CRM_meta_on_node=node1
  the_cluster_recalls 1 1 2 3
  run -7 probe 1 1
  none_was_lost
  the_cluster_recalls # somebody has cleaned up: another node will take the buckets for free
  for bucket in 1 2 3; do run -7 probe 1 $bucket; done
  unset OCF_RESKEY_CRM_meta_notify_{stop,start}_{resource,uname}
  OCF_RESKEY_CRM_meta_on_node=node2 start 2 1 2 3
  eventually served_by_2_alone
  eventually nothing_is_left_on 1
}

# bats test_tags=ebpf
@test "two addresses drain side by side, and the end of one is not the other's" {
  only_on ebpf
  start 1 1 2 3
  OCF_RESKEY_ip=10.77.0.101 start 1 1 2 3
  talk
  in_transition 1 2 1 2 3
  OCF_RESKEY_CRM_meta_on_node=node1 stop 1 1 2 3
  OCF_RESKEY_ip=10.77.0.101 OCF_RESKEY_CRM_meta_on_node=node1 stop 1 1 2 3
  # Nobody talks to this one.
  OCF_RESKEY_ip=10.77.0.101 eventually is_not_held_on 1
  none_was_lost
  on 1 loadshare status "$VIP" | grep " with $connections connections"
  eventually nothing_is_left_on 1
}
is_not_held_on() { run on "$1" loadshare status "$OCF_RESKEY_ip" && [ "$status" -eq 7 ]; }

# bats test_tags=ebpf
@test "a program that is taken away during a drain leaves a silent node, and nothing behind" {
  only_on ebpf
  before=$(trace 1)
  start 1 1 2 3
  talk
  move 1 2 1 2 3
  take_program_away 1
  eventually nothing_is_left_on 1
  expect_trace 1 "$before"
  talked
  [[ $said == *$'\n'"torn 0"$'\n'* ]]
}

# bats test_tags=ebpf
@test "a firewall that is reloaded on every node in the middle of a drain loses nothing" {
  only_on ebpf
  export OCF_RESKEY_drain=20
  start 1 1 2 3
  talk
  flushed
  move 1 2 1 2 3
  flushed
  none_was_lost
  served_by 1 $connections
  new_ones_go_to 2
  move 2 1 1 2 3
  flushed
  none_was_lost
  new_ones_go_to 1
}
flushed() {
  for node in 1 2 3; do on $node nft flush ruleset; done
  sleep 0.3
}

# bats test_tags=ebpf
@test "what begins anew from the same port is the new node's alone" {
  only_on ebpf
  start 1 1 2 3
  # The old node has sockets of these for a time, and that of the talk stays open.
  ask "$VIP" tcp --sport 4000 --summary
  talk
  move 1 2 1 2 3
  for ((round = 0; round < 3; round++)); do
    [ "$(ask "$VIP" tcp --sport 4000 --wait 2000 | grep -c "$(node_mac 2)")" = $connections ]
  done
  none_was_lost
}

# bats test_tags=ebpf
@test "a socket of an earlier time on the node is not taken for a connection, nor counted as one" {
  only_on ebpf
  start 1 1 2 3
  talk
  # Nobody drains here: node 1 keeps sockets of connections that node 2 resets.
  the_cluster_recalls
  stop 1 1 2 3
  start 2 1 2 3
  eventually served_by_2_alone
  PATH=${PATH#*:} # the cluster recalls the stop
  move 2 1 1 2 3
  none_was_lost
  served_by 2 $connections
  on 1 ss -tn state established src "$VIP" | grep -q "$VIP" # or there was nothing to be mistaken
  move 1 3 1 2 3
  # A drain without connections is over as soon as somebody looks.
  run on 1 loadshare status "$VIP"
  [ "$status" -eq 7 ] || [[ $output =~ draining\ +1-3\ with\ 0\ connections ]]
}

# watch_on NODE: returns once `loadshare watch` runs there, which is not as long as the machine is busy.
watch_on() {
  (exec ip netns exec "$LAB-node$1" loadshare watch "$VIP" --rate 100000 >"$BATS_TEST_TMPDIR/watch$1" 3>&-) &
  WATCHES+=($!)
  eventually watch_said "$1" 'Ctrl-C'
}

# watch_said NODE PATTERN
watch_said() { grep -qE -e "$2" "$BATS_TEST_TMPDIR/watch$1"; }

# watch_says NODE PATTERN…: sooner or later it does.
watch_says() {
  local pattern
  for pattern in "${@:2}"; do eventually watch_said "$1" "$pattern" || return; done
}

# bats test_tags=ebpf
@test "watch tells of each packet what its connection decides while its bucket moves" {
  only_on ebpf
  export OCF_RESKEY_drain=60
  start 1 1 2 3
  talk
  move 1 2 1 2 3
  WATCHES=()
  watch_on 1
  watch_on 2
  ask "$VIP" tcp --sport 4000 --wait 1000 --summary
  ask "$VIP" ping --wait 1000 --summary
  # Of TCP: what goes on, and what begins. Pings are the new owner's.
  watch_says 1 'this node owns none, drains 1,2,3;' ' tcp .*drains if known$' ':4000 .* not responsible$' \
    ' icmp .* not responsible$'
  watch_says 2 'this node owns 1,2,3, and 1,2,3 may drain elsewhere;' ' tcp .*ours if known$' ':4000 .*  responsible$' \
    ' icmp .*  responsible$'
  kill "${WATCHES[@]}"
  wait "${WATCHES[@]}"
  run -1 grep -E ' bucket [0-9]+  (responsible|ours if known)$' "$BATS_TEST_TMPDIR/watch1"
  run -1 grep -E ' bucket [0-9]+  (not responsible|drains if known)$' "$BATS_TEST_TMPDIR/watch2"
  none_was_lost
}

# bats test_tags=ebpf
@test "which tells what drains here, with its connections, and what may drain elsewhere" {
  only_on ebpf
  export OCF_RESKEY_drain=60
  start 1 1 2 3
  talk
  move 1 2 1 2 3
  no_pacemaker
  run -0 on 1 loadshare which "$VIP" 10.77.1.1
  [[ $output == *' no'$'\n'* ]]
  [ "$(awk '/^Bucket [123] drains here: [0-9]+ connections? left, for [1-6]?[0-9] s at most\.$/ { sum += $5 } END { print sum }' \
    <<<"$output")" = $connections ]
  run -0 on 2 loadshare which "$VIP" 10.77.1.1
  [[ $output == *' yes'$'\n'* ]]
  [ "$(grep -c '^Another node may go on with older connections of bucket [123], for [1-6]*[0-9] s at most\.$' <<<"$output")" = 3 ]
  run -0 on 1 loadshare which "$VIP" 10.77.1.1 --json
  [[ $output == *'"draining": {'* && $output == *'"connections": '* ]]
}

# bats test_tags=ebpf
@test "check says whether the kernel tells its connections, where there is a drain" {
  only_on ebpf
  check=(loadshare check --ip "$VIP" --nic cluster0 --mac "$VIP_MAC" --backend ebpf)
  run -0 on 1 "${check[@]}"
  [[ $output != *sockets* ]]
  run -0 on 1 "${check[@]}" --drain 30
  grep -F '  ok    the kernel tells its TCP sockets, whose connections drain keeps' <<<"$output"
  start 1 1
  run -0 on 1 "${check[@]}"
  grep -F '  ok    the kernel tells its TCP sockets, whose connections drain keeps' <<<"$output"
}

# bats test_tags=ebpf
@test "no connection is tracked for a drain's sake, and once it is over nothing speaks of it" {
  only_on ebpf
  before=$(on 1 cat /proc/sys/net/netfilter/nf_conntrack_count 2>/dev/null || echo 0)
  the_cluster_recalls
  start 1 1
  start 2 2 3
  talk
  move 1 2 1
  ask "$VIP" tcp --summary
  eventually no_moves_on 2
  [ "$(on 1 cat /proc/sys/net/netfilter/nf_conntrack_count 2>/dev/null || echo 0)" = "$before" ]
  run -0 on 2 nft list ruleset
  [ -z "$output" ]
}
no_moves_on() { ! on "$1" loadshare status "$VIP" | grep -E '^ *draining'; }

# bats test_tags=ebpf
@test "a drain without notify, or with CLUSTERIP, is a configuration error in one line" {
  only_on ebpf
  unset OCF_RESKEY_CRM_meta_notify
  run -6 agent 1 start 1
  [[ $output == *'drain: needs a clone with the meta attribute notify=true'* ]]
  export OCF_RESKEY_CRM_meta_notify=true OCF_RESKEY_backend=clusterip
  run -6 agent 1 validate-all 1
  [[ $output == *'drain: CLUSTERIP cannot tell connections apart: set backend=ebpf'* ]]
}
