// SPDX-License-Identifier: GPL-2.0-or-later
#include "background.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <exception>

#include "loadshare/error.h"

namespace loadshare {
namespace {

void close_inherited_files() {
  const int nothing = ::open("/dev/null", O_RDWR);
  for (const int standard : {0, 1, 2}) dup2(nothing, standard);
  close_range(3, ~0U, 0);
}

}  // namespace

void in_background(const std::function<void()>& work) {
  const pid_t child = fork();
  if (child < 0) throw kernel_error("fork for the background", errno);
  if (child > 0) return;
  setsid();
  close_inherited_files();
  try {
    work();
  } catch (const std::exception&) {
    // There is nobody left to tell.
  }
  _exit(0);
}

}  // namespace loadshare
