#!/usr/bin/env bats
# The order of includes is refused where it is broken, in a line that says which.
# SPDX-License-Identifier: GPL-2.0-or-later

bats_require_minimum_version 1.5.0

setup() {
  cd "$BATS_TEST_TMPDIR"
  mkdir -p helper/kernel/link helper/plan helper/base include/loadshare packaging tests/unit
  touch helper/kernel/kernel.h helper/plan/steps.h helper/base/words.h include/loadshare/plan.h
}

rooms() { "$BATS_TEST_DIRNAME/rooms" "$BATS_TEST_TMPDIR"; }

includes() { # FILE HEADER
  printf '// A file.\n#include "%s"\n' "$2" >"$1"
}

refused() { # LINE
  run -1 rooms
  [ "$output" = "$1" ] || { echo "$output"; return 1; }
}

@test "includes that point down, or stay in their room, are taken" {
  includes helper/kernel/kernel.h kernel/link/address.h
  includes helper/kernel/link/address.h loadshare/plan.h
  includes helper/plan/start.cpp plan/steps.h
  includes helper/plan/steps.h base/words.h
  run -0 rooms
  [ -z "$output" ]
}

@test "an include that points up is refused with the file, the include and both rooms" {
  includes helper/plan/steps.h kernel/kernel.h
  refused "helper/plan/steps.h:2: includes kernel/kernel.h: helper/plan may not look up to helper/kernel"
}

@test "a door to the kernel may not look at who chooses it" {
  includes helper/kernel/link/address.h kernel/kernel.h
  refused "helper/kernel/link/address.h:2: includes kernel/kernel.h: helper/kernel/link may not look up to helper/kernel"
}

@test "a public header may not look into the helper" {
  includes include/loadshare/plan.h base/words.h
  refused "include/loadshare/plan.h:2: includes base/words.h: include/loadshare/plan.h may not look into helper/base"
}

@test "a public header of a higher room may not be seen from below" {
  includes helper/base/words.h loadshare/plan.h
  refused "helper/base/words.h:2: includes loadshare/plan.h: helper/base may not look up to include/loadshare/plan.h"
}

@test "the list is that of CONTRIBUTING.md, in its order" {
  diff <(sed -n '/^floors=/,/^.$/p' "$BATS_TEST_DIRNAME/rooms" | grep -o 'helper/[a-z.]*' | uniq) \
    <(grep -o '^| helper/[a-z.]*' "$BATS_TEST_DIRNAME/../../CONTRIBUTING.md" | cut -c3-)
}

@test "a file in no room is refused" {
  mkdir helper/attic
  includes helper/attic/box.h base/words.h
  refused "helper/attic/box.h:2: is in no room: tests/lint/rooms has the list"
}

@test "a file that is too long is refused" {
  seq 301 >helper/plan/steps.h
  refused "helper/plan/steps.h: 301 lines; 300 can still be seen as one thing"
}
