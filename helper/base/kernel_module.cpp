// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/kernel_module.h"

#include <spawn.h>
#include <sys/wait.h>

#include <fstream>
#include <vector>

namespace loadshare {
namespace {

// The program that the kernel itself calls when it needs a module (admin-guide/sysctl/kernel.rst).
std::string modprobe_path() {
  std::ifstream file("/proc/sys/kernel/modprobe");
  std::string path;
  std::getline(file, path);
  return path.empty() ? "/sbin/modprobe" : path;
}

bool modprobe(std::vector<std::string> arguments) {
  auto path = modprobe_path();
  std::vector<char*> words{path.data()};
  for (auto& argument : arguments) words.push_back(argument.data());
  words.push_back(nullptr);
  char* no_environment[] = {nullptr};
  pid_t child = 0;
  if (posix_spawn(&child, path.c_str(), nullptr, nullptr, words.data(), no_environment) != 0) {
    return false;
  }
  int status = 0;
  return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace

bool kernel_module_available(const std::string& name) {
  return modprobe({"--quiet", "--dry-run", name});
}

void load_kernel_module(const std::string& name) { modprobe({"--quiet", name}); }

}  // namespace loadshare
