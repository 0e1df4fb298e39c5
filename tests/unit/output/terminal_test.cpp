// SPDX-License-Identifier: GPL-2.0-or-later
// What people read: columns that line up, and colour only where it is wanted.
#include "output/terminal.h"

#include <gtest/gtest.h>

#include <sstream>

namespace loadshare::terminal {
namespace {

std::string printed(const Columns& columns, bool colour) {
  std::ostringstream text;
  columns.print(text, colour);
  return text.str();
}

TEST(Columns, StandUnderEachOtherWithoutBlanksAtTheEnd) {
  Columns columns;
  columns.add({"bucket", {"packets", Look::plain, true}, "state"});
  columns.add({"1", number(12345), "owned"});
  columns.add({"10", number(7), "–"});
  EXPECT_EQ(printed(columns, false),
            "bucket  packets  state\n"
            "1         12345  owned\n"
            "10            7  –\n");
}

TEST(Columns, TakeColourIntoNoAccount) {
  Columns columns;
  columns.add({{"ok", Look::good}, "x"});
  columns.add({"wrong", "y"});
  EXPECT_EQ(printed(columns, true), "\x1b[32mok\x1b[0m     x\nwrong  y\n");
  EXPECT_EQ(printed(columns, false), "ok     x\nwrong  y\n");
}

TEST(Columns, CountCharactersNotBytes) { EXPECT_EQ(width("–ä█"), 3u); }

}  // namespace
}  // namespace loadshare::terminal
