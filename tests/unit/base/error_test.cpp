// SPDX-License-Identifier: GPL-2.0-or-later
// Errors: their code, and the words that gather on the way up.
#include "loadshare/error.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "builders.h"

namespace loadshare::test {
namespace {

TEST(KernelError, SaysWhatWasTriedAndErrnoInWords) {
  const auto error = kernel_error("read addresses", ENOBUFS);
  EXPECT_STREQ(error.what(), "read addresses: No buffer space available");
}

TEST(KernelError, TurnsRefusedRightsIntoPermissionDenied) {
  EXPECT_EQ(kernel_error("x", EPERM).code(), ExitCode::permission_denied);
  EXPECT_EQ(kernel_error("x", EACCES).code(), ExitCode::permission_denied);
}

TEST(KernelError, TurnsEverythingElseIntoGenericError) {
  for (const int number : {ENOENT, EINVAL, ENOMEM, EIO, ENODEV, EBUSY, 0, 123456}) {
    EXPECT_EQ(kernel_error("x", number).code(), ExitCode::generic_error) << number;
  }
}

TEST(Error, KeepsItsCodeAndGainsTheContextInFront) {
  const auto error = Error(ExitCode::not_configured, "'x' is no MAC").within("mac").within("start");
  EXPECT_EQ(error.code(), ExitCode::not_configured);
  EXPECT_STREQ(error.what(), "start: mac: 'x' is no MAC");
}

TEST(Error, IsAStandardException) {
  const auto thrower = [] { throw Error(ExitCode::not_running, "gone"); };
  EXPECT_THROW(thrower(), std::runtime_error);
}

}  // namespace
}  // namespace loadshare::test
