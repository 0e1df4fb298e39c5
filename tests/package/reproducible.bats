#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# One commit gives one package, whoever builds it, where and when.
# shellcheck source-path=SCRIPTDIR

bats_require_minimum_version 1.5.0

load package

@test "no file of the package knows the folder that it was built in" {
  run -1 grep -rlF "$REPOSITORY" "$(unpacked)"
}

@test "packed again later, by another clock, both packages are the same" {
  local again=$BATS_TEST_TMPDIR/again
  touch "$PACKAGES/../loadshare"
  (cd "$PACKAGES/.." && TZ=Pacific/Auckland cpack -B "$again") >"$BATS_TEST_TMPDIR/log"
  cmp "$DEB" "$again/${DEB##*/}"
  cmp "$RPM" "$again/${RPM##*/}"
}
