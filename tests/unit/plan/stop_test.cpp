// SPDX-License-Identifier: GPL-2.0-or-later
// The steps to give a bucket up: all goes with the last one, unless connections are to stay.
#include <gtest/gtest.h>

#include "builders.h"
#include "loadshare/plan.h"

namespace loadshare::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

using Words = std::vector<std::string>;

Words stopped(const Observed& node, const Request& request = a_request()) {
  return in_short(plan_stop(request, node));
}

TEST(PlanStop, OfTheLastBucketRemovesTheAddressBeforeTheFilter) {
  EXPECT_THAT(stopped(a_healthy_node()),
              ElementsAre("remove address lo/32", "reopen ways", "remove filter"));
}

TEST(PlanStop, OfOneOfSeveralBucketsReleasesItAlone) {
  EXPECT_THAT(stopped(a_healthy_node({1, 2})), ElementsAre("release 1"));
}

TEST(PlanStop, OfABucketThatIsHeldElsewhereDoesNothing) {
  EXPECT_THAT(stopped(a_healthy_node({2, 3})), IsEmpty());
}

TEST(PlanStop, OnANodeWithNothingDoesNothing) { EXPECT_THAT(stopped(an_empty_node()), IsEmpty()); }

TEST(PlanStop, ClearsAnAddressWithoutAFilter) {
  auto node = an_empty_node();
  node.addresses = {in_form("lo")};
  EXPECT_THAT(stopped(node), ElementsAre("remove address lo/32"));
}

TEST(PlanStop, LeavesAnAddressOfTheNodesOwn) {
  auto node = an_empty_node();
  node.addresses = {{"eth0", 24}};
  EXPECT_THAT(stopped(node), IsEmpty());
  node.addresses.push_back(in_form("lo"));
  EXPECT_THAT(stopped(node), ElementsAre("remove address lo/32", "reopen ways"));
}

TEST(PlanStop, ClearsAFilterWithoutAnAddress) {
  auto node = a_healthy_node();
  node.addresses.clear();
  EXPECT_THAT(stopped(node), ElementsAre("reopen ways", "remove filter"));
}

TEST(PlanStop, ClearsAFilterWithoutABucket) {
  EXPECT_THAT(stopped(a_healthy_node({})),
              ElementsAre("remove address lo/32", "reopen ways", "remove filter"));
}

TEST(PlanStop, ClearsWhatIsOnlyKnownAsAFault) {
  auto node = an_empty_node();
  node.filter.faults = {"half a table"};
  EXPECT_THAT(stopped(node), ElementsAre("reopen ways", "remove filter"));
}

TEST(PlanStop, RemovesEveryAddress) {
  auto node = a_healthy_node();
  node.addresses = {{"eth0", 24}, {"eth1", 32}, {"eth0", 16}};
  EXPECT_THAT(stopped(node), ElementsAre("remove address eth0/24", "remove address eth1/32",
                                         "remove address eth0/16", "reopen ways", "remove filter"));
}

TEST(PlanStop, NeedsNeitherInterfaceNorNetwork) {
  auto node = a_healthy_node();
  node.interface.reset();
  node.network.reset();
  EXPECT_THAT(stopped(node), ElementsAre("remove address lo/32", "reopen ways", "remove filter"));
}

TEST(StopWithDrain, OfABucketThatMovesDrainsItAsLongAsTheRuleSays) {
  EXPECT_THAT(stopped(a_node_with_drain({1, 2}), a_move_away()), ElementsAre("drain 1 for 30 s"));
  auto node = a_node_with_drain({1, 2});
  node.filter.filters[0].drain = 20s;
  EXPECT_THAT(stopped(node, a_move_away()), ElementsAre("drain 1 for 20 s"));
}

TEST(StopWithDrain, OfTheLastLetsTheAddressExpireWithIt) {
  EXPECT_THAT(stopped(a_node_with_drain(), a_move_away()),
              ElementsAre("drain 1 for 30 s", "limit address lo/32 for 30 s"));
}

