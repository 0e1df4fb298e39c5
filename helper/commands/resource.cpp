// SPDX-License-Identifier: GPL-2.0-or-later
// start, stop, monitor and validate: what the agent asks for, one bucket at a time.
#include <syslog.h>

#include <iostream>

#include "commands/commands.h"
#include "commands/steps.h"
#include "loadshare/error.h"
#include "pacemaker/cluster.h"

namespace loadshare::commands {
namespace {

// For whoever is there, and for whoever asks later.
void report(const std::string& what) {
  std::cout << what << "\n";
  syslog(LOG_DAEMON | LOG_INFO, "%s", what.c_str());
}

// When clone-max is changed, the cluster restarts none of the instances that stay and goes on
// calling their monitor with the old number. A node that computes with another number than the rest
// answers clients of theirs, for good.
std::optional<std::string> changed_clone_max(const Invocation& call) {
  const bool recurring = call.request.monitoring.interval.count() != 0;
  if (!recurring || !call.request.resource || !call.given.contains("total")) return std::nullopt;
  return pacemaker::changed_clone_max(*call.request.resource, call.request.total);
}

void check_clone_max(const Request& request, const std::optional<std::string>& changed) {
  if (!changed) return;
  throw Error(ExitCode::generic_error,
              "clone-max is " + *changed + " now, but this bucket was started as one of " +
                  std::to_string(request.total) + ": it has to start anew");
}

}  // namespace

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
  report(bucket_in_words(request) + (plan.empty() ? " was already held" : " taken"));
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
  report(bucket_in_words(call.request) + (plan.empty() ? " was not held" : " released"));
}

void monitor(const Invocation& call) {
  const auto clone_max = changed_clone_max(call);  // Pacemaker is in the host's own namespace
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
  check_clone_max(call.request, clone_max);
}

void validate(const Invocation& call) {
  enter_namespace(call);
  Kernel kernel(call.request, call.lock_wait);
  const auto observed = kernel.observe(call.request);
  kernel.check(call.request, observed);
  plan_start(call.request, observed);
}

}  // namespace loadshare::commands
