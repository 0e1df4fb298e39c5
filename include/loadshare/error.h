// SPDX-License-Identifier: GPL-2.0-or-later
// Errors on their way up to main.
#pragma once

#include <stdexcept>
#include <string>

#include "loadshare/exit_code.h"

namespace loadshare {

/// One line for a person, and the exit code that goes with it. Only main ends a process with it.
class Error : public std::runtime_error {
 public:
  Error(ExitCode code, const std::string& line) : std::runtime_error(line), code_(code) {}

  ExitCode code() const { return code_; }

  /// The same error as seen one level up: "context: line".
  Error within(const std::string& context) const { return {code_, context + ": " + what()}; }

 private:
  ExitCode code_;
};

/// A refused or failed kernel call: what was tried, and errno in words. EPERM and EACCES end as
/// permission_denied, everything else as generic_error.
Error kernel_error(const std::string& tried, int error_number);

}  // namespace loadshare
