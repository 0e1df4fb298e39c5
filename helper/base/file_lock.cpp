// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/time.h>

#include <cerrno>
#include <csignal>

#include "loadshare/error.h"

namespace loadshare {
namespace {

/// Interrupts blocking calls once the time is over. It repeats, for the first signal may come
/// just before the call starts to block.
class Alarm {
 public:
  explicit Alarm(std::chrono::seconds after) {
    struct sigaction interrupt {};
    interrupt.sa_handler = [](int) {};
    sigaction(SIGALRM, &interrupt, &before_);
    const itimerval timer{{0, 50'000}, {static_cast<time_t>(after.count()), 0}};
    setitimer(ITIMER_REAL, &timer, nullptr);
  }
  ~Alarm() {
    const itimerval off{};
    setitimer(ITIMER_REAL, &off, nullptr);
    sigaction(SIGALRM, &before_, nullptr);
  }
  Alarm(Alarm&&) = delete;

 private:
  struct sigaction before_ {};
};

}  // namespace

FileLock::FileLock(const std::filesystem::path& path, LockMode mode,
                   std::chrono::seconds longest_wait)
    : file_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
  if (!file_) throw kernel_error("open lock " + path.string(), errno);
  const int operation = mode == LockMode::shared ? LOCK_SH : LOCK_EX;
  if (flock(file_.number(), operation | LOCK_NB) == 0) return;
  if (errno == EWOULDBLOCK && longest_wait.count() > 0) {
    const auto began = std::chrono::steady_clock::now();
    const Alarm alarm(longest_wait);
    const bool locked = flock(file_.number(), operation) == 0;
    waited_ = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - began);
    if (locked) return;
  }
  if (errno != EINTR && errno != EWOULDBLOCK) throw kernel_error("lock " + path.string(), errno);
  throw Error(ExitCode::generic_error, path.string() + " has been locked by another process for " +
                                           std::to_string(longest_wait.count()) +
                                           " s: see who holds it with fuser -v");
}

}  // namespace loadshare
