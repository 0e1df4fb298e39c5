// SPDX-License-Identifier: GPL-2.0-or-later
// A start while connections of moving buckets are kept.
#include <gtest/gtest.h>

#include "builders.h"
#include "loadshare/plan.h"

namespace loadshare::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using Words = std::vector<std::string>;

Words started_with_drain(const Observed& node, const std::set<unsigned>& drained_by_others = {},
                         const Request& request = a_draining_request()) {
  return in_short(plan_start(request, node, drained_by_others));
}

TEST(StartWithDrain, ForgetsItsFormerConnectionsBeforeItTakesTheBucket) {
  EXPECT_THAT(started_with_drain(a_node_with_drain({2})),
              ElementsAre("forget 1", "take 1", "announce on eth0"));
}

TEST(StartWithDrain, SparesWhatAnotherNodeMayDrain) {
  EXPECT_THAT(started_with_drain(a_node_with_drain({2}), {1}),
              ElementsAre("forget 1", "spare 1 for 30 s", "take 1", "announce on eth0"));
}

TEST(StartWithDrain, SparesWhateverOthersDrainAndNotItsOwnBucketAlone) {
  EXPECT_THAT(started_with_drain(a_node_with_drain({2}), {2, 3}),
              ElementsAre("forget 1", "spare 2 3 for 30 s", "take 1", "announce on eth0"));
}

TEST(StartWithDrain, OfANewAddressIsReadyToSpareBeforeItAnswers) {
  const auto plan = plan_start(a_draining_request(), an_empty_node(), {1});
  EXPECT_THAT(in_short(plan), ElementsAre("install filter, buckets", "close ways", "forget 1", "spare 1 for 30 s",
                                          "take 1", "add address lo/32", "announce on eth0"));
  EXPECT_EQ(std::get<InstallFilter>(plan[0]).filter.drain, 30s);
}

TEST(StartWithDrain, OfANewAddressSparesNothingWhereNobodyDrains) {
  EXPECT_THAT(started_with_drain(an_empty_node()),
              ElementsAre("install filter, buckets", "close ways", "forget 1", "take 1", "add address lo/32",
                          "announce on eth0"));
}

// Killed behind the filter, the first start has forgotten nothing yet, and owns nothing.
TEST(StartWithDrain, ForgetsWhereAKilledStartHasNot) {
  auto node = a_node_with_drain({});
  node.addresses.clear();
  EXPECT_THAT(started_with_drain(node),
              ElementsAre("forget 1", "take 1", "add address lo/32", "announce on eth0"));
}

// Nor has it spared any where it was killed behind the bucket, and somebody drains by now.
TEST(StartWithDrain, SparesWhereAKilledStartHasNot) {
  auto node = a_node_with_drain();
  node.addresses.clear();
  EXPECT_THAT(started_with_drain(node, {1}),
              ElementsAre("spare 1 for 30 s", "add address lo/32", "announce on eth0"));
}

TEST(StartWithDrain, OfWhatIsServedChangesNothingWhateverOthersDrain) {
  EXPECT_THAT(started_with_drain(a_node_with_drain(), {1, 2, 3}), IsEmpty());
}

TEST(StartWithDrain, TakesBackWhatItStillDrainsWithItsConnections) {
  EXPECT_THAT(started_with_drain(a_node_that_drains({1, 2}, {3})),
              ElementsAre("take 1 back", "announce on eth0"));
  EXPECT_THAT(started_with_drain(a_node_that_drains({1}, {3}), {1}),
              ElementsAre("spare 1 for 30 s", "take 1 back", "announce on eth0"))
      << "the node between has new ones of its own";
}

TEST(StartWithDrain, OfTheLastBucketThatDrainsKeepsTheAddressWithoutTakingItAway) {
  EXPECT_THAT(started_with_drain(a_node_that_drains({1})),
              ElementsAre("take 1 back", "add address lo/32", "announce on eth0"));
}

TEST(StartWithDrain, OfAnotherBucketKeepsTheAddressToo) {
  EXPECT_THAT(started_with_drain(a_node_that_drains({2})),
              ElementsAre("forget 1", "take 1", "add address lo/32", "announce on eth0"));
}

// A start that was killed before the address was made to stay.
TEST(StartWithDrain, RepairsABucketWhoseAddressIsAboutToExpire) {
  auto node = a_node_that_drains({2}, {1});
  node.addresses[0].expiring = true;
  EXPECT_EQ(judge(a_draining_request(), node).code, ExitCode::generic_error);
  EXPECT_THAT(judge(a_draining_request(), node).reason,
              HasSubstr("10.0.0.100/32 on lo is about to expire"));
  EXPECT_THAT(started_with_drain(node), ElementsAre("add address lo/32", "announce on eth0"));
}

// Its connections are its own, before and behind the repair.
TEST(StartWithDrain, InstallsAnewAndForgetsNothingOfItsOwn) {
  auto node = a_node_with_drain({1, 2});
  node.filter.filters[0].drain = 20s;
  EXPECT_THAT(judge(a_draining_request(), node).reason, HasSubstr("drain 20 s instead of 30 s"));
  EXPECT_THAT(started_with_drain(node),
              ElementsAre("remove address lo/32", "remove filter", "install filter, buckets 1 2", "close ways",
                          "add address lo/32", "announce on eth0"));
}

TEST(StartWithoutDrain, NeitherForgetsNorSpares) {
  for (const std::set<unsigned>& drained : {std::set<unsigned>{}, {1, 2, 3}}) {
    EXPECT_THAT(started_with_drain(a_healthy_node({2}), drained, a_request()),
                ElementsAre("take 1", "announce on eth0"));
    EXPECT_THAT(started_with_drain(an_empty_node(), drained, a_request()),
                ElementsAre("install filter, buckets 1", "close ways", "add address lo/32", "announce on eth0"));
  }
}

}  // namespace
}  // namespace loadshare::test
