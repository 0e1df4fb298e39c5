#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What the documents quote is what the programs say.
# shellcheck source-path=SCRIPTDIR

bats_require_minimum_version 1.5.0

REPOSITORY=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)

# quoted: the phrases of the table under "When monitor says …", without what stands for a value.
quoted() {
  sed -n '/^## When monitor says/,/^## /s/^| \(`[^|]*\) |.*/\1/p' "$REPOSITORY/docs/operating.md" |
    tr '`' '\n' | sed 's/…/\n/g; s/, /\n/g' | sed 's/^ *//; s/ *$//' | grep '[a-z]'
}

@test "each reason that docs/operating.md explains is one that is given" {
  local phrase
  [ "$(quoted | wc -l)" -ge 12 ]
  while read -r phrase; do
    grep -rqF -- "$phrase" "$REPOSITORY/helper" "$REPOSITORY/agent" || { echo "nobody says: $phrase"; return 1; }
  done < <(quoted)
}

# where_typed BLOCK: the file that types this block of the README, or - and why nobody does.
where_typed() { sed -n "s/^$1 *: *//p" "$BATS_TEST_DIRNAME/readme-blocks"; }

@test "each block of the README is typed by a test, or the list says why not" {
  local block where
  diff <("$BATS_TEST_DIRNAME/snippet" "$REPOSITORY/README.md") \
    <(sed -n '/^#/!s/ *:.*//p' "$BATS_TEST_DIRNAME/readme-blocks")
  while read -r block; do
    where=$(where_typed "$block")
    case $where in
      -\ ?*) ;;
      *) grep -qF "\"\$README\" \"${block% *}\" ${block##* }" "$REPOSITORY/$where" ||
        { echo "$block: not typed by $where"; return 1; } ;;
    esac
  done < <("$BATS_TEST_DIRNAME/snippet" "$REPOSITORY/README.md")
}

@test "each command of ./dev that a document names is there" {
  local command
  while read -r command; do
    { echo "  help"; "$REPOSITORY/dev" help; } | grep -q "^  $command\( \|$\)" || { echo "no ./dev $command"; return 1; }
  done < <(grep -ohE '\./dev [a-z]+(-[a-z0-9]+)*' "$REPOSITORY"/*.md "$REPOSITORY"/docs/*.md | sed 's/.* //' | sort -u)
}

@test "each file that a document links to is there" {
  local file link
  for file in "$REPOSITORY"/*.md "$REPOSITORY"/docs/*.md; do
    while read -r link; do
      [ -e "${file%/*}/$link" ] || { echo "$file: $link"; return 1; }
    done < <(grep -o '](\([^):]*\))' "$file" | sed 's/^](//; s/)$//; s/#.*//' | grep .)
  done
}
