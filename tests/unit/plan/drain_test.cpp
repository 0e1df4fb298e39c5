// SPDX-License-Identifier: GPL-2.0-or-later
// Moves that keep connections: who drains, who spares, and that all of it ends.
#include <gtest/gtest.h>

#include "builders.h"

namespace loadshare::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

using Words = std::vector<std::string>;

const IpAddress address = ip("10.0.0.100");

Words started(const Observed& node, const std::set<unsigned>& drained_by_others = {},
              const Request& request = a_draining_request()) {
  return in_short(plan_start(request, node, drained_by_others));
}

Words stopped(const Observed& node, const Request& request) {
  return in_short(plan_stop(request, node));
}

Words told(const std::set<unsigned>& drained_by_others, const Observed& node) {
  return in_short(plan_notify(a_draining_request(), drained_by_others, node));
}

Words settled(const Observed& node) { return in_short(plan_settle(address, node)); }

Observed with_connections(Observed node, const std::map<unsigned, std::size_t>& connections) {
  node.connections = connections;
  return node;
}

Observed spared(Observed node, unsigned bucket, std::chrono::milliseconds left) {
  node.filter.moves.on = true;
  node.filter.moves.elsewhere[bucket] = left;
  return node;
}

// --- start ---

TEST(StartWithDrain, ForgetsWhatConntrackRemembersBeforeItTakesTheBucket) {
  EXPECT_THAT(started(a_node_with_drain({2})),
              ElementsAre("forget 1", "take 1", "announce on eth0"));
}

TEST(StartWithDrain, SparesWhatAnotherNodeMayDrain) {
  EXPECT_THAT(started(a_node_with_drain({2}), {1}),
              ElementsAre("forget 1", "spare 1 for 30 s", "take 1", "announce on eth0"));
}

TEST(StartWithDrain, SparesWhateverOthersDrainAndNotItsOwnBucketAlone) {
  EXPECT_THAT(started(a_node_with_drain({2}), {2, 3}),
              ElementsAre("forget 1", "spare 2 3 for 30 s", "take 1", "announce on eth0"));
}

TEST(StartWithDrain, OfANewAddressIsReadyToSpareBeforeItAnswers) {
  const auto plan = plan_start(a_draining_request(), an_empty_node(), {1});
  EXPECT_THAT(in_short(plan),
              ElementsAre("forget 1", "install filter, buckets 1", "spare 1 for 30 s",
                          "add address eth0/24", "announce on eth0"));
  EXPECT_EQ(std::get<InstallFilter>(plan[1]).filter.drain, 30s);
}

TEST(StartWithDrain, OfANewAddressSparesNothingWhereNobodyDrains) {
  EXPECT_THAT(started(an_empty_node()), ElementsAre("forget 1", "install filter, buckets 1",
                                                    "add address eth0/24", "announce on eth0"));
}

// Killed behind the filter, the first start has spared nothing yet.
TEST(StartWithDrain, SparesWhereAKilledStartHasNot) {
  auto node = a_node_with_drain();
  node.addresses.clear();
  EXPECT_THAT(started(node, {1}),
              ElementsAre("spare 1 for 30 s", "add address eth0/24", "announce on eth0"));
}

TEST(StartWithDrain, OfWhatIsServedChangesNothingWhateverOthersDrain) {
  EXPECT_THAT(started(a_node_with_drain(), {1, 2, 3}), IsEmpty());
}

TEST(StartWithDrain, TakesBackWhatItStillDrainsWithItsConnections) {
  EXPECT_THAT(started(a_node_that_drains({1, 2}, {3})),
              ElementsAre("take 1 back", "announce on eth0"));
  EXPECT_THAT(started(a_node_that_drains({1}, {3}), {1}),
              ElementsAre("spare 1 for 30 s", "take 1 back", "announce on eth0"))
      << "the node between has new ones of its own";
}

TEST(StartWithDrain, OfTheLastBucketThatDrainsKeepsTheAddressWithoutTakingItAway) {
  EXPECT_THAT(started(a_node_that_drains({1})),
              ElementsAre("take 1 back", "add address eth0/24", "announce on eth0"));
}

TEST(StartWithDrain, OfAnotherBucketKeepsTheAddressToo) {
  EXPECT_THAT(started(a_node_that_drains({2})),
              ElementsAre("forget 1", "take 1", "add address eth0/24", "announce on eth0"));
}

// A start that was killed before the address was made to stay.
TEST(StartWithDrain, RepairsABucketWhoseAddressIsAboutToExpire) {
  auto node = a_node_that_drains({2}, {1});
  node.addresses[0].expiring = true;
  EXPECT_EQ(judge(a_draining_request(), node).code, ExitCode::generic_error);
  EXPECT_THAT(judge(a_draining_request(), node).reason,
              HasSubstr("10.0.0.100/24 on eth0 is about to expire"));
  EXPECT_THAT(started(node), ElementsAre("add address eth0/24", "announce on eth0"));
}

