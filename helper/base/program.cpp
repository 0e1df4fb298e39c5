// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/program.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <optional>

#include "base/file_descriptor.h"
#include "loadshare/error.h"

namespace loadshare {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int not_found = 127;
constexpr std::size_t most_output = 16 << 20;

// Whether there is something to read, or its end, before the time is over.
bool readable(const FileDescriptor& file, Clock::time_point end) {
  while (true) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
    pollfd waiting{file.number(), POLLIN, 0};
    const int ready = left > 0 ? poll(&waiting, 1, static_cast<int>(left)) : 0;
    if (ready >= 0 || errno != EINTR) return ready > 0;
  }
}

/// A child process that outlives no exception.
class Child {
 public:
  explicit Child(pid_t process) : process_(process) {}
  Child(Child&&) = delete;
  ~Child() {
    if (process_ == 0) return;
    kill(process_, SIGKILL);
    waitpid(process_, nullptr, 0);
  }

  /// Its exit status; nothing where a signal ended it. Throws where it lives on, as a program may
  /// that has closed its output.
  std::optional<int> wait(Clock::time_point end, const std::string& name) {
    const FileDescriptor process(static_cast<int>(syscall(SYS_pidfd_open, process_, 0)));
    if (process && !readable(process, end)) {
      throw Error(ExitCode::generic_error, name + " does not end");
    }
    int status = 0;
    while (waitpid(process_, &status, 0) < 0 && errno == EINTR) continue;
    process_ = 0;
    return WIFEXITED(status) ? std::optional(WEXITSTATUS(status)) : std::nullopt;
  }

 private:
  pid_t process_;
};

struct SpawnActions {
  explicit SpawnActions(int standard_output) {
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, standard_output, STDOUT_FILENO);
  }
  SpawnActions(SpawnActions&&) = delete;
  ~SpawnActions() { posix_spawn_file_actions_destroy(&actions); }

  posix_spawn_file_actions_t actions{};
};

// 0 where the program does not exist.
pid_t spawn(std::vector<std::string> words, int standard_output) {
  const SpawnActions spawn_actions(standard_output);
  std::vector<char*> arguments;
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t child = 0;
  const int error_number = posix_spawnp(&child, arguments[0], &spawn_actions.actions, nullptr,
                                        arguments.data(), environ);
  if (error_number == ENOENT) return 0;
  if (error_number != 0) throw kernel_error("run " + words[0], error_number);
  return child;
}

std::string read_all(const FileDescriptor& pipe, Clock::time_point end, const std::string& name) {
  std::string text;
  std::array<char, 65536> buffer;
  while (readable(pipe, end)) {
    const auto size = ::read(pipe.number(), buffer.data(), buffer.size());
    if (size < 0) throw kernel_error("read what " + name + " says", errno);
    if (size == 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(size));
    if (text.size() > most_output) {
      throw Error(ExitCode::generic_error, name + " says more than 16 MiB");
    }
  }
  throw Error(ExitCode::generic_error, name + " does not answer");
}

}  // namespace

ProgramEnd run_program(const std::vector<std::string>& words, std::chrono::milliseconds limit) {
  const auto end = Clock::now() + limit;
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw kernel_error("make a pipe", errno);
  const FileDescriptor reading(ends[0]);
  FileDescriptor writing(ends[1]);
  const auto process = spawn(words, writing.number());
  if (process == 0) return {not_found, ""};
  Child child(process);
  writing = FileDescriptor(-1);
  auto output = read_all(reading, end, words[0]);
  const auto status = child.wait(end, words[0]);
  if (!status) throw Error(ExitCode::generic_error, words[0] + " died of a signal");
  return {*status, std::move(output)};
}

}  // namespace loadshare