TEST(StopWithDrain, OfABucketThatMovesNowhereDrainsNothing) {
  EXPECT_THAT(stopped(a_node_with_drain({1, 2}), a_draining_request()), ElementsAre("release 1"));
  EXPECT_THAT(stopped(a_node_with_drain(), a_draining_request()),
              ElementsAre("remove address lo/32", "reopen ways", "remove filter"));
  auto in_place = a_move_away();
  in_place.transition.starting_on = {"node1"};
  EXPECT_THAT(stopped(a_node_with_drain({1, 2}), in_place), ElementsAre("release 1"));
}

TEST(StopWithDrain, OfTheLastLeavesOthersTheirDrain) {
  EXPECT_THAT(stopped(a_node_that_drains({2}, {1}), a_draining_request()),
              ElementsAre("release 1", "limit address lo/32 for 30 s"));
  EXPECT_THAT(stopped(a_node_that_drains({2}, {1}), a_move_away()),
              ElementsAre("drain 1 for 30 s", "limit address lo/32 for 30 s"));
}

TEST(StopWithDrain, OfABucketThatDrainsAlreadyChangesNothing) {
  EXPECT_THAT(stopped(a_node_that_drains({1}), a_move_away()), IsEmpty());
  EXPECT_THAT(stopped(a_node_that_drains({1}, {2}), a_move_away()), IsEmpty());
  EXPECT_THAT(stopped(a_node_that_drains({1}), a_draining_request()), IsEmpty());
}

// A stop that was killed between its two steps: without the second the address would stay for ever.
TEST(StopWithDrain, CompletesWhatAKilledStopHasBegun) {
  auto node = a_node_that_drains({1});
  node.addresses[0].expiring = false;
  EXPECT_THAT(stopped(node, a_move_away()), ElementsAre("limit address lo/32 for 30 s"));
}

TEST(StopWithDrain, ClearsEverythingWhenTheDrainIsOver) {
  auto node = a_node_that_drains({});
  EXPECT_THAT(stopped(node, a_move_away()),
              ElementsAre("remove address lo/32", "reopen ways", "remove filter"));
  node.addresses.clear();
  EXPECT_THAT(stopped(node, a_move_away()), ElementsAre("reopen ways", "remove filter"));
}

// What cannot be trusted to drain must not go on answering.
TEST(StopWithDrain, OfABrokenRuleRemovesEverything) {
  for (auto node : {a_node_with_drain(), a_node_that_drains({1}), a_node_that_drains({2}, {1})}) {
    node.filter.faults = {"chain known-10.0.0.100 has other rules than it should"};
    EXPECT_THAT(stopped(node, a_move_away()),
                ElementsAre("remove address lo/32", "reopen ways", "remove filter"));
  }
  auto twice = a_node_with_drain();
  twice.filter.filters.push_back(twice.filter.filters[0]);
  EXPECT_THAT(stopped(twice, a_move_away()),
              ElementsAre("remove address lo/32", "reopen ways", "remove filter"));
}

// There it would answer for every bucket as long as the drain lasts.
TEST(StopWithDrain, LeavesNoAddressWhereTheRuleIsNot) {
  for (auto node : {a_node_with_drain(), a_node_that_drains({2}, {1}), a_node_that_drains({1})}) {
    node.addresses = {{"eth1", 24}};
    EXPECT_THAT(stopped(node, a_move_away()),
                ElementsAre("remove address eth1/24", "reopen ways", "remove filter"));
  }
}

TEST(StopWithDrain, OfABrokenRuleReleasesWhereOthersAreHeld) {
  auto node = a_node_with_drain({1, 2});
  node.filter.faults = {"set draining-10.0.0.100 is missing"};
  EXPECT_THAT(stopped(node, a_move_away()), ElementsAre("release 1"));
}

TEST(StopWithoutDrain, OfABucketThatMovesReleasesIt) {
  EXPECT_THAT(stopped(a_healthy_node({1, 2}), a_move_away()), ElementsAre("release 1"));
  EXPECT_THAT(stopped(a_healthy_node(), a_move_away()),
              ElementsAre("remove address lo/32", "reopen ways", "remove filter"));
}

}  // namespace
}  // namespace loadshare::test
