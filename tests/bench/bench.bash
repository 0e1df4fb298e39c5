# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What the parts of `./dev bench` share: rounds, medians, counts. Sourced by them.
#
# A figure is the median of ROUNDS, and what a table compares is measured by turns in the same rounds:
# whatever else the machine does hits all of them alike, and has to wait (chrt), as a cluster's own
# daemons let it wait. The least of a column is shown too: what the machine can do undisturbed.

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

# Where a part measures: it may define an `inside` of its own, whose way there does not count.
inside() { "$@"; }

# What stands before a measured command and does not count: `env` with its words, or nothing.
SETTING=()

# sample NAME STATUS COMMAND…: one round of it. Fails, aloud, where it ends with another status.
sample() {
  local line
  line=$(inside "${SETTING[@]}" chrt --rr 1 "$STOPWATCH" "${@:3}") || return
  echo "$line" >>"$SAMPLES/$1"
  [ "${line##* }" = "$2" ] && return
  echo "$1: exit status ${line##* } instead of $2 of: ${*:3}" >&2
  inside "${SETTING[@]}" "${@:3}" >&2
  return 1
}

# column NAME N: all samples of it, ascending; 1 is wall and 2 is CPU, in µs, 3 memory in KiB.
column() { awk -v n="$2" '{ print $n }' "$SAMPLES/$1" | sort -n; }
median() { column "$@" | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'; }
least() { column "$@" | head -n 1; }

# ms MICROSECONDS; ratio A B
ms() { awk -v us="$1" 'BEGIN { printf "%.1f", us / 1000 }'; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'; }

# counted COMMAND…: "PROCESSES EXECS", itself included. What it prints goes nowhere.
counted() {
  inside "${SETTING[@]}" strace -f -qq -o "$SAMPLES/strace" -e trace=%process "$@" >/dev/null 2>&1 || :
  awk '/(clone|clone3|fork|vfork)\(/ { forks++ }
    /execve\(/ && / = 0$/ { execs++ }
    END { print forks + 1, execs + 0 }' "$SAMPLES/strace"
}

# Of which machine, for whoever reads the tables elsewhere.
about_machine() {
  echo "Linux $(uname -r), $(nproc) cores, $(date +%F); medians of $ROUNDS rounds, taken by turns."
}
