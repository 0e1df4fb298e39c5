// SPDX-License-Identifier: GPL-2.0-or-later
#include "commands/settle.h"

#include <chrono>
#include <optional>
#include <thread>

#include "base/background.h"
#include "base/namespace_lock.h"
#include "commands/steps.h"
#include "loadshare/error.h"

namespace loadshare::commands {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds between_looks{1};
constexpr std::chrono::hours longest_wait{2};  // an hour is the longest drain

std::optional<FileLock> try_lock(const std::string& name) {
  try {
    return lock_in_namespace(name, LockMode::exclusive, std::chrono::seconds(0));
  } catch (const Error&) {
    return std::nullopt;
  }
}

/// Whether nothing moves any more.
bool settle(const Invocation& call) {
  const auto lock = lock_address(call, LockMode::exclusive);
  auto request = call.request;
  request.backend = holder_of(request.address).value_or(request.backend);
  Kernel kernel(request, call.lock_wait);
  auto observed = kernel.observe(request);
  auto plan = plan_settle(request.address, observed);
  if (!plan.empty()) {
    apply(call, kernel, plan);
    observed = kernel.observe(request);
    plan = plan_settle(request.address, observed);
  }
  return plan.empty() && !observed.filter.moves.on;
}

void settle_in_time(const Invocation& call) {
  const auto end = steady_clock::now() + longest_wait;
  while (steady_clock::now() < end) {
    try {
      if (settle(call)) return;
    } catch (const Error&) {
      // Somebody else is at work on the address; the next look may find it free.
    }
    std::this_thread::sleep_for(between_looks);
  }
}

void wait_and_settle(const Invocation& call) {
  const auto name = "settle-" + to_string(call.request.address);
  auto stand_by = try_lock(name + "-standby");
  if (!stand_by) return;
  const auto turn = lock_in_namespace(name, LockMode::exclusive, longest_wait);
  stand_by.reset();
  settle_in_time(call);
}

}  // namespace

void settle_later(const Invocation& call) {
  if (call.dry_run) return;
  auto quiet = call;
  quiet.verbose = false;
  for (int process = 0; process < 2; ++process) {
    in_background([quiet] { wait_and_settle(quiet); });
  }
}

}  // namespace loadshare::commands
