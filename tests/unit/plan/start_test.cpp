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
  EXPECT_THAT(started(an_empty_node()), ElementsAre("install filter, buckets 1", "close ways",
                                                    "add address lo/32", "announce on eth0"));
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
  EXPECT_THAT(started(node), ElementsAre("add address lo/32", "announce on eth0"));
  node.addresses = {{"eth1", 24}};
  EXPECT_THAT(started(node),
              ElementsAre("remove address eth1/24", "add address lo/32", "announce on eth0"));
  node.addresses = {{"eth1", 24}, in_form("lo")};
  EXPECT_THAT(started(node),
              ElementsAre("remove address eth1/24", "add address lo/32", "announce on eth0"));
}

// As an earlier version or IPaddr2 has it: not one packet is lost.
TEST(PlanStart, AddsTheAddressBeforeItRemovesTheFormerOneFromTheInterface) {
  auto node = a_healthy_node({1, 2});
  node.addresses = {{"eth0", 24}};
  EXPECT_THAT(started(node),
              ElementsAre("add address lo/32", "remove address eth0/24", "announce on eth0"));
  node.addresses = {{"eth0", 24}, in_form("lo")};
  EXPECT_THAT(started(node),
              ElementsAre("add address lo/32", "remove address eth0/24", "announce on eth0"))
      << "after a start that was killed between";
}

// The kernel does not change the scope of an address, nor the prefix of an IPv6 one.
TEST(PlanStart, RemovesTheAddressOfAnotherFormFromItsOwnPlaceFirst) {
  auto node = a_healthy_node();
  node.addresses = {{"lo", 32}};
  EXPECT_THAT(started(node),
              ElementsAre("remove address lo/32", "add address lo/32", "announce on eth0"));
}

TEST(PlanStart, RaisesTheHolderOfTheAddress) {
  auto node = an_empty_node();
  node.holder->up = false;
  EXPECT_THAT(started(node), ElementsAre("install filter, buckets 1", "raise lo",
                                         "add address lo/32", "announce on eth0"));
}

TEST(PlanStart, RepairsTheRouteWithTheAddress) {
  auto request = a_request();
  request.interface = "eth0";
  request.prefix_length = 24;
  auto node = a_healthy_node();
  node.network.reset();
  EXPECT_THAT(started(node, request), ElementsAre("add address lo/32", "announce on eth0"));
  node.routes = {{{ip("10.0.0.0"), 24}, "eth0"}};
  EXPECT_THAT(started(node, request), IsEmpty());
}

TEST(PlanStart, RemovesAStrayAddressBeforeItTakesTheBucket) {
  auto node = a_healthy_node({2});
  node.addresses = {{"eth1", 24}};
  EXPECT_THAT(started(node), ElementsAre("remove address eth1/24", "take 1", "add address lo/32",
                                         "announce on eth0"));
}

TEST(PlanStart, RaisesTheInterface) {
  auto node = a_healthy_node();
  node.interface->up = node.interface->carrier = false;
  EXPECT_THAT(started(node), ElementsAre("raise eth0", "announce on eth0"));
}

TEST(PlanStart, RaisesTheInterfaceOnlyWhenNoUnfilteredAddressIsOnIt) {
  auto node = an_empty_node();
  node.addresses = {in_form("lo")};
  node.interface->up = node.interface->carrier = false;
  EXPECT_THAT(started(node),
              ElementsAre("remove address lo/32", "install filter, buckets 1", "close ways",
                          "raise eth0", "add address lo/32", "announce on eth0"));
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
              ElementsAre("install filter, buckets 1", "close ways", "add address lo/32"));
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

TEST(PlanStart, IsRefusedWhereOthersHaveClosedTheWay) {
  auto node = a_healthy_node({1});
  node.path.obstacles = {"there is no way back"};
  EXPECT_THAT(outcome_of([&] { plan_start(a_request(2), node); }),
              Fails(ExitCode::generic_error, "there is no way back"));
  node = an_empty_node();
  node.interface->arp = false;
  EXPECT_THAT(outcome_of([&] { plan_start(a_request(), node); }),
              Fails(ExitCode::generic_error, "ip link set eth0 arp on"));
}

// With it come what the kernel has of its own for it.
TEST(PlanStart, PutsTheAddressThereAnewWhereSomethingOfItIsGone) {
  auto node = a_healthy_node({1});
  node.path.gaps = {"its route is gone"};
  EXPECT_THAT(in_short(plan_start(a_request(), node)),
              ElementsAre("remove address lo/32", "add address lo/32", "announce on eth0"));
}

TEST(PlanStart, DoesNotAdoptWhatAnotherHandHasTaken) {
  auto node = a_healthy_node({1});
  node.filter.usurped = {3};
  node.filter.faults = {"another hand has taken bucket 3"};
  const auto plan = plan_start(a_request(), node);
  for (const auto& step : plan) {
    if (const auto* install = std::get_if<InstallFilter>(&step)) {
      EXPECT_THAT(install->buckets, ElementsAre(1));
    }
  }
  EXPECT_FALSE(plan.empty());
}

TEST(PlanStart, IsRefusedWhereTheAddressIsTheNodesOwn) {
  auto node = an_empty_node();
  node.addresses = {{"eth1", 24}};
  EXPECT_THAT(start_outcome(node),
              Fails(ExitCode::bad_arguments, "ip: 10.0.0.100/24 on eth1 is an address of this "));
  node.filter.faults = {"the deciding program is gone"};
  EXPECT_EQ(start_outcome(node), "no error") << "something of ours is there";
}

TEST(PlanStart, IsRefusedWithoutCarrier) {
  auto node = an_empty_node();
  node.interface->carrier = false;
  EXPECT_THAT(start_outcome(node), Fails(ExitCode::generic_error, "eth0 has no carrier"));
}

}  // namespace
}  // namespace loadshare::test
