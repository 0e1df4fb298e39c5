# Runs the agent as Pacemaker does, with a fake helper; loaded by every test file here.
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash

bats_require_minimum_version 1.5.0

project=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
agent=$project/agent/ClusterIP
log=$BATS_TEST_TMPDIR/log
agent_path=$BATS_TEST_DIRNAME/fixtures:$PATH
agent_shell=()
environment=()
functions=/usr/lib/ocf/lib/heartbeat

fake_status=0 fake_stdout='' fake_stderr=''

# fake_helper STATUS|signal-NAME|remembered [STDOUT [STDERR]]
fake_helper() {
  fake_status=$1 fake_stdout=${2-} fake_stderr=${3-}
}

# given NAME=VALUE…: parameters (also CRM_meta_*) of the resource.
given() {
  environment+=("${@/#/OCF_RESKEY_}")
}

# As Pacemaker calls a recurring action; `given CRM_meta_interval=0` makes a monitor a probe.
agent() {
  env -i PATH="$agent_path" OCF_ROOT=/usr/lib/ocf OCF_FUNCTIONS_DIR="$functions" \
    OCF_RESOURCE_INSTANCE=vip:0 OCF_RA_VERSION_MAJOR=1 OCF_RA_VERSION_MINOR=1 \
    OCF_RESKEY_CRM_meta_interval=10000 HA_LOGFILE="$log" FAKE_DIRECTORY="$BATS_TEST_TMPDIR" \
    FAKE_STATUS="$fake_status" FAKE_STDOUT="$fake_stdout" FAKE_STDERR="$fake_stderr" \
    "${environment[@]}" "${agent_shell[@]}" "$agent" "$@" </dev/null
}

# open_agent: a copy with the same mode, which nobody can reach: there may be no way for him into the project's folder.
open_agent() {
  mkdir -m 755 "$BATS_TEST_TMPDIR/open"
  chmod o+x "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" "$BATS_TEST_TMPDIR"
  cp -p "$agent" "$BATS_TEST_TMPDIR/open/"
  echo "$BATS_TEST_TMPDIR/open/${agent##*/}"
}

# The commands that the helper was called with, on one line.
helper_calls() {
  [ ! -e "$BATS_TEST_TMPDIR/calls" ] || paste -sd ' ' "$BATS_TEST_TMPDIR/calls"
}

# helper_was_given COMMAND WORD…: the command, then exactly these words, unchanged, in any order.
helper_was_given() {
  local given
  # The interval and the name that `agent` sets itself are not what a test is about.
  mapfile -d '' given < <(grep -azvx -e --interval=10000 -e --resource=vip "$BATS_TEST_TMPDIR/arguments")
  printf 'the helper was given: %q\n' "${given[@]}"
  [ "${given[0]}" = "$1" ]
  cmp <(printf '%s\0' "$@" | sort -z) <(printf '%s\0' "${given[@]}" | sort -z)
}

# What crm_mon would show: Pacemaker keeps the text after this prefix.
reason() {
  local line
  while read -r line; do
    case $line in ocf-exit-reason:*) echo "${line#*:}" ;; esac
  done <<<"$stderr"
}

# logged LEVEL TEXT
logged() {
  grep -F "$1: $2" "$log"
}

# Leaves the agent only these programs, although ocf-binaries extends PATH by the usual folders.
only_programs() {
  local program bin=$BATS_TEST_TMPDIR/bin
  mkdir -m 755 "$bin" "$BATS_TEST_TMPDIR/functions"
  for program in "$@"; do ln -s "$(PATH=$agent_path type -P "$program")" "$bin/"; done
  ln -s "$functions"/ocf-* "$BATS_TEST_TMPDIR/functions/"
  rm "$BATS_TEST_TMPDIR/functions/ocf-binaries"
  printf '. %s/ocf-binaries\nPATH=%s\n' "$functions" "$bin" \
    >"$BATS_TEST_TMPDIR/functions/ocf-binaries"
  functions=$BATS_TEST_TMPDIR/functions
  agent_path=$bin
}

metadata_names() { # XPATH of name attributes
  agent meta-data | xmllint --nonet --xpath "$1" - | sed 's/.*name="\([^"]*\)".*/\1/'
}
