// SPDX-License-Identifier: GPL-2.0-or-later
// The steps to own a bucket: in which order, which not, and when none is possible.
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

Words started(const Observed& node, const Request& request = a_request()) {
  return in_short(plan_start(request, node));
}

template <class Wanted>
Wanted step(const Plan& plan) {
  for (const auto& each : plan) {
    if (const auto* found = std::get_if<Wanted>(&each)) return *found;
  }
  ADD_FAILURE() << "no such step";
  return {};
}

TEST(PlanStart, OnANodeWithNothingInstallsTheFilterBeforeTheAddress) {
  EXPECT_THAT(started(an_empty_node()),
              ElementsAre("install filter, buckets 1", "add address eth0/24", "announce on eth0"));
}

TEST(PlanStart, IsEmptyWhereAllIsWell) {
  EXPECT_THAT(started(a_healthy_node()), IsEmpty());
  EXPECT_THAT(started(a_healthy_node({1, 2, 3})), IsEmpty());
}

TEST(PlanStart, TakesAFurtherBucketAndTouchesNothingElse) {
  EXPECT_THAT(started(a_healthy_node({2, 3})), ElementsAre("take 1", "announce on eth0"));
  EXPECT_THAT(started(a_healthy_node({})), ElementsAre("take 1", "announce on eth0"));
}

TEST(PlanStart, RepairsTheAddressAloneWhereTheFilterIsRight) {
  const auto request = a_request();
  auto node = a_healthy_node({1, 2});
  node.addresses.clear();
  EXPECT_THAT(started(node), ElementsAre("add address eth0/24", "announce on eth0"));
  node.addresses = {{"eth0", 32}};
  EXPECT_THAT(started(node),
              ElementsAre("remove address eth0/32", "add address eth0/24", "announce on eth0"));
  node.addresses = {{"eth1", 24}, {"eth0", 24}};
  EXPECT_THAT(started(node), ElementsAre("remove address eth1/24", "remove address eth0/24",
                                         "add address eth0/24", "announce on eth0"));
}

TEST(PlanStart, RemovesAStrayAddressBeforeItTakesTheBucket) {
  auto node = a_healthy_node({2});
  node.addresses = {{"eth1", 24}};
  EXPECT_THAT(started(node), ElementsAre("remove address eth1/24", "take 1", "add address eth0/24",
                                         "announce on eth0"));
}

TEST(PlanStart, RaisesTheInterface) {
  auto node = a_healthy_node();
  node.interface->up = node.interface->carrier = false;
  EXPECT_THAT(started(node), ElementsAre("raise eth0", "announce on eth0"));
}

TEST(PlanStart, RaisesTheInterfaceOnlyWhenNoUnfilteredAddressIsOnIt) {
  auto node = an_empty_node();
  node.addresses = {{"eth0", 24}};
  node.interface->up = node.interface->carrier = false;
  EXPECT_THAT(started(node), ElementsAre("remove address eth0/24", "install filter, buckets 1",
                                         "raise eth0", "add address eth0/24", "announce on eth0"));
}

TEST(PlanStart, InstallsWhatTheRequestSays) {
  auto request = a_request(2);
  request.hash_mode = HashMode::source_ip;
  request.seed = 7;
  const auto plan = plan_start(request, an_empty_node());
  const auto install = step<InstallFilter>(plan);
  EXPECT_EQ(install.address, ip("10.0.0.100"));
  EXPECT_EQ(install.filter, (Filter{"eth0", cluster_mac, HashMode::source_ip, 7, 3}));
  EXPECT_THAT(install.buckets, ElementsAre(2));
}

// As an interface is that was in another network namespace, while its buckets were stopped here.
TEST(PlanStart, KeepsNoBucketsWhereNeitherAddressNorMacIsLeft) {
  auto node = a_healthy_node({2, 3});
  node.addresses.clear();
  EXPECT_THAT(started(node), testing::Not(testing::Contains("install filter, buckets 1")));
  node.interface->joined.clear();
  EXPECT_THAT(started(node), testing::Contains("install filter, buckets 1"));
}

TEST(PlanStart, DropsBucketsAboveASmallerTotal) {
  auto node = a_healthy_node({2, 3, 8, 16});
  node.filter.filters[0].total = 16;
  EXPECT_THAT(started(node), testing::Contains("install filter, buckets 1 2 3"));
}

TEST(PlanStart, AnnouncesAsAsked) {
  auto request = a_request();
  request.announcement = {3, std::chrono::milliseconds(50), false};
  const auto announce = step<Announce>(plan_start(request, an_empty_node()));
  EXPECT_EQ(announce.address, ip("10.0.0.100"));
  EXPECT_EQ(announce.interface, "eth0");
  EXPECT_EQ(announce.mac, cluster_mac);
  EXPECT_EQ(announce.how.count, 3u);
  EXPECT_EQ(announce.how.interval, std::chrono::milliseconds(50));
  EXPECT_FALSE(announce.how.in_background);
}

