# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The audit: what an observer among the clients saw of the cluster address. Sourced behind lab.bash.

: "${PING_INTERVAL:=$((20 * SLOWNESS))}" # ms between two pings of one client
export PING_INTERVAL

# What the window that was read last contained, by the words of `traffic observe --help`, besides
# clients_of[NODE] and what went wrong, line by line.
declare -gA seen=()
clients_of=() wrong=()

# observe [OPTION…]: from now on 64 clients ping; the first window begins.
observe() {
  lab_start client "$TRAFFIC" observe --interface lan0 --address "$VIP" --mac "$VIP_MAC" \
    --first "$FIRST_CLIENT" --clients "$LAB_CLIENTS" --interval "$PING_INTERVAL" \
    --silence $((5 * PING_INTERVAL)) "$@"
}

# look: ends the window and reads what was in it.
look() { kill -USR1 "$STARTED" && read_window; }

# read_window: from $STARTED_OUTPUT; live lines in between are dropped.
read_window() {
  local word rest
  seen=() clients_of=([1]=0 [2]=0 [3]=0) wrong=()
  while read -r -t $((20 * SLOWNESS)) -u "$STARTED_OUTPUT" word rest; do
    case $word in
      end) return ;;
      node) note_node "$rest" ;;
      duplicate-at | foreign-at) wrong+=("$word $rest") ;;
      live) ;;
      *) seen[$word]=$rest ;;
    esac
  done
  echo "the observer said nothing" >&2
  return 1
}

# note_node "MAC CLIENTS ANSWERS": the last pair of digits is the number of the node.
note_node() {
  local mac clients
  read -r mac clients _ <<<"$1"
  clients_of[16#${mac##*:}]=$clients
}

# observe_no_more: the last window stays unread.
observe_no_more() {
  [ -n "${STARTED:-}" ] || return 0
  kill "$STARTED" 2>/dev/null
  exec {STARTED_OUTPUT}<&-
  STARTED=
}

# nothing_twice: in the window that was read, of which the observer has missed no frame.
nothing_twice() {
  [ "${seen[duplicate]} ${seen[foreign]} ${seen[missed]}" = "0 0 0" ] && return
  printf '%s\n' "duplicates: ${seen[duplicate]}, foreign announcements: ${seen[foreign]}, missed frames: ${seen[missed]}" \
    "${wrong[@]:0:20}" >&2
  return 1
}

# everyone_once: soon, in a window of its own, every ping of every client is answered, once, and each
# client by one and the same node; and the clients, who have to ask for the MAC anew, are told it.
# crm_resource --wait can return just before a node that has come back gets its share, so a few windows
# may pass; a double answer is none too many in any of them.
everyone_once() {
  local try
  look || return
  for try in 1 2 3 4 5 6 7 8; do
    ip -n "$LAB-client" neighbour flush dev lan0
    sleep "$((PING_INTERVAL * 30))e-3"
    look && nothing_twice || return
    [ "${seen[lost]} ${seen[torn]} ${seen[silent]}" = "0 0 0" ] && [ "${seen[announced]}" -gt 0 ] && return
  done
  tell_what_is_wrong >&2
  return 1
}

# What the clients lack, and what the cluster thinks of itself.
tell_what_is_wrong() {
  local node
  echo "lost ${seen[lost]}, torn ${seen[torn]}, silent ${seen[silent]}, announced ${seen[announced]}," \
    "clients of node 1 2 3: ${clients_of[*]}"
  for node in 1 2 3; do
    is_on "$node" || { echo "node$node is off"; continue; }
    echo "node$node says:"
    on "$node" timeout $((10 * SLOWNESS)) crm_mon --one-shot --include=none,dc,nodes,resources,failures
    # A machine too busy for corosync's token splits the cluster; that is no fault of ours.
    grep -E 'TOTEM|QUORUM' "$CLUSTER/node$node/log/corosync/corosync.log" | tail -n 5
  done
}

# audit: after an operation. What it cost is left in $lost, $outage (ms), $cut_off (clients).
audit() {
  look || return
  lost=${seen[lost]} outage=${seen[outage]% *} cut_off=${seen[outage]#* } twice=${seen[duplicate]}
  printf 'lost %s of %s, longest outage %s ms, %s clients cut off, %s duplicates\n' \
    "$lost" "${seen[sent]}" "$outage" "$cut_off" "$twice" >&2
  nothing_twice && everyone_once
}
