// SPDX-License-Identifier: GPL-2.0-or-later
// What several commands do on their way to the kernel.
#pragma once

#include <algorithm>
#include <string>
#include <variant>

#include "base/file_lock.h"
#include "kernel/kernel.h"
#include "request/options.h"

namespace loadshare::commands {

/// For whoever is there, and for whoever asks later: on standard output, and in the system's log.
void report(const std::string& what);
/// What is not as it should be, though the command has done its work. The agent logs it.
void warn(const std::string& what);

/// "bucket 2 of 10.0.0.100"
std::string bucket_in_words(const Request& request);

/// The first operand. Throws not_configured, naming it.
IpAddress address_operand(const Invocation& call);

/// Where the call asks for one. Throws not_installed where it does not exist.
void enter_namespace(const Invocation& call);

/// The lock of the request's address in this network namespace. A long wait for it is logged.
FileLock lock_address(const Invocation& call, LockMode mode);

template <class Wanted>
bool has(const Plan& plan) {
  return std::any_of(plan.begin(), plan.end(),
                     [](const Step& step) { return std::holds_alternative<Wanted>(step); });
}

/// Takes the steps, or prints them with --dry-run; --verbose tells each of them.
void apply(const Invocation& call, Kernel& kernel, const Plan& plan);

}  // namespace loadshare::commands
