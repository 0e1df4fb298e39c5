#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What is made for readers: manual pages and completion, from the tables and from the meta-data.
# shellcheck source-path=SCRIPTDIR

bats_require_minimum_version 1.5.0

load package

page() { echo "$(unpacked)/usr/share/man/man${1##*.}/$1.gz"; }

# shown PAGE: as on a terminal of 80 columns.
shown() { MANWIDTH=80 LC_ALL=C.UTF-8 man --pager=cat --local-file "$(page "$1")"; }

helper() { "$(unpacked)/usr/sbin/loadshare" "$@"; }

@test "the manual pages fit 80 columns, without a warning" {
  local name wide
  for name in loadshare.8 ocf_loadshare_ClusterIP.7; do
    [ -z "$(MANWIDTH=80 LC_ALL=C.UTF-8 man --warnings --local-file "$(page "$name")" 2>&1 >/dev/null)" ]
    wide=$(shown "$name" | grep -E '.{81}') && { echo "$name: $wide"; return 1; }
    [ -z "$(zcat "$(page "$name")" | mandoc -T lint -W warning)" ]
    # What apropos and whatis find them by.
    lexgrog "$(page "$name")"
  done
}

@test "loadshare(8) has each command, each of its options and each exit status" {
  local text command option
  text=$(shown loadshare.8)
  for command in $(helper --help | sed -n 's/^  \([a-z-]*\)  *.*/\1/p'); do
    grep -q "^       $command\( \|$\)" <<<"$text" || { echo "no $command"; return 1; }
    for option in $(helper "$command" --help | sed -n 's/^  \(--[a-z-]*\).*/\1/p'); do
      grep -q "^       $option\( \|$\)" <<<"$text" || { echo "no $option"; return 1; }
    done
  done
  while read -r code; do
    grep -q "^       $code  " <<<"$text" || { echo "no exit status $code"; return 1; }
  done < <(sed -n 's/^  [a-z_]* = \([0-9]*\),.*/\1/p' "$REPOSITORY/include/loadshare/exit_code.h")
}

@test "ocf_loadshare_ClusterIP(7) has each parameter and each action, and what is said of them" {
  local text name
  text=$(shown ocf_loadshare_ClusterIP.7)
  for name in $(metadata '//parameter/@name') $(metadata '//action/@name'); do
    grep -q "^       $name\( \|$\)" <<<"$text" || { echo "no $name"; return 1; }
  done
  # Line breaks and bullets are the page's own; the sentences must be there as they are.
  text=$(one_line <<<"$text")
  while read -r line; do
    [[ $text == *"$line"* ]] || { echo "missing: $line"; return 1; }
  done < <(metadata '//longdesc/text()' | sed 's/^ *//' | grep .)
}

one_line() { sed 's/•//' | tr -s ' \n' ' '; }

# metadata XPATH: the bare values.
metadata() {
  OCF_FUNCTIONS_DIR=$REPOSITORY/packaging/without-resource-agents sh "$REPOSITORY/agent/ClusterIP" meta-data |
    xmllint --nonet --xpath "$1" - | sed 's/^ *[a-z]*="\(.*\)"$/\1/'
}

@test "bash completes commands, options and values" {
  completes "sw" "switch-config"
  completes "start --has" "--hash="
  completes "start --hash sourceip-sourceport-" "sourceip-sourceport-destport"
  completes "start --backend=e" "ebpf"
  completes "start --arp-bg t" "true"
  completes "switch-config --vendor j" "junos"
  completes "switch-config --nic l" "lo"
  completes "stop --total" "--total="
  completes "switch-config --total" ""
  completes "bogus --" ""
  completes "--v" "--version"
}

# completes "WORDS" WORD: what bash would put there if nothing else fits.
completes() {
  # shellcheck disable=SC2016 # the shell inside expands it
  run -0 bash -c '
    source /usr/share/bash-completion/bash_completion
    compopt() { :; }
    source "$1"
    COMP_LINE="loadshare $2" COMP_POINT=${#COMP_LINE} COMP_TYPE=9
    # bash splits at "=" as well
    read -ra COMP_WORDS <<<"${COMP_LINE//=/ = }"
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    _loadshare
    echo "${COMPREPLY[*]}"
  ' completes "$(unpacked)/usr/share/bash-completion/completions/loadshare" "$1"
  [ "$output" = "$2" ] || { echo "$1: $output"; return 1; }
}

@test "the helper says its version, which is the package's" {
  [ "$(helper --version)-1" = "loadshare $(dpkg-deb --field "$DEB" Version)" ]
}

@test "the completion is clean for shellcheck" {
  shellcheck "$(unpacked)/usr/share/bash-completion/completions/loadshare"
}

@test "cmake --install puts the agent where Pacemaker looks, whatever the other folders are called" {
  local prefix=$BATS_TEST_TMPDIR/prefix
  cmake --install "$PACKAGES/.." --prefix "$prefix" >"$BATS_TEST_TMPDIR/log"
  [ -x "$prefix/lib/ocf/resource.d/loadshare/ClusterIP" ]
  [ -x "$prefix/sbin/loadshare" ]
  [ -e "$prefix/share/man/man8/loadshare.8.gz" ]
  [ -e "$prefix/share/man/man7/ocf_loadshare_ClusterIP.7.gz" ]
  [ -e "$prefix/share/bash-completion/completions/loadshare" ]
  [ -e "$prefix/share/doc/loadshare/README.md" ]
}
