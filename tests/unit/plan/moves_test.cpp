// SPDX-License-Identifier: GPL-2.0-or-later
// Buckets that move: news of them, the end of drains, and the renewal of a lease.
#include <gtest/gtest.h>

#include "builders.h"
#include "loadshare/plan.h"

namespace loadshare::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

using Words = std::vector<std::string>;

const IpAddress address = ip("10.0.0.100");

Words told(const std::set<unsigned>& drained_by_others, const Observed& node) {
  return in_short(plan_notify(a_draining_request(), drained_by_others, node));
}

Words settled(const Observed& node) { return in_short(plan_settle(address, node)); }

TEST(NewsOfAMove, LastAsLongAsTheDrain) {
  EXPECT_THAT(told({2, 3}, a_node_with_drain()), ElementsAre("spare 2 3 for 30 s"));
  auto node = a_node_with_drain();
  node.filter.filters[0].drain = 20s;
  EXPECT_THAT(told({2}, node), ElementsAre("spare 2 for 20 s")) << "as the rule says";
}

TEST(NewsOfAMove, IsTheSameToEachInstanceOfANode) {
  EXPECT_THAT(told({2}, spared(a_node_with_drain(), 2, 29s)), IsEmpty());
  EXPECT_THAT(told({2}, spared(a_node_with_drain(), 2, 28s)), IsEmpty());
  EXPECT_THAT(told({2, 3}, spared(a_node_with_drain(), 2, 29s)), ElementsAre("spare 3 for 30 s"));
}

TEST(NewsOfAMove, AgainBeginsItsTimeAnew) {
  EXPECT_THAT(told({2}, spared(a_node_with_drain(), 2, 20s)), ElementsAre("spare 2 for 30 s"));
}

TEST(NewsOfAMove, IsNoneWithoutADrainOrARule) {
  EXPECT_THAT(told({2}, a_healthy_node()), IsEmpty());
  EXPECT_THAT(told({2}, an_empty_node()), IsEmpty());
  EXPECT_THAT(told({}, a_node_with_drain()), IsEmpty());
}

TEST(Settling, HasNothingToDoWhereNothingMoves) {
  EXPECT_THAT(settled(an_empty_node()), IsEmpty());
  EXPECT_THAT(settled(a_node_with_drain()), IsEmpty());
}

TEST(Settling, WaitsForConnections) {
  EXPECT_THAT(settled(with_connections(a_node_that_drains({1, 2}), {{1, 1}, {2, 5}})), IsEmpty());
}

TEST(Settling, EndsTheDrainThatHasNoneLeft) {
  EXPECT_THAT(settled(with_connections(a_node_that_drains({1, 2}), {{1, 0}, {2, 5}})),
              ElementsAre("end drain of 1"));
}

TEST(Settling, WaitsForTheKernelWhereItDoesNotTell) {
  EXPECT_THAT(settled(a_node_that_drains({1})), IsEmpty());
  EXPECT_THAT(settled(with_connections(a_node_that_drains({1, 2}), {{2, 0}})),
              ElementsAre("end drain of 2"));
}

TEST(Settling, TakesEverythingAwayWithTheLastDrain) {
  EXPECT_THAT(
      settled(with_connections(a_node_that_drains({1}), {{1, 0}})),
      ElementsAre("end drain of 1", "remove address lo/32", "reopen ways", "remove filter"));
  EXPECT_THAT(settled(a_node_that_drains({})),
              ElementsAre("remove address lo/32", "reopen ways", "remove filter"));
  auto gone = a_node_that_drains({});
  gone.addresses.clear();
  EXPECT_THAT(settled(gone), ElementsAre("reopen ways", "remove filter"));
}

TEST(Settling, TakesEverythingAwayWhateverOthersDrain) {
  EXPECT_THAT(settled(spared(a_node_that_drains({}), 2, 20s)),
              ElementsAre("remove address lo/32", "reopen ways", "remove filter"));
}

TEST(Settling, OfANodeThatServesRemovesTheRulesForMovesAlone) {
  EXPECT_THAT(settled(a_node_that_drains({}, {3})), ElementsAre("end moves"));
  EXPECT_THAT(settled(with_connections(a_node_that_drains({1}, {3}), {{1, 0}})),
              ElementsAre("end drain of 1", "end moves"));
  EXPECT_THAT(settled(spared(a_node_that_drains({}, {3}), 1, 1s)), IsEmpty())
      << "as long as others may drain";
}

// Then nothing says any more that the address is one of ours, but that it is about to expire.
TEST(Settling, TakesAwayWhatAFlushOfTheRulesHasLeft) {
  auto node = a_node_that_drains({1});
  node.filter = {};
  EXPECT_THAT(settled(node), ElementsAre("remove address lo/32", "reopen ways", "remove filter"));
  node.filter.faults = {"only pieces of the cluster rule are left"};
  EXPECT_THAT(settled(node), ElementsAre("remove address lo/32", "reopen ways", "remove filter"));
}

// `release` by hand leaves an address that has nobody to answer, on purpose.
TEST(Settling, LeavesAnAddressThatIsThereForEver) {
  auto node = a_node_that_drains({}, {});
  node.addresses[0].expiring = false;
  EXPECT_THAT(settled(node), ElementsAre("end moves"));
}

TEST(PlanRenewal, IsForTwoIntervalsAndATimeout) {
  auto request = a_request(2);
  request.lease = true;
  request.monitoring = {std::chrono::seconds(10), std::chrono::seconds(20)};
  const auto plan = plan_renewal(request);
  ASSERT_EQ(plan.size(), 1u);
  const auto& step = std::get<TakeBucket>(plan.front());
  EXPECT_EQ(step.bucket, 2u);
  EXPECT_EQ(step.lifetime, std::chrono::seconds(40));
}

TEST(PlanRenewal, IsNothingWithoutALeaseOrARecurringMonitor) {
  auto request = a_request();
  request.monitoring = {std::chrono::seconds(10), std::chrono::seconds(20)};
  EXPECT_TRUE(plan_renewal(request).empty());
  request.lease = true;
  request.monitoring.interval = {};
  EXPECT_TRUE(plan_renewal(request).empty());
}

}  // namespace
}  // namespace loadshare::test
