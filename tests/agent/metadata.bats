#!/usr/bin/env bats
# The action meta-data: what cluster shells and administrators read.
# SPDX-License-Identifier: GPL-2.0-or-later

load agent

dtd=/usr/share/resource-agents/ra-api-1.dtd

xpath() { # EXPRESSION
  agent meta-data | xmllint --nonet --xpath "$1" -
}

@test "the metadata is valid against ra-api-1.dtd" {
  run -0 --separate-stderr agent meta-data
  [ -z "$stderr" ]
  xmllint --nonet --noout --dtdvalid "$dtd" - <<<"$output"
}

@test "the metadata declares OCF 1.1 and the agent's own name" {
  [ "$(xpath 'string(/resource-agent/version)')" = 1.1 ]
  [ "$(xpath 'string(/resource-agent/@name)')" = "${agent##*/}" ]
}

@test "the metadata is printed without calling the helper, whatever the parameters are" {
  given ip=bogus
  fake_helper 6
  run -0 agent meta-data
  [ -z "$(helper_calls)" ]
}

@test "the metadata needs no resource and no API version" {
  env -i PATH=/usr/bin:/bin "$agent" meta-data | xmllint --nonet --noout --dtdvalid "$dtd" -
}

@test "nobody can print the metadata" {
  # Without root, whoever runs the tests is nobody enough.
  as_nobody=()
  [ "$(id -u)" != 0 ] ||
    as_nobody=(setpriv --reuid=nobody --regid=nogroup --clear-groups --no-new-privs)
  "${as_nobody[@]}" env -i PATH=/usr/bin:/bin "$(open_agent)" meta-data |
    xmllint --nonet --noout --dtdvalid "$dtd" -
}

@test "the metadata and the usage need no program but sh and cat" {
  only_programs sh cat
  run -0 --separate-stderr agent meta-data
  xmllint --nonet --noout --dtdvalid "$dtd" - <<<"$output"
  [ -z "$stderr" ]
  run -0 agent usage
}

@test "every parameter of the metadata is handed to the helper" {
  names=$(metadata_names '//parameter/@name')
  [ "$(wc -l <<<"$names")" -ge 14 ]
  for name in $names; do
    given "$name=value of $name"
  done
  run -0 agent start
  for name in $names; do
    grep -zq -- "^--[a-z-]*=value of $name\$" "$BATS_TEST_TMPDIR/arguments"
  done
}

@test "every parameter that is handed to the helper is in the metadata, and each once" {
  diff <(metadata_names '//parameter/@name' | sort) \
    <(sed -n 's/.*\${OCF_RESKEY_\([A-Za-z_]*\):+"--.*/\1/p' "$agent" | grep -v ^CRM_meta_ | sort)
}

@test "every parameter has a short and a long text in English" {
  texts=$(xpath 'count(//parameter[shortdesc[@lang="en" and string-length(normalize-space()) > 5]
    and longdesc[@lang="en" and string-length(normalize-space()) > 40]])')
  [ "$texts" = "$(xpath 'count(//parameter)')" ]
}

@test "only ip is required, and only ip is unique among resources" {
  [ "$(metadata_names '//parameter[@required="1"]/@name')" = ip ]
  [ "$(metadata_names '//parameter[@unique="1"]/@name')" = ip ]
}

@test "the defaults are those of IPaddr2's cluster address clones" {
  while read -r name default; do
    [ "$(xpath "string(//parameter[@name='$name']/content/@default)")" = "$default" ]
  done <<END
clusterip_hash sourceip-sourceport
clusterip_hash_seed 0
backend auto
arp_count 5
arp_interval 200
arp_bg true
lease false
drain 0
noprefixroute false
END
  [ "$(xpath 'count(//content/@default)')" = 9 ]
}

@test "every default is said in the long text too" {
  for name in $(metadata_names '//parameter[content/@default]/@name'); do
    default=$(xpath "string(//parameter[@name='$name']/content/@default)")
    xpath "string(//parameter[@name='$name']/longdesc)" | grep -x "Default: $default\."
  done
}

@test "every advertised action is known to the agent" {
  names=$(metadata_names '//action/@name')
  [ "$(wc -l <<<"$names")" -ge 6 ]
  for name in $names; do run -0 agent "$name"; done
}

@test "start, stop, monitor, status, notify, validate-all and meta-data are advertised with a timeout" {
  [ "$(metadata_names '//action[@timeout]/@name' | sort | paste -sd ' ')" = \
    'meta-data monitor notify start status stop validate-all' ]
  [ "$(xpath 'string(//action[@name="monitor"]/@interval)')" = 10s ]
}

@test "the metadata says that the address is a globally-unique clone" {
  xpath 'string(/resource-agent/longdesc)' | grep -F globally-unique=true
}
