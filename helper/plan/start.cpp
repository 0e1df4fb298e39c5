// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>

#include "loadshare/error.h"
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

void raise_interfaces(const Target& target, const Observed& observed, Plan& plan) {
  for (const auto& one : {observed.interface, observed.holder}) {
    const bool used =
        one && (one->name == target.filter.interface || one->name == target.held.interface);
    if (used && !one->up) plan.push_back(RaiseInterface{one->name});
  }
}

// What no filter is in front of.
void remove_strays(const Target& target, const Observed& observed, Plan& plan) {
  for (const auto& held : ours(observed)) {
    if (!is_behind(held, target.filter)) plan.push_back(RemoveAddress{target.address, held});
  }
}

// In its place the address is there before a former one goes: no packet is lost. On one and the
// same interface the kernel has no room for both.
void move_address(const Target& target, const Observed& observed, Plan& plan) {
  std::vector<HeldAddress> last;
  for (const auto& held : ours(observed)) {
    if (!is_behind(held, target.filter)) continue;
    if (same_place(held, target.held) && held.cluster_form) continue;
    if (held.interface == target.held.interface) {
      plan.push_back(RemoveAddress{target.address, held});
    } else {
      last.push_back(held);
    }
  }
  plan.push_back(AddAddress{target});
  for (const auto& held : last) plan.push_back(RemoveAddress{target.address, held});
}

void refuse_own_address(const Request& request, const Observed& observed) {
  const auto own = own_address(observed);
  if (!own) return;
  throw Error(ExitCode::bad_arguments, "ip: " + to_string(request.address) + to_string(*own) +
                                           " is an address of this node's own: take it away "
                                           "there, or choose another");
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
  refuse_own_address(request, observed);
  const auto differences = compare(request, target, observed);

  const bool new_filter =
      differs_in(Part::filter, differences) || differs_in(Part::membership, differences);
  const bool new_address =
      new_filter || differs_in(Part::address, differences) || differs_in(Part::form, differences);

  Plan plan;
  // What the kernel had with the address, and somebody took away, comes with it anew.
  const bool gap = differs_in(Part::gap, differences);
  if (!new_filter && gap) {
    remove_addresses(request, observed, plan);
  } else if (!new_filter && new_address) {
    remove_strays(target, observed, plan);
  }
  if (new_filter) {
    remove_addresses(request, observed, plan);
    remove_filter(request, observed, plan);
    install_filter(request, target, observed, plan);
  }
  if (new_filter || differs_in(Part::ways, differences)) {
    plan.push_back(CloseWays{target.address, target.filter.interface});
  }
  const bool forgets = has_to_forget(request, target, observed);
  if (forgets) plan.push_back(ForgetConnections{target.address, target.filter, {request.bucket}});
  const bool new_bucket = forgets || (!new_filter && differs_in(Part::bucket, differences));
  // Also where only the address is missing: a start that was killed may not have come so far.
  if (new_bucket || new_address) spare_connections(target, drained_by_others, plan);
  if (new_bucket) plan.push_back(take(target.address, request.bucket, observed));
  // Not earlier: an address without a filter is silent as long as its interface is down.
  raise_interfaces(target, observed, plan);
  if (new_filter || gap) {
    plan.push_back(AddAddress{target});
  } else if (new_address || differs_in(Part::lifetime, differences) ||
             differs_in(Part::route, differences)) {
    move_address(target, observed, plan);
  }
  if (!plan.empty() && request.announcement.count > 0) {
    plan.push_back(
        Announce{target.address, target.filter.interface, target.filter.mac, request.announcement});
  }
  return plan;
}

}  // namespace loadshare
