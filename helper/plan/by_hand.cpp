// SPDX-License-Identifier: GPL-2.0-or-later
// claim and release: the owner decides, not the cluster.
#include "loadshare/error.h"
#include "loadshare/plan.h"
#include "plan/steps.h"

namespace loadshare {
namespace {

// Where the address is not held, or has no such bucket, there is nothing to take or to give up.
void check_held(const IpAddress& address, const std::set<unsigned>& buckets,
                const Observed& observed) {
  const auto& filters = observed.filter.filters;
  if (filters.empty()) {
    throw Error(ExitCode::not_running, to_string(address) + " is not held here");
  }
  if (buckets.empty() || *buckets.rbegin() <= filters.front().total) return;
  throw Error(ExitCode::not_configured, "bucket " + std::to_string(*buckets.rbegin()) + ": " +
                                            to_string(address) + " has only " +
                                            std::to_string(filters.front().total));
}

void check_sound(const IpAddress& address, const Observed& observed) {
  const auto& state = observed.filter;
  std::string fault;
  if (!state.faults.empty()) fault = state.faults.front();
  if (state.filters.size() > 1) fault = "the cluster rule is installed more than once";
  if (observed.addresses.empty()) fault = "the rule is there, but the address is not";
  for (const auto& held : observed.addresses) {
    if (held.expiring) fault = "the address is about to expire";
  }
  if (fault.empty()) return;
  throw Error(ExitCode::generic_error,
              to_string(address) + ": " + fault + ": start a bucket to repair it");
}

}  // namespace

Plan plan_claim(const IpAddress& address, const std::set<unsigned>& buckets,
                const Observed& observed) {
  check_held(address, buckets, observed);
  check_sound(address, observed);
  Plan plan;
  for (const unsigned bucket : buckets) {
    if (!observed.filter.buckets.contains(bucket)) plan.push_back(take(address, bucket, observed));
  }
  return plan;
}

Plan plan_release(const IpAddress& address, const std::set<unsigned>& buckets,
                  const Observed& observed) {
  check_held(address, buckets, observed);
  Plan plan;
  for (const unsigned bucket : buckets) {
    if (observed.filter.buckets.contains(bucket)) plan.push_back(ReleaseBucket{address, bucket});
  }
  return plan;
}

}  // namespace loadshare