// Its connections are its own, before and behind the repair.
TEST(StartWithDrain, InstallsAnewAndForgetsNothingOfItsOwn) {
  auto node = a_node_with_drain({1, 2});
  node.filter.filters[0].drain = 20s;
  EXPECT_THAT(judge(a_draining_request(), node).reason, HasSubstr("drain 20 s instead of 30 s"));
  EXPECT_THAT(started(node),
              ElementsAre("remove address eth0/24", "remove filter", "install filter, buckets 1 2",
                          "add address eth0/24", "announce on eth0"));
}

TEST(StartWithoutDrain, NeitherForgetsNorSpares) {
  for (const std::set<unsigned>& drained : {std::set<unsigned>{}, {1, 2, 3}}) {
    EXPECT_THAT(started(a_healthy_node({2}), drained, a_request()),
                ElementsAre("take 1", "announce on eth0"));
    EXPECT_THAT(
        started(an_empty_node(), drained, a_request()),
        ElementsAre("install filter, buckets 1", "add address eth0/24", "announce on eth0"));
  }
}

// --- stop ---

TEST(StopWithDrain, OfABucketThatMovesDrainsItAsLongAsTheRuleSays) {
  EXPECT_THAT(stopped(a_node_with_drain({1, 2}), a_move_away()), ElementsAre("drain 1 for 30 s"));
  auto node = a_node_with_drain({1, 2});
  node.filter.filters[0].drain = 20s;
  EXPECT_THAT(stopped(node, a_move_away()), ElementsAre("drain 1 for 20 s"));
}

TEST(StopWithDrain, OfTheLastLetsTheAddressExpireWithIt) {
  EXPECT_THAT(stopped(a_node_with_drain(), a_move_away()),
              ElementsAre("drain 1 for 30 s", "limit address eth0/24 for 30 s"));
}

TEST(StopWithDrain, OfABucketThatMovesNowhereDrainsNothing) {
  EXPECT_THAT(stopped(a_node_with_drain({1, 2}), a_draining_request()), ElementsAre("release 1"));
  EXPECT_THAT(stopped(a_node_with_drain(), a_draining_request()),
              ElementsAre("remove address eth0/24", "remove filter"));
  auto in_place = a_move_away();
  in_place.transition.starting_on = {"node1"};
  EXPECT_THAT(stopped(a_node_with_drain({1, 2}), in_place), ElementsAre("release 1"));
}

TEST(StopWithDrain, OfTheLastLeavesOthersTheirDrain) {
  EXPECT_THAT(stopped(a_node_that_drains({2}, {1}), a_draining_request()),
              ElementsAre("release 1", "limit address eth0/24 for 30 s"));
  EXPECT_THAT(stopped(a_node_that_drains({2}, {1}), a_move_away()),
              ElementsAre("drain 1 for 30 s", "limit address eth0/24 for 30 s"));
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
  EXPECT_THAT(stopped(node, a_move_away()), ElementsAre("limit address eth0/24 for 30 s"));
}

TEST(StopWithDrain, ClearsEverythingWhenTheDrainIsOver) {
  auto node = a_node_that_drains({});
  EXPECT_THAT(stopped(node, a_move_away()), ElementsAre("remove address eth0/24", "remove filter"));
  node.addresses.clear();
  EXPECT_THAT(stopped(node, a_move_away()), ElementsAre("remove filter"));
}

// What cannot be trusted to drain must not go on answering.
TEST(StopWithDrain, OfABrokenRuleRemovesEverything) {
  for (auto node : {a_node_with_drain(), a_node_that_drains({1}), a_node_that_drains({2}, {1})}) {
    node.filter.faults = {"chain known-10.0.0.100 has other rules than it should"};
    EXPECT_THAT(stopped(node, a_move_away()),
                ElementsAre("remove address eth0/24", "remove filter"));
  }
  auto twice = a_node_with_drain();
  twice.filter.filters.push_back(twice.filter.filters[0]);
  EXPECT_THAT(stopped(twice, a_move_away()),
              ElementsAre("remove address eth0/24", "remove filter"));
}

// There it would answer for every bucket as long as the drain lasts.
TEST(StopWithDrain, LeavesNoAddressWhereTheRuleIsNot) {
  for (auto node : {a_node_with_drain(), a_node_that_drains({2}, {1}), a_node_that_drains({1})}) {
    node.addresses[0].interface = "eth1";
    EXPECT_THAT(stopped(node, a_move_away()),
                ElementsAre("remove address eth1/24", "remove filter"));
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
              ElementsAre("remove address eth0/24", "remove filter"));
}

