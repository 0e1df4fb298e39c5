#!/usr/bin/env bats
# What each exit status of the helper becomes for the cluster, and whether a reason goes with it.
# SPDX-License-Identifier: GPL-2.0-or-later

load agent

header=$project/include/loadshare/exit_code.h

# What the agent answers; "!": with a reason in crm_mon, which the others must not have.
table='
  helper        start  stop  monitor  probe  validate-all
  0             0      0     0        0      0
  1             1!     1!    1!       1!     1!
  2             2!     2!    2!       2!     2!
  3             3!     3!    3!       3!     3!
  4             4!     4!    4!       4!     4!
  5             5!     0     5!       7      5!
  6             6!     0     6!       6!     6!
  7             1!     0     7        7      1!
  8             1!     1!    1!       1!     1!
  42            1!     1!    1!       1!     1!
  126           1!     0     1!       7      1!
  127           1!     0     1!       7      1!
  signal-TERM   1!     1!    1!       1!     1!
  signal-SEGV   1!     1!    1!       1!     1!
  signal-KILL   1!     1!    1!       1!     1!
  255           1!     1!    1!       1!     1!
'

answers_as_in_column() { # ACTION COLUMN
  local action=$1 played words expected why
  while read -r -a words; do
    [[ ${words[0]-} =~ [0-9]|signal ]] || continue
    played=${words[0]} expected=${words[$2]}
    fake_helper "$played" '' $'as the helper put it\n'
    run --separate-stderr agent "$action"
    why=$(reason)
    echo "helper $played: $action must answer $expected, answers $status, reason '$why'"
    [ "$status" = "${expected%!}" ]
    case $expected in
      *!) [[ $why = *'as the helper put it' ]] ;;
      *) [ -z "$why" ] ;;
    esac
  done <<<"$table"
}

@test "every exit status of the helper has its answer to start" { answers_as_in_column start 1; }
@test "every exit status of the helper has its answer to stop" { answers_as_in_column stop 2; }
@test "every exit status of the helper has its answer to monitor" { answers_as_in_column monitor 3; }
@test "status answers as monitor does" { answers_as_in_column status 3; }
@test "every exit status of the helper has its answer to a probe" {
  given CRM_meta_interval=0
  answers_as_in_column monitor 4
}
@test "every exit status of the helper has its answer to validate-all" {
  answers_as_in_column validate-all 5
}

@test "an error without a word gets a reason that names the exit status, in every action" {
  for action in start stop monitor validate-all; do
    for code in 1 4 42; do
      fake_helper $code
      run --separate-stderr agent $action
      [[ $(reason) = *"loadshare gave no reason (exit status $code)"* ]]
    done
  done
}

@test "the helper's exit codes are those of ocf-shellfuncs" {
  # `  not_running = 7,` as "not_running 7"
  codes=$(sed -n 's/^ *\([a-z_]*\) = \([0-9]*\),.*/\1 \2/p' "$header" | sort)
  ours() { # OUR-NAME SHELL-NAME
    echo "$1 $(sh -c '. "$1"; eval "echo \$$2"' sh "$functions/ocf-returncodes" "$2")"
  }
  diff <(echo "$codes") <(
    {
      ours success OCF_SUCCESS
      ours generic_error OCF_ERR_GENERIC
      ours bad_arguments OCF_ERR_ARGS
      ours unimplemented OCF_ERR_UNIMPLEMENTED
      ours permission_denied OCF_ERR_PERM
      ours not_installed OCF_ERR_INSTALLED
      ours not_configured OCF_ERR_CONFIGURED
      ours not_running OCF_NOT_RUNNING
    } | sort
  )
}

@test "the table above has every code of the helper's list, and start passes on exactly its errors" {
  diff <(awk '$2 == $1 "!" || $1 == "0" || $1 == "7" { print $1 }' <<<"$table") \
    <(sed -n 's/^ *[a-z_]* = \([0-9]*\),.*/\1/p' "$header")
}
