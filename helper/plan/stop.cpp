// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>

#include "loadshare/plan.h"
#include "plan/steps.h"
#include "request/transition.h"

namespace loadshare {
namespace {

// Only where the rule does its work for all that is there of the address. Otherwise what drains
// would go on answering for every bucket.
bool can_drain(const Observed& observed) {
  const auto& state = observed.filter;
  if (!state.faults.empty() || state.filters.size() != 1 || observed.filter.drain().count() == 0) {
    return false;
  }
  return std::all_of(
      observed.addresses.begin(), observed.addresses.end(),
      [&](const HeldAddress& held) { return is_behind(held, state.filters.front()); });
}

// As long as any bucket may still drain; with no new one, only what a killed stop has left.
void limit_addresses(const Request& request, const Observed& observed, bool anew, Plan& plan) {
  for (const auto& held : observed.addresses) {
    if (held.expiring && !anew) continue;
    plan.push_back(LimitAddress{request.address, held, observed.filter.drain()});
  }
}

}  // namespace

Plan plan_stop(const Request& request, const Observed& observed) {
  auto others = observed.filter.buckets;
  const bool held =
      others.erase(request.bucket) > 0 || observed.filter.usurped.contains(request.bucket);
  const bool drain = held && can_drain(observed) && moves_away(request);
  const bool others_drain = can_drain(observed) && !observed.filter.moves.draining.empty();
  Plan plan;
  if (others.empty() && !drain && !others_drain) {
    remove_everything(request, observed, plan);
    return plan;
  }
  if (drain) {
    plan.push_back(DrainBucket{request.address, request.bucket, observed.filter.drain()});
  } else if (held) {
    plan.push_back(ReleaseBucket{request.address, request.bucket});
  }
  if (others.empty()) limit_addresses(request, observed, held, plan);
  return plan;
}

}  // namespace loadshare
