// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/kernel_module.h"

#include <fstream>
#include <vector>

#include "base/program.h"
#include "loadshare/error.h"

namespace loadshare {
namespace {

constexpr std::chrono::seconds longest_wait{5};

// The program that the kernel itself calls when it needs a module (admin-guide/sysctl/kernel.rst).
std::string modprobe_path() {
  std::ifstream file("/proc/sys/kernel/modprobe");
  std::string path;
  std::getline(file, path);
  return path.empty() ? "/sbin/modprobe" : path;
}

bool modprobe(std::vector<std::string> words) {
  words.insert(words.begin(), modprobe_path());
  try {
    return run_program(words, longest_wait).exit_status == 0;
  } catch (const Error&) {
    return false;  // whoever needs the module says what is missing
  }
}

}  // namespace

bool kernel_module_available(const std::string& name) {
  return modprobe({"--quiet", "--dry-run", name});
}

void load_kernel_module(const std::string& name) { modprobe({"--quiet", name}); }

}  // namespace loadshare
