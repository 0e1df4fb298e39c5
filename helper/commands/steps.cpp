// SPDX-License-Identifier: GPL-2.0-or-later
#include "commands/steps.h"

#include <iostream>

#include "base/log.h"
#include "base/namespace_lock.h"
#include "base/network_namespace.h"
#include "base/words.h"
#include "loadshare/error.h"

namespace loadshare::commands {

namespace {

constexpr std::chrono::seconds long_wait{1};

}  // namespace

void report(const std::string& what) {
  std::cout << what << "\n";
  log(Severity::information, what);
}

void warn(const std::string& what) { std::cerr << what << "\n"; }

std::string bucket_in_words(const Request& request) {
  return "bucket " + std::to_string(request.bucket) + " of " + to_string(request.address);
}

IpAddress address_operand(const Invocation& call) {
  try {
    return value::cluster_address(call.operands.front());
  } catch (const Error& error) {
    throw error.within("ADDRESS");
  }
}

FileLock lock_address(const Invocation& call, LockMode mode) {
  const auto address = to_string(call.request.address);
  auto lock = lock_in_namespace(address, mode, call.lock_wait);
  if (lock.waited() >= long_wait) {
    log(Severity::warning,
        "waited " + words::seconds(lock.waited()) + " for who was at work on " + address);
  }
  return lock;
}

void enter_namespace(const Invocation& call) {
  if (call.request.network_namespace) enter_network_namespace(*call.request.network_namespace);
}

void apply(const Invocation& call, Kernel& kernel, const Plan& plan) {
  if (call.dry_run) {
    for (const auto& step : plan) std::cout << describe(step) << "\n";
    return;
  }
  kernel.apply(plan, [&](const std::string& step) {
    if (call.verbose) std::cerr << step << "\n";
  });
}

}  // namespace loadshare::commands
