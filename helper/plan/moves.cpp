// SPDX-License-Identifier: GPL-2.0-or-later
// Buckets that move: news of them, what is left when they have, and leases, which move by
// themselves.
#include <algorithm>

#include "loadshare/plan.h"
#include "plan/steps.h"

namespace loadshare {
namespace {

constexpr std::chrono::seconds same_news{2};

// Nothing is owned, and the address would leave by itself, or has.
bool left_behind(const Observed& observed) {
  const auto held = ours(observed);
  return observed.filter.buckets.empty() &&
         std::all_of(held.begin(), held.end(), [](const HeldAddress& one) { return one.expiring; });
}

}  // namespace

Plan plan_notify(const Request& request, const std::set<unsigned>& drained_by_others,
                 const Observed& observed) {
  const auto drain = observed.filter.drain();
  if (drain.count() == 0) return {};
  const auto& known = observed.filter.moves.elsewhere;
  std::set<unsigned> news;
  for (const unsigned bucket : drained_by_others) {
    const auto found = known.find(bucket);
    // Every instance of this node is told the same.
    if (found == known.end() || found->second + same_news < drain) news.insert(bucket);
  }
  if (news.empty()) return {};
  return {SpareConnections{request.address, news, drain}};
}

Plan plan_settle(const IpAddress& address, const Observed& observed) {
  const auto& [on, draining, elsewhere] = observed.filter.moves;
  // Somebody may have flushed the rules, while the address was still to leave.
  const bool leaving = left_behind(observed) && !ours(observed).empty();
  if (!on && !leaving) return {};
  Plan plan;
  bool drains = false;
  for (const auto& [bucket, left] : draining) {
    const bool over = observed.connections && observed.connections->contains(bucket) &&
                      observed.connections->at(bucket) == 0;
    drains = drains || !over;
    if (over) plan.push_back(EndDrain{address, bucket});
  }
  if (drains) return plan;
  if (left_behind(observed)) {
    for (const auto& held : ours(observed)) plan.push_back(RemoveAddress{address, held});
    plan.push_back(ReopenWays{address});
    plan.push_back(RemoveFilter{address});
  } else if (elsewhere.empty()) {
    plan.push_back(EndMoves{address});
  }
  return plan;
}

Plan plan_renewal(const Request& request) {
  const auto& [interval, timeout] = request.monitoring;
  if (!request.lease || interval.count() == 0) return {};
  return {TakeBucket{request.address, request.bucket, 2 * interval + timeout}};
}

}  // namespace loadshare
