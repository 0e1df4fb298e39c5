# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What the parts of `./dev bench` share: rounds, medians, counts. Sourced by them.
#
# A figure is the median of ROUNDS, and what a table compares is measured by turns in the same rounds:
# whatever else the machine does hits all of them alike. The least of a column is shown too, as it is
# what the machine can do when nobody disturbs it.

: "${ROUNDS:=20}"
REPOSITORY=$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd)
: "${LOADSHARE_BUILD:=$REPOSITORY/build/main}"
STOPWATCH=$LOADSHARE_BUILD/tests/bench/stopwatch
SAMPLES=$(mktemp -d)
export LOADSHARE_BUILD

# The part's own `leave`, where it has one, takes down what it has built.
end_part() {
  ! declare -F leave >/dev/null || leave
  rm -rf "$SAMPLES"
}
trap end_part EXIT
trap 'exit 130' INT TERM

# sample NAME COMMAND…: one round of it. Fails, aloud, where the command does.
sample() {
  local line
  line=$("$STOPWATCH" "${@:2}") || return
  echo "$line" >>"$SAMPLES/$1"
  [ "${line##* }" = "${EXPECTED_STATUS:-0}" ] && return
  echo "$1: exit status ${line##* } of: ${*:2}" >&2
  "${@:2}" >&2
  return 1
}

# column NAME N: all samples of it, ascending; 1 is wall and 2 is CPU, in µs, 3 memory in KiB.
column() { awk -v n="$2" '{ print $n }' "$SAMPLES/$1" | sort -n; }
median() { column "$@" | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'; }
least() { column "$@" | head -n 1; }

# ms MICROSECONDS; ratio A B
ms() { awk -v us="$1" 'BEGIN { printf "%.1f", us / 1000 }'; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'; }

# counted COMMAND…: "FORKS EXECS", itself not included. What it prints goes nowhere.
counted() {
  strace -f -qq -o "$SAMPLES/strace" -e trace=%process "$@" >/dev/null 2>&1
  awk '/(clone|clone3|fork|vfork)\(/ { forks++ }
    /execve\(/ && / = 0$/ { execs++ }
    END { print forks + 0, execs - 1 }' "$SAMPLES/strace"
}

# Of which machine, for whoever reads the tables elsewhere.
about_machine() {
  echo "Linux $(uname -r), $(nproc) cores, $(date +%F); medians of $ROUNDS rounds, taken by turns."
}
