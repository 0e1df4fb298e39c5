// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>

#include "loadshare/plan.h"
#include "plan/resolve.h"
#include "plan/steps.h"

namespace loadshare {
namespace {

bool differs_in(Part part, const std::vector<Difference>& differences) {
  return std::any_of(differences.begin(), differences.end(),
                     [part](const Difference& difference) { return difference.part == part; });
}

// What the node still has of an earlier time must not be taken for connections of this one. The
// filter has to know of them, and before it owns the bucket: this call may be killed at any step.
bool has_to_forget(const Request& request, const Target& target, const Observed& observed) {
  const auto& state = observed.filter;
  const bool own =
      state.buckets.contains(request.bucket) || state.moves.draining.contains(request.bucket);
  return target.filter.drain.count() != 0 && !own;
}

void spare_connections(const Target& target, const std::set<unsigned>& drained_by_others,
                       Plan& plan) {
  if (target.filter.drain.count() == 0 || drained_by_others.empty()) return;
  plan.push_back(SpareConnections{target.address, drained_by_others, target.filter.drain});
}

// An interface that was in another network namespace comes back without the address and its MAC,
// but with the rule. What it says the node may have been told to stop meanwhile.
bool was_elsewhere(const Target& target, const Observed& observed) {
  return observed.addresses.empty() && observed.interface &&
         !observed.interface->joined.contains(target.filter.mac);
}

void install_filter(const Request& request, const Target& target, const Observed& observed,
                    Plan& plan) {
  std::set<unsigned> buckets;
  if (!has_to_forget(request, target, observed)) buckets.insert(request.bucket);
  for (const unsigned bucket : observed.filter.buckets) {
    if (bucket <= request.total && !was_elsewhere(target, observed)) buckets.insert(bucket);
  }
  plan.push_back(InstallFilter{target.address, target.filter, buckets});
}

}  // namespace

Plan plan_start(const Request& request, const Observed& observed,
                const std::set<unsigned>& drained_by_others) {
  const auto target = resolve(request, observed);
  check_interface(target, observed);
  const auto differences = compare(request, target, observed);

  const bool new_filter =
      differs_in(Part::filter, differences) || differs_in(Part::membership, differences);
  const bool new_address = new_filter || differs_in(Part::address, differences);

  Plan plan;
  if (new_address) remove_addresses(request, observed, plan);
  if (new_filter) {
    remove_filter(request, observed, plan);
    install_filter(request, target, observed, plan);
  }
  const bool forgets = has_to_forget(request, target, observed);
  if (forgets) plan.push_back(ForgetConnections{target.address, target.filter, {request.bucket}});
  const bool new_bucket = forgets || (!new_filter && differs_in(Part::bucket, differences));
  // Also where only the address is missing: a start that was killed may not have come so far.
  if (new_bucket || new_address) spare_connections(target, drained_by_others, plan);
  if (new_bucket) plan.push_back(take(target.address, request.bucket, observed));
  // Not earlier: an address without a filter is silent as long as its interface is down.
  if (differs_in(Part::interface, differences)) {
    plan.push_back(RaiseInterface{target.filter.interface});
  }
  if (new_address || differs_in(Part::lifetime, differences)) plan.push_back(AddAddress{target});
  if (!plan.empty() && request.announcement.count > 0) {
    plan.push_back(
        Announce{target.address, target.filter.interface, target.filter.mac, request.announcement});
  }
  return plan;
}

}  // namespace loadshare