TEST(PlanStart, AnnouncesNothingWhereTheCountIsZero) {
  auto request = a_request();
  request.announcement.count = 0;
  EXPECT_THAT(started(an_empty_node(), request),
              ElementsAre("install filter, buckets 1", "add address eth0/24"));
}

std::string start_outcome(const Observed& node, const Request& request = a_request()) {
  return outcome_of([&] { plan_start(request, node); });
}

TEST(PlanStart, IsRefusedWithoutTheInterface) {
  auto node = an_empty_node();
  node.interface.reset();
  EXPECT_THAT(start_outcome(node), Fails(ExitCode::not_installed, "interface eth0 does not exist"));
}

TEST(PlanStart, IsRefusedOnAnInterfaceWithoutMulticast) {
  auto node = an_empty_node();
  node.interface->multicast = false;
  EXPECT_THAT(start_outcome(node), Fails(ExitCode::not_configured, "nic: eth0 "));
  node = an_empty_node();
  node.interface->loopback = true;
  EXPECT_THAT(start_outcome(node), Fails(ExitCode::not_configured, "nic: eth0 "));
}

TEST(PlanStart, IsRefusedWithoutCarrier) {
  auto node = an_empty_node();
  node.interface->carrier = false;
  EXPECT_THAT(start_outcome(node), Fails(ExitCode::generic_error, "eth0 has no carrier"));
}

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
  EXPECT_THAT(in_short(plan), ElementsAre("install filter, buckets", "forget 1", "spare 1 for 30 s",
                                          "take 1", "add address eth0/24", "announce on eth0"));
  EXPECT_EQ(std::get<InstallFilter>(plan[0]).filter.drain, 30s);
}

TEST(StartWithDrain, OfANewAddressSparesNothingWhereNobodyDrains) {
  EXPECT_THAT(started_with_drain(an_empty_node()),
              ElementsAre("install filter, buckets", "forget 1", "take 1", "add address eth0/24",
                          "announce on eth0"));
}

// Killed behind the filter, the first start has forgotten nothing yet, and owns nothing.
TEST(StartWithDrain, ForgetsWhereAKilledStartHasNot) {
  auto node = a_node_with_drain({});
  node.addresses.clear();
  EXPECT_THAT(started_with_drain(node),
              ElementsAre("forget 1", "take 1", "add address eth0/24", "announce on eth0"));
}

// Nor has it spared any where it was killed behind the bucket, and somebody drains by now.
TEST(StartWithDrain, SparesWhereAKilledStartHasNot) {
  auto node = a_node_with_drain();
  node.addresses.clear();
  EXPECT_THAT(started_with_drain(node, {1}),
              ElementsAre("spare 1 for 30 s", "add address eth0/24", "announce on eth0"));
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
              ElementsAre("take 1 back", "add address eth0/24", "announce on eth0"));
}

TEST(StartWithDrain, OfAnotherBucketKeepsTheAddressToo) {
  EXPECT_THAT(started_with_drain(a_node_that_drains({2})),
              ElementsAre("forget 1", "take 1", "add address eth0/24", "announce on eth0"));
}

// A start that was killed before the address was made to stay.
TEST(StartWithDrain, RepairsABucketWhoseAddressIsAboutToExpire) {
  auto node = a_node_that_drains({2}, {1});
  node.addresses[0].expiring = true;
  EXPECT_EQ(judge(a_draining_request(), node).code, ExitCode::generic_error);
  EXPECT_THAT(judge(a_draining_request(), node).reason,
              HasSubstr("10.0.0.100/24 on eth0 is about to expire"));
  EXPECT_THAT(started_with_drain(node), ElementsAre("add address eth0/24", "announce on eth0"));
}

// Its connections are its own, before and behind the repair.
TEST(StartWithDrain, InstallsAnewAndForgetsNothingOfItsOwn) {
  auto node = a_node_with_drain({1, 2});
  node.filter.filters[0].drain = 20s;
  EXPECT_THAT(judge(a_draining_request(), node).reason, HasSubstr("drain 20 s instead of 30 s"));
  EXPECT_THAT(started_with_drain(node),
              ElementsAre("remove address eth0/24", "remove filter", "install filter, buckets 1 2",
                          "add address eth0/24", "announce on eth0"));
}

TEST(StartWithoutDrain, NeitherForgetsNorSpares) {
  for (const std::set<unsigned>& drained : {std::set<unsigned>{}, {1, 2, 3}}) {
    EXPECT_THAT(started_with_drain(a_healthy_node({2}), drained, a_request()),
                ElementsAre("take 1", "announce on eth0"));
    EXPECT_THAT(
        started_with_drain(an_empty_node(), drained, a_request()),
        ElementsAre("install filter, buckets 1", "add address eth0/24", "announce on eth0"));
  }
}

}  // namespace
}  // namespace loadshare::test
