// SPDX-License-Identifier: GPL-2.0-or-later
// The numbers that Pacemaker knows.
#include "loadshare/exit_code.h"

#include <gtest/gtest.h>

#include "builders.h"

namespace loadshare::test {
namespace {

TEST(ExitCodes, AreThoseOfTheOcfStandard) {
  const struct {
    ExitCode code;
    int ocf;
  } rows[] = {
      {ExitCode::success, 0},        {ExitCode::generic_error, 1},     {ExitCode::bad_arguments, 2},
      {ExitCode::unimplemented, 3},  {ExitCode::permission_denied, 4}, {ExitCode::not_installed, 5},
      {ExitCode::not_configured, 6}, {ExitCode::not_running, 7},
  };
  for (const auto& row : rows) EXPECT_EQ(static_cast<int>(row.code), row.ocf);
}

}  // namespace
}  // namespace loadshare::test
