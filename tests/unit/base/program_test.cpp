// SPDX-License-Identifier: GPL-2.0-or-later
// Other programs: their answer, or a bounded wait.
#include "base/program.h"

#include "builders.h"

namespace loadshare::test {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds patience{20'000};

ProgramEnd shell(const std::string& script, milliseconds limit = patience) {
  return run_program({"sh", "-c", script}, limit);
}

TEST(Program, SaysWhatItSays) {
  EXPECT_EQ(run_program({"printf", "%s", "a b;c"}, patience).output, "a b;c");
  const auto end = shell("echo out; echo lost >&2; exit 3");
  EXPECT_EQ(end.output, "out\n");
  EXPECT_EQ(end.exit_status, 3);
  EXPECT_EQ(shell("head -c 1000000 /dev/zero").output.size(), 1'000'000u);
}

TEST(Program, ReadsNothing) { EXPECT_EQ(shell("cat").output, ""); }

TEST(Program, ThatDoesNotExistIsToldApart) {
  EXPECT_EQ(run_program({"loadshare-has-no-such-program"}, patience).exit_status, 127);
}

TEST(Program, ThatHangsIsEnded) {
  const auto began = std::chrono::steady_clock::now();
  EXPECT_THAT(outcome_of([] { shell("exec sleep 60", milliseconds(100)); }),
              Fails(ExitCode::generic_error, "sh does not answer"));
  EXPECT_LT(std::chrono::steady_clock::now() - began, patience);
}

TEST(Program, ThatClosesItsOutputAndLivesOnIsEnded) {
  const auto began = std::chrono::steady_clock::now();
  EXPECT_THAT(outcome_of([] { shell("exec sleep 60 >&-", milliseconds(100)); }),
              Fails(ExitCode::generic_error, "sh does not end"));
  EXPECT_LT(std::chrono::steady_clock::now() - began, patience);
}

TEST(Program, ThatTalksWithoutEndIsEnded) {
  EXPECT_THAT(outcome_of([] { shell("exec cat /dev/zero"); }),
              Fails(ExitCode::generic_error, "16 MiB"));
}

TEST(Program, ThatIsKilledIsAnError) {
  EXPECT_THAT(outcome_of([] { shell("kill -KILL $$"); }), Fails(ExitCode::generic_error, "signal"));
}

}  // namespace
}  // namespace loadshare::test
