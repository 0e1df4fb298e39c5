// SPDX-License-Identifier: GPL-2.0-or-later
// stopwatch COMMAND [ARGUMENT...]: runs it and prints one line about it:
//   WALL CPU RSS STATUS   microseconds, microseconds, KiB, exit status (128 + signal)
// What the command prints is thrown away. A shell's own clock would count its forks.
#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstring>

namespace {

long microseconds(const timeval& time) { return time.tv_sec * 1'000'000 + time.tv_usec; }

pid_t spawn(char** command) {
  posix_spawn_file_actions_t quiet;
  posix_spawn_file_actions_init(&quiet);
  posix_spawn_file_actions_addopen(&quiet, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&quiet, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&quiet, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t child = 0;
  const int error = posix_spawnp(&child, command[0], &quiet, nullptr, command, environ);
  posix_spawn_file_actions_destroy(&quiet);
  if (error == 0) return child;
  std::fprintf(stderr, "stopwatch: %s: %s\n", command[0], std::strerror(error));
  return -1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  const auto child = spawn(argv + 1);
  if (child < 0) return 127;
  int status = 0;
  rusage used{};
  wait4(child, &status, 0, &used);
  const auto wall = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begin);
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  std::printf("%ld %ld %ld %d\n", static_cast<long>(wall.count()),
              microseconds(used.ru_utime) + microseconds(used.ru_stime), used.ru_maxrss, code);
}
