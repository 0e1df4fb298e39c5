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

@test "each file that a document links to is there" {
  local file link
  for file in "$REPOSITORY"/*.md "$REPOSITORY"/docs/*.md; do
    while read -r link; do
      [ -e "${file%/*}/$link" ] || { echo "$file: $link"; return 1; }
    done < <(grep -o '](\([^):]*\))' "$file" | sed 's/^](//; s/)$//; s/#.*//' | grep .)
  done
}
