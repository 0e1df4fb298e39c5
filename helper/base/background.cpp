// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/background.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <unistd.h>

#include <cerrno>

#include "loadshare/error.h"

namespace loadshare {
namespace {

constexpr int no_file = -1;

void keep_no_file_but(int kept) {
  const int nothing = ::open("/dev/null", O_RDWR);
  for (const int standard : {0, 1, 2}) dup2(nothing, standard);
  if (kept < 3) {
    close_range(3, ~0U, 0);
    return;
  }
  if (kept > 3) close_range(3, static_cast<unsigned>(kept) - 1, 0);
  close_range(static_cast<unsigned>(kept) + 1, ~0U, 0);
}

}  // namespace

void in_background(int file, const std::function<void()>& work) {
  const pid_t child = fork();
  if (child < 0) throw kernel_error("start a process in the background", errno);
  if (child > 0) return;
  setsid();
  keep_no_file_but(file);
  try {
    work();
  } catch (const Error&) {
    _exit(1);
  }
  _exit(0);
}

void in_background(const std::function<void()>& work) { in_background(no_file, work); }

}  // namespace loadshare
