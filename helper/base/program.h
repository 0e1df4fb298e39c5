// SPDX-License-Identifier: GPL-2.0-or-later
// Another program's answer.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace loadshare {

struct ProgramEnd {
  int exit_status;     ///< 127 where there is no such program, as the shell says it
  std::string output;  ///< all of its standard output
};

/// Runs the program, found by PATH, without a shell. It reads nothing, and what it says on standard
/// error is lost. Throws generic_error where it does not end within `limit`, says more than 16 MiB
/// or dies of a signal; then it is killed.
ProgramEnd run_program(const std::vector<std::string>& words, std::chrono::milliseconds limit);

}  // namespace loadshare
