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
  auto faults = faults_of(address, observed);
  for (const auto& held : observed.addresses) {
    if (held.expiring) faults.push_back(to_string(address) + " is about to expire");
  }
  if (faults.empty()) return;
  throw Error(ExitCode::generic_error,
              to_string(address) + ": " + faults.front() + ": start a bucket to repair it");
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
    const auto& state = observed.filter;
    if (state.buckets.contains(bucket) || state.usurped.contains(bucket)) {
      plan.push_back(ReleaseBucket{address, bucket});
    }
  }
  return plan;
}

}  // namespace loadshare
