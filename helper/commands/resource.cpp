// SPDX-License-Identifier: GPL-2.0-or-later
// start, monitor, notify and validate: what the agent asks for, one bucket at a time. stop is in
// stop.cpp.
#include <optional>
#include <set>

#include "commands/commands.h"
#include "commands/settle.h"
#include "commands/steps.h"
#include "loadshare/error.h"
#include "pacemaker/cluster.h"
#include "request/transition.h"

namespace loadshare::commands {
namespace {

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

std::set<unsigned> all_buckets(unsigned total) {
  std::set<unsigned> all;
  for (unsigned bucket = 1; bucket <= total; ++bucket) all.insert(all.end(), bucket);
  return all;
}

std::optional<std::vector<StopRecord>> stop_records(const Request& request) {
  if (!request.resource) return std::nullopt;
  try {
    return pacemaker::stop_records(*request.resource);
  } catch (const Error&) {
    return std::nullopt;  // a cluster that does not answer, or not in its usual words
  }
}

/// The buckets that others may be draining, by what the cluster has recorded. Where it does not
/// tell, it could be any: too much silence lets resets come late, too little answers twice.
std::set<unsigned> drained_by_others(const Request& request) {
  if (request.drain.count() == 0) return {};
  const auto records = stop_records(request);
  if (!records) return all_buckets(request.total);
  return drained_by_others(request, *records, request.drain, std::chrono::system_clock::now());
}

// A cluster that probes a bucket which drains here, and has no record of its stop, would let
// another node take it for one that nobody drains: the record was cleaned up, or the stop was
// killed.
bool drains_forgotten(const Request& request, const Observed& observed,
                      const std::vector<StopRecord>& records) {
  return observed.filter.moves.draining.contains(request.bucket) &&
         !is_recorded_here(request, records);
}

}  // namespace

void start(const Invocation& call) {
  const auto& request = call.request;
  const auto drained = drained_by_others(request);  // Pacemaker is in the host's own namespace
  enter_namespace(call);
  const auto lock = lock_address(call, LockMode::exclusive);
  Kernel kernel(call.request, call.lock_wait);
  const auto observed = kernel.observe(request);
  kernel.check(request, observed);
  const auto plan = plan_start(request, observed, drained);
  if (!call.dry_run && has<InstallFilter>(plan)) kernel.prepare();
  apply(call, kernel, plan);
  if (call.dry_run) return;
  const auto now = kernel.observe(request);
  if (now.filter.moves.on) settle_later(call);
  const auto verdict = judge(request, now);
  if (verdict.code != ExitCode::success) {
    throw Error(ExitCode::generic_error, "started, but " + verdict.reason);
  }
  report(bucket_in_words(request) + (plan.empty() ? " was already held" : " taken"));
}

void monitor(const Invocation& call) {
  // Pacemaker is in the host's own namespace.
  const auto clone_max = changed_clone_max(call);
  const bool probe = call.request.monitoring.interval.count() == 0;
  const auto records =
      probe && call.request.drain.count() > 0 ? stop_records(call.request) : std::nullopt;
  try {
    enter_namespace(call);
  } catch (const Error& error) {
    if (error.code() != ExitCode::not_installed) throw;
    throw Error(ExitCode::not_running, error.what());
  }
  const auto renewal = plan_renewal(call.request);
  const bool changes = !renewal.empty() || records;
  const auto lock = lock_address(call, changes ? LockMode::exclusive : LockMode::shared);
  Kernel kernel(call.request, call.lock_wait);
  auto observed = kernel.observe(call.request);
  if (records && drains_forgotten(call.request, observed, *records)) {
    apply(call, kernel, {EndDrain{call.request.address, call.request.bucket}});
    observed = kernel.observe(call.request);
  }
  if (observed.filter.moves.on) settle_later(call);
  const auto verdict = judge(call.request, observed);
  if (verdict.code != ExitCode::success) throw Error(verdict.code, verdict.reason);
  apply(call, kernel, renewal);
  check_clone_max(call.request, clone_max);
}

void notify(const Invocation& call) {
  if (stopped_by_others(call.request).empty()) return;
  const auto drained = drained_by_others(call.request);
  enter_namespace(call);
  const auto lock = lock_address(call, LockMode::exclusive);
  Kernel kernel(call.request, call.lock_wait);
  const auto plan = plan_notify(call.request, drained, kernel.observe(call.request));
  apply(call, kernel, plan);
  if (!plan.empty()) settle_later(call);
}

void validate(const Invocation& call) {
  enter_namespace(call);
  Kernel kernel(call.request, call.lock_wait);
  const auto observed = kernel.observe(call.request);
  kernel.check(call.request, observed);
  plan_start(call.request, observed);
}

}  // namespace loadshare::commands
