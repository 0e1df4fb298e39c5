// SPDX-License-Identifier: GPL-2.0-or-later
// The differences, and the verdict on one bucket.
#include <gtest/gtest.h>

#include "builders.h"
#include "loadshare/plan.h"

namespace loadshare::test {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST(Judge, SaysThatTheInterfaceIsGoneWithAllThatWasOnIt) {
  auto node = an_empty_node();
  node.interface.reset();
  auto request = a_request();
  request.interface = "eth0";
  const auto verdict = judge(request, node);
  EXPECT_EQ(verdict.code, ExitCode::not_running);
  EXPECT_THAT(verdict.reason, HasSubstr("is not held here: interface eth0 does not exist"));
}

TEST(Judge, SaysWhyARuleDoesNotWorkWhereTheAddressIsExposed) {
  auto node = a_healthy_node({});
  node.filter.filters.clear();
  node.filter.faults = {"the deciding program is gone"};
  const auto verdict = judge(a_request(), node);
  EXPECT_EQ(verdict.code, ExitCode::generic_error);
  EXPECT_THAT(verdict.reason, testing::EndsWith("(the deciding program is gone)"));
}

// A probe that said 7 would let another node take it, too.
TEST(Judge, OfABucketThatAnotherHandHasTakenIsAnError) {
  auto node = a_healthy_node({1});
  node.filter.usurped = {2};
  node.filter.faults = {"another hand has taken bucket 2"};
  EXPECT_EQ(judge(a_request(2), node).code, ExitCode::generic_error);
  EXPECT_EQ(judge(a_request(3), node).code, ExitCode::not_running);
}

TEST(Compare, SaysWhereTheRuleIsOfAnInterfaceThatIsCalledOtherwiseNow) {
  auto node = a_healthy_node();
  node.interface.reset();
  node.filter.filters[0].interface = "renamed0";
  auto request = a_request();
  request.interface = "eth0";
  request.prefix_length = 24;
  EXPECT_EQ(judge(request, node).reason,
            "interface eth0 does not exist: the cluster rule is on renamed0");
}

TEST(Compare, ListsEveryDifferenceWithTheInterfaceFirst) {
  auto node = a_healthy_node({});
  node.interface->up = false;
  node.interface->joined.clear();
  node.filter.filters[0].total = 2;
  node.filter.filters[0].seed = 9;
  node.addresses.clear();
  const auto request = a_request();
  std::vector<Part> parts;
  for (const auto& difference : compare(request, resolve(request, node), node)) {
    parts.push_back(difference.part);
    EXPECT_THAT(difference.text, AllOf(Not(IsEmpty()), Not(HasSubstr("\n"))));
  }
  EXPECT_THAT(parts, ElementsAre(Part::interface, Part::filter, Part::filter, Part::bucket,
                                 Part::membership, Part::address));
}

TEST(Judge, IsContentWithAServedBucket) {
  const auto verdict = judge(a_request(), a_healthy_node());
  EXPECT_EQ(verdict.code, ExitCode::success);
  EXPECT_EQ(verdict.reason, "");
}

TEST(Judge, FindsNothingRunningOnANodeWithNothing) {
  const auto verdict = judge(a_request(), an_empty_node());
  EXPECT_EQ(verdict.code, ExitCode::not_running);
  EXPECT_EQ(verdict.reason, "bucket 1 of 10.0.0.100 is not held here");
}

TEST(Judge, FindsNothingRunningWhereAnotherBucketIsHeld) {
  EXPECT_EQ(judge(a_request(1), a_healthy_node({2, 3})).code, ExitCode::not_running);
  EXPECT_EQ(judge(a_request(2), a_healthy_node({2, 3})).code, ExitCode::success);
}

TEST(Judge, FindsNothingRunningWhereAWorkingRuleHoldsNoBucket) {
  EXPECT_EQ(judge(a_request(), a_healthy_node({})).code, ExitCode::not_running);
}

TEST(Judge, CallsAnUnfilteredAddressAnError) {
  auto node = an_empty_node();
  node.addresses = {in_form("lo")};
  const auto verdict = judge(a_request(), node);
  EXPECT_EQ(verdict.code, ExitCode::generic_error);
  EXPECT_THAT(verdict.reason,
              AllOf(HasSubstr("10.0.0.100 is on lo"), HasSubstr("could answer for every bucket")));
}

TEST(Judge, CallsAnAddressBehindAFaultyRuleWithoutBucketAnError) {
  auto node = a_healthy_node({});
  node.filter.faults = {"the cluster rule is in the wrong place"};
  EXPECT_EQ(judge(a_request(), node).code, ExitCode::generic_error);
}

TEST(Judge, CallsAnAddressOnAnInterfaceWithoutTheRuleAnError) {
  auto node = a_healthy_node({});
  node.addresses = {{"eth1", 24}};
  EXPECT_EQ(judge(a_request(), node).code, ExitCode::generic_error);
}

TEST(Judge, FindsNothingRunningWhereTheAddressIsTheNodesOwn) {
  auto node = an_empty_node();
  node.addresses = {{"eth0", 24}};
  const auto verdict = judge(a_request(), node);
  EXPECT_EQ(verdict.code, ExitCode::not_running);
  EXPECT_EQ(verdict.reason,
            "bucket 1 of 10.0.0.100 is not held here: it is this node's own address, /24 on eth0");
}

TEST(Judge, FindsByAProbeServedWhatIsInAnotherAgentsForm) {
  auto node = a_healthy_node();
  node.addresses = {{"eth0", 24}};
  auto request = a_request();
  EXPECT_EQ(judge(request, node).code, ExitCode::success);
  request.monitoring.interval = 10s;
  EXPECT_EQ(judge(request, node).code, ExitCode::generic_error);
}

TEST(Judge, MissesTheRouteThatTheAddressNeeds) {
  auto request = a_request();
  request.interface = "eth0";
  request.prefix_length = 24;
  auto node = a_healthy_node();
  node.network.reset();
  EXPECT_EQ(judge(request, node).reason, "the route to 10.0.0.0/24 on eth0 is not there");
  node.routes = {{{ip("10.0.0.0"), 24}, "eth0"}};
  EXPECT_EQ(judge(request, node).code, ExitCode::success);
  node.routes.clear();
  request.no_prefix_route = true;
  EXPECT_EQ(judge(request, node).code, ExitCode::success);
}

TEST(Judge, FindsNothingRunningWithoutTheInterfaceAndTheNetwork) {
  auto node = an_empty_node();
  node.interface.reset();
  node.network.reset();
  EXPECT_EQ(judge(a_request(), node).code, ExitCode::not_running);
}

TEST(Judge, SaysWhatItCannotTellOfAHeldBucket) {
  auto node = a_healthy_node();
  node.network.reset();
  const auto verdict = judge(a_request(), node);
  EXPECT_EQ(verdict.code, ExitCode::generic_error);
  EXPECT_THAT(verdict.reason, HasSubstr("nic: not given"));
}

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

}  // namespace
}  // namespace loadshare::test
