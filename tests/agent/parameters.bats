#!/usr/bin/env bats
# From the resource's parameters to the helper's options, whatever the values are.
# SPDX-License-Identifier: GPL-2.0-or-later

load agent

# parameter, option
options='
  ip                       --ip
  nic                      --nic
  cidr_netmask             --netmask
  broadcast                --broadcast
  iflabel                  --label
  mac                      --mac
  clusterip_hash           --hash
  clusterip_hash_seed      --seed
  backend                  --backend
  arp_count                --arp-count
  arp_interval             --arp-interval
  arp_bg                   --arp-bg
  lease                    --lease
  noprefixroute            --noprefixroute
  network_namespace        --network-namespace
  CRM_meta_clone           --clone
  CRM_meta_clone_max       --total
  CRM_meta_globally_unique --globally-unique
  CRM_meta_interval        --interval
  CRM_meta_timeout         --timeout
  drain                    --drain
  CRM_meta_notify          --notify
  CRM_meta_on_node         --node
  CRM_meta_notify_stop_resource  --stopping
  CRM_meta_notify_stop_uname     --stopping-on
  CRM_meta_notify_start_resource --starting
  CRM_meta_notify_start_uname    --starting-on
'

each_option() { # CALLBACK: called with parameter and option
  local parameter option
  while read -r parameter option; do
    [ -z "$parameter" ] || "$1" "$parameter" "$option"
  done <<<"$options"
}

setup() {
  # Something for a glob to match, and a place where `touch x` would show.
  mkdir "$BATS_TEST_TMPDIR/here"
  cd "$BATS_TEST_TMPDIR/here" || return
  touch a b
}

@test "each parameter alone becomes exactly its own option" {
  hand_over() {
    environment=("OCF_RESKEY_$1=value of $1")
    agent start
    helper_was_given start "$2=value of $1"
  }
  each_option hand_over
}

@test "the helper's own table of options names the same parameter for each option" {
  # `    {"netmask", "cidr_netmask", …` as "cidr_netmask --netmask"; nullptr: not for the agent
  diff <(sed -n 's/^ *{"\([a-z-]*\)", "\([A-Za-z_]*\)",.*/\2 --\1/p' "$project/helper/request/options.cpp" | sort) \
    <(awk 'NF { print $1, $2 }' <<<"$options" | sort)
}

@test "all parameters together reach the helper in every action that calls it" {
  expected=()
  collect() {
    given "$1=value of $1"
    expected+=("$2=value of $1")
  }
  each_option collect
  for action in start stop monitor validate-all; do
    run -0 agent $action
    helper_was_given "${action%-all}" "${expected[@]}"
  done
}

@test "the helper is told the resource's name, without the number of the instance" {
  for instance in vip:0 vip:11 vip; do
    environment=("OCF_RESOURCE_INSTANCE=$instance")
    agent monitor
    grep -azqx -e --resource=vip "$BATS_TEST_TMPDIR/arguments"
  done
}

@test "an empty parameter is an unset one" {
  leave_empty() { given "$1="; }
  each_option leave_empty
  run -0 agent start
  helper_was_given start
}

@test "0, no and false are values" {
  given CRM_meta_clone=0 arp_bg=no noprefixroute=false clusterip_hash_seed=0
  run -0 agent start
  helper_was_given start --clone=0 --arp-bg=no --noprefixroute=false --seed=0
}

@test "an instance that is no clone names no bucket" {
  given ip=10.0.0.100
  run -0 agent start
  helper_was_given start --ip=10.0.0.100
}

@test "other parameters that Pacemaker sets are not handed over" {
  given ip=10.0.0.100 CRM_meta_name=start CRM_meta_on_node_uuid=1 CRM_meta_clone_node_max=6 \
    crm_feature_set=3.16.2 netmask=24
  run -0 agent start
  helper_was_given start --ip=10.0.0.100
}

hostile_value_arrives() {
  value=$1
  expected=()
  collect() {
    given "$1=$value"
    expected+=("$2=$value")
  }
  each_option collect
  for agent_shell in dash 'bash --posix'; do
    read -ra agent_shell <<<"$agent_shell"
    run -0 agent start
    [ -z "$output" ]
    helper_was_given start "${expected[@]}"
  done
  [ "$(echo *)" = 'a b' ]
}

@test "a value with spaces arrives as one word" { hostile_value_arrives '  two  words '; }
@test "a tab arrives as it is" { hostile_value_arrives $'a\tb'; }
@test "single and double quotes arrive as they are" { hostile_value_arrives "it's \"so\" '"; }
@test "an unpaired double quote arrives as it is" { hostile_value_arrives '"'; }
@test "a command substitution is not run" { hostile_value_arrives '$(touch x)'; }
@test "a command substitution in backquotes is not run" { hostile_value_arrives '`touch x`'; }
@test "an arithmetic expression is not computed" { hostile_value_arrives 'a[$(touch x)]+1'; }
@test "a command after a semicolon is not run" { hostile_value_arrives '1; touch x #'; }
@test "a redirection is not opened" { hostile_value_arrives '>x'; }
@test "a variable is not expanded" { hostile_value_arrives '$HOME ${OCF_ROOT}'; }
@test "a closing brace and parenthesis end nothing" { hostile_value_arrives '}") ; touch x'; }
@test "newlines arrive, also at the end" { hostile_value_arrives $'\none\ntwo\n\n'; }
@test "globs are not matched" { hostile_value_arrives '* ? [ab]'; }
@test "a tilde is not expanded" { hostile_value_arrives '~'; }
# shellcheck disable=SC1003 # the last backslash escapes nothing
@test "backslashes arrive, also at the end" { hostile_value_arrives 'a\nb\\c\'; }
@test "a leading dash makes no option of its own" { hostile_value_arrives '--dry-run'; }
@test "two dashes end no options" { hostile_value_arrives '--'; }
@test "percent signs are not formatted" { hostile_value_arrives '%s%n%d'; }
@test "bytes that are no UTF-8 arrive" { hostile_value_arrives $'\xff\xfe\x01'; }
