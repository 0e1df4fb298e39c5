// SPDX-License-Identifier: GPL-2.0-or-later
// claim and release: what `echo +N` and `echo -N` are to CLUSTERIP, on either backend.
#include <iostream>

#include "base/quoted.h"
#include "commands/commands.h"
#include "commands/steps.h"
#include "loadshare/error.h"
#include "pacemaker/cluster.h"

namespace loadshare::commands {
namespace {

using pacemaker::ClusterResource;

/// The address and the buckets among the operands.
struct Wish {
  Invocation call;
  std::set<unsigned> buckets;
};

Wish read(const Invocation& call) {
  Wish wish{call, {}};
  wish.call.request.address = value::cluster_address(call.operands.at(0));
  try {
    for (std::size_t at = 1; at < call.operands.size(); ++at) {
      wish.buckets.insert(value::number(call.operands[at], 1, most_buckets));
    }
  } catch (const Error& error) {
    throw error.within("bucket");
  }
  return wish;
}

// A cluster that does not answer must not keep somebody from acting who knows what to do.
std::optional<ClusterResource> ask_pacemaker(const Request& request) {
  try {
    return pacemaker::ask(request.address, request.network_namespace.value_or(""));
  } catch (const Error& error) {
    std::cerr << "warning: whether Pacemaker manages the address is not known: " << error.what()
              << "\n";
    return std::nullopt;
  }
}

void warn(const ClusterResource& resource, const std::string& that) {
  std::cerr << "warning: Pacemaker (resource " << printable(resource.name) << ") " << that << "\n";
}

// A bucket that is on another node will be answered by both.
void warn_of_second_owners(const ClusterResource& resource, const Plan& plan) {
  for (const auto& step : plan) {
    const auto* take = std::get_if<TakeBucket>(&step);
    const auto found = take ? resource.nodes.find(take->bucket) : resource.nodes.end();
    if (found == resource.nodes.end()) continue;
    warn(resource, "has bucket " + std::to_string(take->bucket) + " on " +
                       printable(*found->second.begin()) +
                       ": unless that is here, its clients are answered twice");
  }
}

void tell(const Wish& wish, const std::set<unsigned>& before, bool held, const char* changed,
          const char* unchanged) {
  for (const unsigned bucket : wish.buckets) {
    std::cout << "bucket " << bucket << " of " << to_string(wish.call.request.address) << " "
              << (before.contains(bucket) == held ? unchanged : changed) << "\n";
  }
}

void check_result(const Wish& wish, const std::set<unsigned>& after, bool held) {
  for (const unsigned bucket : wish.buckets) {
    if (after.contains(bucket) == held) continue;
    throw Error(ExitCode::generic_error, "bucket " + std::to_string(bucket) + " of " +
                                             to_string(wish.call.request.address) +
                                             (held ? " is not held after all" : " is still held"));
  }
}

/// What both do before they part.
struct Beginning {
  Wish wish;
  std::optional<ClusterResource> resource;
  FileLock lock;
  Kernel kernel;
  Observed observed;
};

Beginning begin(const Invocation& given) {
  auto wish = read(given);
  const auto& call = wish.call;
  auto resource = ask_pacemaker(call.request);
  enter_namespace(call);
  auto lock = lock_address(call, LockMode::exclusive);
  Kernel kernel(call.request, call.lock_wait);
  auto observed = kernel.observe(call.request);
  return {std::move(wish), std::move(resource), std::move(lock), std::move(kernel),
          std::move(observed)};
}

}  // namespace

void claim(const Invocation& given) {
  auto [wish, resource, lock, kernel, observed] = begin(given);
  const auto plan = plan_claim(wish.call.request.address, wish.buckets, observed);
  if (resource && !plan.empty()) {
    warn(*resource, "will not know of this");
    warn_of_second_owners(*resource, plan);
  }
  apply(wish.call, kernel, plan);
  if (wish.call.dry_run) return;
  const auto now = kernel.observe(wish.call.request);
  check_result(wish, now.filter.buckets, true);
  const auto faults = faults_of(wish.call.request.address, now);
  if (!faults.empty()) throw Error(ExitCode::generic_error, "taken, but " + faults.front());
  tell(wish, observed.filter.buckets, true, "taken", "was already held");
}

void release(const Invocation& given) {
  auto [wish, resource, lock, kernel, observed] = begin(given);
  const auto& address = wish.call.request.address;
  const auto plan = plan_release(address, wish.buckets, observed);
  if (resource && !plan.empty()) {
    warn(*resource, "takes back at its next monitor what it has started here");
  }
  apply(wish.call, kernel, plan);
  if (wish.call.dry_run) return;
  const auto after = kernel.observe(wish.call.request).filter.buckets;
  check_result(wish, after, false);
  tell(wish, observed.filter.buckets, false, "released", "was not held");
  if (after.empty()) {
    std::cout << "no bucket is left: " << to_string(address) << " stays here, silent\n";
  }
}

}  // namespace loadshare::commands
