// SPDX-License-Identifier: GPL-2.0-or-later
// start, stop, monitor, notify and validate: what the agent asks for, one bucket at a time.
#include <iostream>
#include <set>

#include "commands/commands.h"
#include "commands/settle.h"
#include "commands/steps.h"
#include "loadshare/error.h"
#include "pacemaker/cluster.h"
#include "transition.h"

namespace loadshare::commands {

namespace {

/// The buckets that leave other nodes which live: those may drain them. Where the cluster does not
/// say who lives, everybody may.
std::set<unsigned> leaving_others(const Request& request) {
  const auto all = moving_from_others(request);
  std::set<unsigned> buckets;
  if (all.empty()) return buckets;
  const auto online = pacemaker::online_nodes();
  for (const auto& [bucket, node] : all) {
    if (!online || online->contains(node)) buckets.insert(bucket);
  }
  return buckets;
}

}  // namespace

void start(const Invocation& call) {
  const auto& request = call.request;
  const bool drained_elsewhere =
      request.drain.count() > 0 && leaving_others(request).contains(request.bucket);
  enter_namespace(call);
  const auto lock = lock_address(call, LockMode::exclusive);
  Kernel kernel(call.request, call.lock_wait);
  const auto observed = kernel.observe(request);
  kernel.check(request, observed);
  const auto plan = plan_start(request, observed, drained_elsewhere);
  if (!call.dry_run) kernel.prepare();
  apply(call, kernel, plan);
  if (call.dry_run) return;
  const auto now = kernel.observe(request);
  if (now.filter.moves.on) settle_later(call);
  const auto verdict = judge(request, now);
  if (verdict.code != ExitCode::success) {
    throw Error(ExitCode::generic_error, "started, but " + verdict.reason);
  }
  std::cout << bucket_in_words(request) << (plan.empty() ? " was already held" : " taken") << "\n";
}

void stop(const Invocation& call) {
  try {
    enter_namespace(call);
  } catch (const Error& error) {
    // Where the namespace is gone, so is everything that was in it.
    if (error.code() == ExitCode::not_installed) return;
    throw;
  }
  const auto lock = lock_address(call, LockMode::exclusive);
  auto request = call.request;
  // Whatever backend is configured by now: what holds the address has to let it go.
  request.backend = holder_of(request.address).value_or(request.backend);
  Kernel kernel(request, call.lock_wait);
  const auto plan = plan_stop(request, kernel.observe(request));
  apply(call, kernel, plan);
  if (call.dry_run) return;
  const bool drains = !plan.empty() && std::holds_alternative<DrainBucket>(plan.front());
  if (drains) settle_later(call);
  std::cout << bucket_in_words(call.request)
            << (plan.empty() ? " was not held"
                : drains     ? " drains"
                             : " released")
            << "\n";
}

void monitor(const Invocation& call) {
  try {
    enter_namespace(call);
  } catch (const Error& error) {
    if (error.code() != ExitCode::not_installed) throw;
    throw Error(ExitCode::not_running, error.what());
  }
  const auto renewal = plan_renewal(call.request);
  const auto lock = lock_address(call, renewal.empty() ? LockMode::shared : LockMode::exclusive);
  Kernel kernel(call.request, call.lock_wait);
  const auto observed = kernel.observe(call.request);
  if (observed.filter.moves.on) settle_later(call);
  const auto verdict = judge(call.request, observed);
  if (verdict.code != ExitCode::success) throw Error(verdict.code, verdict.reason);
  apply(call, kernel, renewal);
}

void notify(const Invocation& call) {
  const auto moving = leaving_others(call.request);
  if (moving.empty()) return;
  enter_namespace(call);
  const auto lock = lock_address(call, LockMode::exclusive);
  Kernel kernel(call.request, call.lock_wait);
  const auto plan = plan_notify(call.request, moving, kernel.observe(call.request));
  apply(call, kernel, plan);
  if (!plan.empty() && !call.dry_run) settle_later(call);
}

void validate(const Invocation& call) {
  enter_namespace(call);
  Kernel kernel(call.request, call.lock_wait);
  const auto observed = kernel.observe(call.request);
  kernel.check(call.request, observed);
  plan_start(call.request, observed);
}

}  // namespace loadshare::commands
