# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# TCP connections to the cluster address that never pause, and SYNs that ask who takes new ones. Sourced
# behind audit.bash; words are those of `traffic converse --help` and `traffic knock --help`.

# What the window that was read last contained, and the lines about single connections and buckets.
declare -gA heard=() knocked=()
endings=() tears=() takings=()

servers=()

# serve NODE…: each greets with its name and echoes, until it is powered off.
serve() {
  local node STARTED='' STARTED_OUTPUT=''
  for node; do
    lab_serve_on "$node" || return
    exec {STARTED_OUTPUT}<&-
    servers+=("$STARTED")
  done
}

# converse [OPTION…]: 60 connections from now on; the first window begins when all are open.
converse() {
  local STARTED='' STARTED_OUTPUT=''
  lab_start client "$TRAFFIC" converse --interface lan0 --address "$VIP" --first "$FIRST_CLIENT" \
    --interval $((20 * SLOWNESS)) "$@" || return
  CONVERSING=$STARTED CONVERSATION=$STARTED_OUTPUT
}

# knock [OPTION…]: SYNs of each of six buckets from now on.
knock() {
  local STARTED='' STARTED_OUTPUT=''
  lab_start client "$TRAFFIC" knock --interface lan0 --address "$VIP" --mac "$VIP_MAC" \
    --first "$FIRST_CLIENT" --interval $((3 * SLOWNESS)) "$@" || return
  KNOCKING=$STARTED KNOCKS=$STARTED_OUTPUT
}

# listen: ends the window of the conversations and reads it.
listen() {
  local word rest
  heard=() endings=() tears=()
  kill -USR1 "$CONVERSING" || return
  while read -r -t $((20 * SLOWNESS)) -u "$CONVERSATION" word rest; do
    case $word in
      end) return ;;
      ended-at) endings+=("$rest") ;;
      torn-at) tears+=("$rest") ;;
      node) heard[${rest% *}]=${rest#* } ;;
      *) heard[$word]=$rest ;;
    esac
  done
  echo "converse said nothing" >&2
  return 1
}

# who_took: ends the window of the knocking and reads it.
who_took() {
  local word rest
  knocked=() takings=()
  kill -USR1 "$KNOCKING" || return
  while read -r -t $((20 * SLOWNESS)) -u "$KNOCKS" word rest; do
    case $word in
      end) return ;;
      taken) takings+=("$rest") ;;
      duplicate-at) tears+=("knock $rest") ;;
      holder) knocked[holder-${rest% *}]=${rest#* } ;;
      *) knocked[$word]=$rest ;;
    esac
  done
  echo "knock said nothing" >&2
  return 1
}

# be_quiet: all end, the last windows stay unread.
be_quiet() {
  [ ${#servers[@]} -eq 0 ] || kill "${servers[@]}" 2>/dev/null # one may be gone with its node
  servers=()
  [ -z "${CONVERSING:-}" ] || { kill "$CONVERSING" 2>/dev/null; exec {CONVERSATION}<&-; }
  [ -z "${KNOCKING:-}" ] || { kill "$KNOCKING" 2>/dev/null; exec {KNOCKS}<&-; }
  CONVERSING='' KNOCKING=''
}

# clock NODE…: from now on the helper writes down when it began and ended there.
clock() {
  local node
  for node; do cp "$here/fixtures/clocked_loadshare" "$CLUSTER/node$node/bin/loadshare"; done
}
clock_no_more() { rm -f "$CLUSTER"/node*/bin/loadshare "$CLUSTER"/node*/clocked; }

# behind_start TAKING: from the end of the start by which that node took that bucket, in microseconds: until
# the first SYN that was answered, and until the last that was lost. Behind `clock`.
behind_start() {
  local bucket mac sent lost ended
  read -r bucket mac sent _ lost <<<"$1"
  read -r _ ended _ < <(grep " start .*--clone=$((bucket - 1)) " "$CLUSTER/node$((16#${mac##*:}))/clocked" |
    tail -n 1 | tr -d .)
  echo $((sent - ended)) $((lost - ended))
}

# in_short: the window of the conversations, as one line.
in_short() {
  echo "${heard[ended]} of 60 connections ended, ${heard[wrong]} wrong bytes, ${heard[torn]} times torn, ${heard[late]} late," \
    "longest silence ${heard[silence]% *} ms"
}

# all_kept: in the window that was read, no connection ended, no byte was wrong, and none but its own
# node spoke to it.
all_kept() {
  [ "${heard[open]} ${heard[ended]} ${heard[wrong]} ${heard[torn]} ${heard[missed]}" = "60 0 0 0 0" ] && return
  { in_short; printf '%s\n' "${endings[@]:0:10}" "${tears[@]:0:10}"; } >&2
  return 1
}
