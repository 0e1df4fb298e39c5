// SPDX-License-Identifier: GPL-2.0-or-later
// A finding is a line, and an advice where something is wrong.
#include "checks/finding.h"

#include <gtest/gtest.h>

#include "builders.h"
#include "checks/printed.h"

namespace loadshare::checks {
namespace {

TEST(Finding, IsALineAndAnAdvice) {
  EXPECT_EQ(printed(ok("all well")), "  ok    all well\n");
  EXPECT_EQ(printed(fail("eth0 is gone", "bring it back")),
            "  fail  eth0 is gone\n        → bring it back\n");
}

TEST(Finding, WrapsAtBlanksBeforeTheEndOfTheScreen) {
  const std::string nine = "123456789 ";
  EXPECT_EQ(printed(warn(nine + nine + nine + nine + nine + nine + nine + "12 3", "")),
            "  warn  " + nine + nine + nine + nine + nine + nine + nine + "12\n        3\n");
  const std::string long_word(90, 'x');
  EXPECT_EQ(printed(ok(long_word)), "  ok    " + long_word + "\n");
}

}  // namespace
}  // namespace loadshare::checks
