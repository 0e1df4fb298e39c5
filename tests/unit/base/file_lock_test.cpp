// SPDX-License-Identifier: GPL-2.0-or-later
// The lock: who excludes whom, for how long, and what the message says.
#include "base/file_lock.h"

#include <gtest/gtest.h>
#include <sys/time.h>

#include <csignal>
#include <optional>
#include <thread>

#include "builders.h"
#include "temporary_folder.h"

namespace loadshare::test {
namespace {

using std::chrono::steady_clock;
using namespace std::chrono_literals;

class FileLockTest : public testing::Test {
 protected:
  std::string outcome(LockMode mode, std::chrono::seconds longest_wait = 0s) const {
    return outcome_of([&] { FileLock(path_, mode, longest_wait); });
  }

  TemporaryFolder folder_;
  std::filesystem::path path_ = folder_.path() / "10.0.0.100.lock";
};

TEST_F(FileLockTest, ExclusiveExcludesBothModes) {
  const FileLock lock(path_, LockMode::exclusive, 0s);
  EXPECT_THAT(outcome(LockMode::exclusive), Fails(ExitCode::generic_error, path_.string()));
  EXPECT_THAT(outcome(LockMode::shared), Fails(ExitCode::generic_error, path_.string()));
}

TEST_F(FileLockTest, SharedSharesAndExcludesExclusive) {
  const FileLock lock(path_, LockMode::shared, 0s);
  EXPECT_EQ(outcome(LockMode::shared), "no error");
  EXPECT_THAT(outcome(LockMode::exclusive), Fails(ExitCode::generic_error, "locked"));
}

TEST_F(FileLockTest, EndsWithItsObject) {
  { const FileLock lock(path_, LockMode::exclusive, 0s); }
  EXPECT_EQ(outcome(LockMode::exclusive), "no error");
}

TEST_F(FileLockTest, DoesNotReachOtherFiles) {
  const FileLock lock(path_, LockMode::exclusive, 0s);
  EXPECT_EQ(outcome_of([&] { FileLock(folder_.path() / "other", LockMode::exclusive, 0s); }),
            "no error");
}

TEST_F(FileLockTest, MovesWithItsObject) {
  FileLock lock(path_, LockMode::exclusive, 0s);
  std::optional<FileLock> moved(std::move(lock));
  EXPECT_THAT(outcome(LockMode::exclusive), Fails(ExitCode::generic_error, "locked"));
  moved.reset();
  EXPECT_EQ(outcome(LockMode::exclusive), "no error");
}

TEST_F(FileLockTest, GivesUpAfterTheLongestWaitAndNamesTheFile) {
  const FileLock lock(path_, LockMode::exclusive, 0s);
  const auto begin = steady_clock::now();
  EXPECT_THAT(outcome(LockMode::exclusive, 1s),
              testing::AllOf(Fails(ExitCode::generic_error, path_.string()),
                             testing::HasSubstr("1 s"), testing::HasSubstr("fuser")));
  const auto waited = steady_clock::now() - begin;
  EXPECT_GE(waited, 900ms);
  EXPECT_LT(waited, 3s);
}

TEST_F(FileLockTest, GetsTheLockAsSoonAsItIsFree) {
  std::optional<FileLock> lock(std::in_place, path_, LockMode::exclusive, 0s);
  const auto begin = steady_clock::now();
  std::thread owner([&] {
    std::this_thread::sleep_for(100ms);
    lock.reset();
  });
  EXPECT_EQ(outcome(LockMode::exclusive, 60s), "no error");
  EXPECT_LT(steady_clock::now() - begin, 30s);
  owner.join();
}

TEST_F(FileLockTest, LeavesNoAlarmBehind) {
  struct sigaction before {
  }, after{};
  sigaction(SIGALRM, nullptr, &before);
  const FileLock lock(path_, LockMode::exclusive, 0s);
  outcome(LockMode::exclusive, 1s);
  sigaction(SIGALRM, nullptr, &after);
  EXPECT_EQ(before.sa_handler, after.sa_handler);
  itimerval timer{};
  getitimer(ITIMER_REAL, &timer);
  EXPECT_EQ(timer.it_value.tv_sec, 0);
  EXPECT_EQ(timer.it_value.tv_usec, 0);
}

TEST_F(FileLockTest, KeepsTheFileFromOtherUsers) {
  const FileLock lock(path_, LockMode::exclusive, 0s);
  using std::filesystem::perms;
  EXPECT_EQ(std::filesystem::status(path_).permissions() & (perms::group_all | perms::others_all),
            perms::none);
}

TEST_F(FileLockTest, SaysWhichFileCannotBeOpened) {
  EXPECT_THAT(outcome_of([] { FileLock("/nonexistent/x.lock", LockMode::shared, 0s); }),
              Fails(ExitCode::generic_error, "/nonexistent/x.lock: No such file or directory"));
}

}  // namespace
}  // namespace loadshare::test
