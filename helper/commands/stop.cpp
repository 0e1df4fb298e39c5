// SPDX-License-Identifier: GPL-2.0-or-later
// stop: whatever is broken around it, the node is silent for the bucket, or the reason is told. A
// stop that fails lets the cluster fence the node; one that says 0 while clients are answered lets
// two nodes answer.
#include "base/network_namespace.h"
#include "commands/commands.h"
#include "commands/settle.h"
#include "commands/steps.h"
#include "loadshare/error.h"

namespace loadshare::commands {
namespace {

Kernel kernel_of_holder(const Invocation& call) {
  auto request = call.request;
  // Whatever backend is configured by now: what holds the address has to let it go.
  request.backend = holder_of(request.address).value_or(request.backend);
  return Kernel(request, call.lock_wait);
}

void stop_whole(const Invocation& call) {
  const auto lock = lock_address(call, LockMode::exclusive);
  auto kernel = kernel_of_holder(call);
  const auto observed = kernel.observe(call.request);
  const auto plan = plan_stop(call.request, observed);
  apply(call, kernel, plan);
  if (call.dry_run) return;
  const bool drains = has<DrainBucket>(plan);
  if (drains || has<LimitAddress>(plan) || observed.filter.moves.on) settle_later(call);
  report(bucket_in_words(call.request) + (plan.empty() ? " was not held"
                                          : drains     ? " drains"
                                                       : " released"));
}

// The one step that needs no lock, as the kernel makes it at once and nothing else depends on it:
// nobody takes the address away under somebody who is at work on it. The next call that gets the
// lock clears the rest.
bool silence(const Invocation& call) try {
  auto kernel = kernel_of_holder(call);
  const auto& request = call.request;
  const auto state = kernel.observe(request).filter;
  if (state.buckets.contains(request.bucket) || state.usurped.contains(request.bucket)) {
    apply(call, kernel, {ReleaseBucket{request.address, request.bucket}});
  }
  return judge(request, kernel.observe(request)).code == ExitCode::not_running;
} catch (const Error&) {
  return false;
}

void stop_here(const Invocation& call) {
  try {
    stop_whole(call);
  } catch (const Error& error) {
    if (call.dry_run || !silence(call)) throw;
    warn(bucket_in_words(call.request) + " released, but not all is cleared: " + error.what());
  }
}

/// A cluster address, and where it is.
struct Place {
  const NetworkNamespace* network_namespace;
  IpAddress address;
};

// What the call says of the address and of where it is, as far as that can be used, and what the
// kernel holds.
std::vector<Place> places(const Invocation& call,
                          const std::vector<NetworkNamespace>& network_namespaces) {
  std::vector<Place> found;
  for (const auto& one : network_namespaces) {
    enter(one);
    for (const auto& address : cluster_addresses()) {
      const bool is_meant = call.unusable.contains("ip") || address == call.request.address;
      if (is_meant) found.push_back({&one, address});
    }
  }
  return found;
}

std::set<unsigned> buckets_to_stop(const Invocation& call) {
  const bool told = !call.unusable.contains("clone") && !call.unusable.contains("bucket");
  if (told) return {call.request.bucket};
  auto state = kernel_of_holder(call).observe(call.request).filter;
  state.buckets.merge(state.usurped);
  return state.buckets;
}

std::string listed(const std::vector<Place>& places) {
  std::string text;
  for (const auto& [network_namespace, address] : places) {
    text += (text.empty() ? "" : ", ") + to_string(address) + " in " + network_namespace->shown;
  }
  return text;
}

// Started with other parameters than these.
void stop_what_is_meant(Invocation call, std::vector<NetworkNamespace> where,
                        const std::string& doubt) {
  const auto found = places(call, where);
  if (found.empty()) {
    warn("nothing to stop: " + doubt);
    return;
  }
  if (found.size() > 1) {
    throw Error(ExitCode::generic_error,
                doubt + "; which one is to stop is not told: " + listed(found));
  }
  enter(*found.front().network_namespace);
  call.request.address = found.front().address;
  warn("stop of " + listed(found) + ", as all that can be meant: " + doubt);
  auto buckets = buckets_to_stop(call);
  if (buckets.empty()) buckets.insert(call.request.bucket);  // what is left without any
  for (const unsigned bucket : buckets) {
    call.request.bucket = bucket;
    stop_here(call);
  }
}

// Why the address may be in another network namespace than the call says; nothing: it is in that
// one.
std::string namespace_doubt(const Invocation& call) {
  const auto bad = call.unusable.find("network-namespace");
  if (bad != call.unusable.end()) return bad->second;
  try {
    enter_namespace(call);
    return "";
  } catch (const Error& error) {
    if (error.code() != ExitCode::not_installed) throw;
    return error.what();
  }
}

std::vector<NetworkNamespace> only_the_present_one() {
  auto all = all_network_namespaces();
  all.erase(all.begin() + 1, all.end());
  return all;
}

}  // namespace

void stop(const Invocation& call) {
  const auto lost = namespace_doubt(call);
  if (!lost.empty()) {
    stop_what_is_meant(call, all_network_namespaces(), lost);
    return;
  }
  for (const char* option : {"ip", "clone", "bucket"}) {
    const auto bad = call.unusable.find(option);
    if (bad == call.unusable.end()) continue;
    stop_what_is_meant(call, only_the_present_one(), bad->second);
    return;
  }
  stop_here(call);
}

}  // namespace loadshare::commands
