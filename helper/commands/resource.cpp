// SPDX-License-Identifier: GPL-2.0-or-later
// start, stop, monitor and validate: what the agent asks for, one bucket at a time.
#include <iostream>

#include "commands/commands.h"
#include "commands/steps.h"
#include "loadshare/error.h"

namespace loadshare::commands {

void start(const Invocation& call) {
  const auto& request = call.request;
  enter_namespace(call);
  const auto lock = lock_address(call, LockMode::exclusive);
  Kernel kernel(call.request, call.lock_wait);
  const auto observed = kernel.observe(request);
  kernel.check(request, observed);
  const auto plan = plan_start(request, observed);
  if (!call.dry_run) kernel.prepare();
  apply(call, kernel, plan);
  if (call.dry_run) return;
  const auto verdict = judge(request, kernel.observe(request));
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
  std::cout << bucket_in_words(call.request) << (plan.empty() ? " was not held" : " released")
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
  const auto verdict = judge(call.request, kernel.observe(call.request));
  if (verdict.code != ExitCode::success) throw Error(verdict.code, verdict.reason);
  apply(call, kernel, renewal);
}

void validate(const Invocation& call) {
  enter_namespace(call);
  Kernel kernel(call.request, call.lock_wait);
  const auto observed = kernel.observe(call.request);
  kernel.check(call.request, observed);
  plan_start(call.request, observed);
}

}  // namespace loadshare::commands
