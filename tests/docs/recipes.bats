#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The commands of README.md and docs/operating.md, read from there, do on a real cluster what they say.
# shellcheck source-path=SCRIPTDIR

bats_require_minimum_version 1.5.0
source "$BATS_TEST_DIRNAME/../cluster/lab.bash"
source "$BATS_TEST_DIRNAME/../cluster/resource.bash"

README=$REPOSITORY/README.md
RECIPES=$REPOSITORY/docs/operating.md

setup_file() {
  # Beside other work on few cores, a short token would split the cluster.
  export CLUSTER_TOKEN=5000
  cluster_up 1
}

teardown_file() { cluster_down; }

# told FILE HEADING [N]: those commands, for this lab's address, interface and network.
told() {
  local commands
  commands=$("$REPOSITORY/tests/docs/snippet" "$@") || return
  commands=${commands//10.0.0.100/$VIP} commands=${commands//eth0/cluster0}
  commands=${commands//cidr_netmask=24/cidr_netmask=16} commands=${commands//$VIP\/24/$VIP/16}
  echo "${commands//--netmask 24/--netmask 16}"
}

# typed NODE FILE HEADING [N]: somebody types them there, and goes on only while all is well.
typed() {
  local commands
  commands=$(told "${@:2}") || return
  echo "$commands"
  on "$1" bash -ec "$commands" </dev/null
}

# recipe NODE HEADING [N]
recipe() { typed "$1" "$RECIPES" "${@:2}" && await_settled 1; }

all_six_started() { await 60 all_started 1 6 && await_settled 1; }

# holder_of BUCKET: the node.
holder_of() {
  cluster_xml 1 | xmllint --xpath "string(//clone/resource[@id='cluster-ip:$(($1 - 1))']/node/@name)" - | tr -d node
}

meta_of() { on 1 crm_resource --resource "$1" --meta --get-parameter "$2" --quiet; }

# labels: what stands before the values of `loadshare status`.
labels() { sed '1!s/^\(.\{15\}\).*/\1/'; }

@test "README: one machine by hand" {
  run -0 typed 1 "$README" "Check one machine by hand" 1
  [ "${lines[-1]}" = 0 ]
  diff <(told "$README" "Check one machine by hand" 3 | sed 1d | labels) <(on 1 loadshare status | labels)
  typed 1 "$README" "Check one machine by hand" 4
  typed 1 "$README" "Check one machine by hand" 2
  holds_nothing 1
}

@test "README: who serves whom, to the letter" {
  local printed
  printed=$("$REPOSITORY/tests/docs/snippet" "$README" "Who serves whom" 1)
  [[ $printed == '$ loadshare which '* ]]
  diff <(sed 1d <<<"$printed") <(on 1 bash -c "$(sed -n '1s/^\$ //p' <<<"$printed")")
}

@test "README: corosync takes the shorter token" {
  { cat "$CLUSTER/corosync/corosync.conf"; told "$README" "How soon another node takes over" 1; } |
    on 1 sh -ec 'cat >/run/tmp/corosync.conf && corosync -t -c /run/tmp/corosync.conf'
}

@test "README: configured with crmsh, in a cluster that has nothing yet" {
  on 1 crm_attribute --type crm_config --name stonith-enabled --delete
  typed 1 "$README" "Configure" 1
  typed 1 "$README" "Configure" 2
  all_six_started
  [ "$(buckets 1) $(buckets 2) $(buckets 3)" = "2 2 2" ]
}

# values FILE: of the clone and what is in it, by name.
values() {
  xmllint --xpath '//clone//*[@name and @value]' "$1" |
    sed 's/.*name="\([^"]*\)".*value="\([^"]*\)".*/\1=\2/; s/.*value="\([^"]*\)".*name="\([^"]*\)".*/\2=\1/' | sort
}

@test "README: configured with pcs, the result is the same as with crmsh" {
  on 1 cibadmin --query --scope resources >"$BATS_TEST_TMPDIR/crmsh"
  unconfigure 1
  run -0 on 1 bash -ec "cd /run/tmp; $(told "$README" "Configure" 3)"
  [[ ${output,,} != *deprecat* ]] || { echo "$output"; return 1; }
  all_six_started
  on 1 cibadmin --query --scope resources >"$BATS_TEST_TMPDIR/pcs"
  diff <(values "$BATS_TEST_TMPDIR/crmsh") <(values "$BATS_TEST_TMPDIR/pcs")
  # With the clone's in the clone: Pacemaker does not look for them in the primitive.
  [ "$(xmllint --xpath 'count(//clone/meta_attributes/nvpair)' "$BATS_TEST_TMPDIR/pcs")" = 3 ]
}

@test "who holds what" {
  run -0 recipe 1 "Who holds what" 1
  [[ $output == *"cluster-ip:5"*"Started node"* ]]
  node=$(holder_of 1)
  run -0 typed "$node" "$RECIPES" "Who holds what" 2
  [[ $output == *"$VIP on cluster0 with $BACKEND: healthy"* ]]
  run -0 typed "$node" "$RECIPES" "Who holds what" 3
  [[ $output == *" node1"* && $output == *"256 clients"* ]]
  run -0 typed "$node" "$RECIPES" "Who holds what" 4
  [ "${lines[-1]}" = 0 ]
  run -7 typed $((node % 3 + 1)) "$RECIPES" "Who holds what" 4
  [[ ${lines[-1]} == "bucket 1 of $VIP is not held here" ]]
  run -0 typed "$node" "$RECIPES" "Who holds what" 5
  [[ $output == *"inet $VIP/32 scope host lo"* ]]
}

@test "a node is taken out, and comes back" {
  recipe 1 "Take a node out, and back" 1
  all_six_started
  [ "$(buckets 1) $(buckets 2) $(buckets 3 1)" = "3 3 0" ]
  recipe 1 "Take a node out, and back" 2
  all_six_started
  [ "$(buckets 1) $(buckets 2) $(buckets 3)" = "2 2 2" ]
}

@test "stickiness 1 keeps buckets where they are, and a moment with 0 deals them out again" {
  on 1 crm resource meta cluster-ip set resource-stickiness 1
  recipe 1 "Take a node out, and back" 1
  recipe 1 "Take a node out, and back" 2
  [ "$(buckets 3)" = 0 ]
  recipe 1 "Take a node out, and back" 3
  all_six_started
  [ "$(buckets 1) $(buckets 2) $(buckets 3)" = "2 2 2" ]
}

@test "one bucket is moved by hand" {
  local from to
  from=$(holder_of 2) to=$((from % 3 + 1))
  recipe 1 "Move one bucket by hand" 1
  typed "$from" "$RECIPES" "Move one bucket by hand" 2
  typed "$to" "$RECIPES" "Move one bucket by hand" 3
  recipe 1 "Move one bucket by hand" 4
  all_six_started
  [ "$(holder_of 2)" = "$to" ]
  [ "$(buckets "$to")" = 3 ]
}

@test "the number of buckets is changed" {
  recipe 1 "Change the number of buckets"
  await 60 all_started 1 12
  [ "$(meta_of cluster-ip-clone clone-max) $(meta_of cluster-ip-clone clone-node-max)" = "12 12" ]
}

@test "lines for routers and switches" {
  run -0 typed 1 "$RECIPES" "Routers and switches" 1
  [[ $output == *"arp $VIP "*"arpa"*"! ---- Cisco IOS"* ]]
  typed 1 "$RECIPES" "Routers and switches" 2
}

@test "a lease is switched on" {
  recipe 1 "Without fencing"
  await 60 all_started 1 12
  run -0 on 1 loadshare status
  [[ $output == *" lease "*" on, "* ]]
}

@test "connections are kept through maintenance" {
  recipe 1 "Keep connections through maintenance" 1
  await 60 all_started 1 12
  [ "$(meta_of cluster-ip-clone notify)" = true ]
  on 1 crm node standby node3
  await_settled 1
  # Without a connection nothing is left to drain there but what is not yet noticed.
  run typed 3 "$RECIPES" "Keep connections through maintenance" 2
  [ "$status" -eq 7 ] || [[ $output == *" drain "*" 30 s"* ]]
  on 1 crm node online node3
  await_settled 1
  await 60 all_started 1 12
}