// --- notify ---

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

// --- settle ---

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
  EXPECT_THAT(settled(with_connections(a_node_that_drains({1}), {{1, 0}})),
              ElementsAre("end drain of 1", "remove address eth0/24", "remove filter"));
  EXPECT_THAT(settled(a_node_that_drains({})),
              ElementsAre("remove address eth0/24", "remove filter"));
  auto gone = a_node_that_drains({});
  gone.addresses.clear();
  EXPECT_THAT(settled(gone), ElementsAre("remove filter"));
}

TEST(Settling, TakesEverythingAwayWhateverOthersDrain) {
  EXPECT_THAT(settled(spared(a_node_that_drains({}), 2, 20s)),
              ElementsAre("remove address eth0/24", "remove filter"));
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
  EXPECT_THAT(settled(node), ElementsAre("remove address eth0/24", "remove filter"));
  node.filter.faults = {"only pieces of the cluster rule are left"};
  EXPECT_THAT(settled(node), ElementsAre("remove address eth0/24", "remove filter"));
}

// `release` by hand leaves an address that has nobody to answer, on purpose.
TEST(Settling, LeavesAnAddressThatIsThereForEver) {
  auto node = a_node_that_drains({}, {});
  node.addresses[0].expiring = false;
  EXPECT_THAT(settled(node), ElementsAre("end moves"));
}

// --- the verdict ---

std::string said(const Observed& node) { return judge(a_draining_request(), node).reason; }

TEST(VerdictOnADrain, IsThatTheBucketIsNotHeld) {
  EXPECT_EQ(judge(a_draining_request(), a_node_that_drains({1})).code, ExitCode::not_running);
  EXPECT_EQ(judge(a_draining_request(), a_node_that_drains({1}, {2})).code, ExitCode::not_running);
}

TEST(VerdictOnADrain, TellsConnectionsAndTime) {
  const std::string not_held = "bucket 1 of 10.0.0.100 is not held here";
  EXPECT_EQ(said(with_connections(a_node_that_drains({1}), {{1, 12}})),
            not_held + ": it drains, with 12 connections, for 14 s at most");
  EXPECT_EQ(said(with_connections(a_node_that_drains({1}), {{1, 1}})),
            not_held + ": it drains, with 1 connection, for 14 s at most");
  EXPECT_EQ(said(a_node_that_drains({1})), not_held + ": it drains, for 14 s at most");
  EXPECT_EQ(said(a_node_that_drains({2})), not_held);
}

TEST(VerdictOnADrain, DoesNotTouchTheBucketsThatAreServed) {
  EXPECT_EQ(judge(a_draining_request(), a_node_that_drains({2}, {1})).code, ExitCode::success);
  EXPECT_EQ(judge(a_draining_request(), spared(a_node_with_drain(), 1, 20s)).code,
            ExitCode::success);
}

TEST(VerdictOnADrain, MindsARuleThatIsGone) {
  auto node = a_node_that_drains({1});
  node.filter = {};
  EXPECT_EQ(judge(a_draining_request(), node).code, ExitCode::generic_error)
      << "until the address has expired";
}

// --- words ---

TEST(Steps, OfAMoveAreLinesForAPerson) {
  EXPECT_EQ(describe(DrainBucket{address, 2, 30s}), "drain bucket 2 of 10.0.0.100 for 30 s");
  EXPECT_EQ(describe(EndDrain{address, 2}), "end the drain of bucket 2 of 10.0.0.100");
  EXPECT_EQ(describe(SpareConnections{address, {1, 2}, 90s}),
            "answer only known connections of buckets 1,2 of 10.0.0.100 for 90 s");
  EXPECT_EQ(describe(ForgetConnections{address, a_filter(), {1, 2}}),
            "forget connections of buckets 1,2 of 10.0.0.100");
  EXPECT_EQ(describe(EndMoves{address}), "remove the rules for buckets of 10.0.0.100 that move");
  EXPECT_EQ(describe(LimitAddress{address, {"eth0", 24}, 30s}),
            "let 10.0.0.100/24 on eth0 expire in 30 s");
}

// --- by hand ---

// Taken without the address, it would be answered by nobody when that is gone.
TEST(ClaimWithDrain, RefusesAnAddressThatIsAboutToLeave) {
  EXPECT_THAT(outcome_of([] { plan_claim(address, {2}, a_node_that_drains({1})); }),
              Fails(ExitCode::generic_error, "about to expire"));
}

TEST(ClaimWithDrain, TakesBackWhatIsDrained) {
  EXPECT_THAT(in_short(plan_claim(address, {1}, a_node_that_drains({1}, {2}))),
              ElementsAre("take 1 back"));
}

}  // namespace
}  // namespace loadshare::test
