// SPDX-License-Identifier: GPL-2.0-or-later
// What the kernel holds against what is asked: the steps between, and the verdict.
#include "loadshare/plan.h"

#include <gtest/gtest.h>

#include "builders.h"

namespace loadshare::test {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

using Words = std::vector<std::string>;

Words started(const Observed& node, const Request& request = a_request()) {
  return in_short(plan_start(request, node));
}

Words stopped(const Observed& node, const Request& request = a_request()) {
  return in_short(plan_stop(request, node));
}

template <class Wanted>
Wanted step(const Plan& plan) {
  for (const auto& each : plan) {
    if (const auto* found = std::get_if<Wanted>(&each)) return *found;
  }
  ADD_FAILURE() << "no such step";
  return {};
}

// A node with one thing wrong, what monitor says of it, and what it is called here.
struct Breakage {
  const char* name;
  void (*breaks)(Observed&);
  const char* reason;
};

void PrintTo(const Breakage& row, std::ostream* out) { *out << row.name; }

std::string name_of(const testing::TestParamInfo<Breakage>& row) { return row.param.name; }

Observed broken(const Breakage& row, const std::set<unsigned>& buckets = {1}) {
  auto node = a_healthy_node(buckets);
  row.breaks(node);
  return node;
}

// What only a rule that is installed anew can repair.
const Breakage filter_breakages[] = {
    {"RuleMissing", [](Observed& node) { node.filter.filters.clear(); },
     "the cluster rule for 10.0.0.100 is missing"},
    {"OtherMac", [](Observed& node) { node.filter.filters[0].mac = other_mac; },
     "the cluster rule has MAC 01:00:5e:00:01:99 instead of 01:00:5e:00:01:14"},
    {"OtherTotal", [](Observed& node) { node.filter.filters[0].total = 2; },
     "the cluster rule has total nodes 2 instead of 3"},
    {"OtherHashMode",
     [](Observed& node) { node.filter.filters[0].hash_mode = HashMode::source_ip; },
     "the cluster rule has hash mode sourceip instead of sourceip-sourceport"},
    {"OtherSeed", [](Observed& node) { node.filter.filters[0].seed = 7; },
     "the cluster rule has seed 7 instead of 0"},
    {"OtherInterface", [](Observed& node) { node.filter.filters[0].interface = "eth1"; },
     "the cluster rule has interface eth1 instead of eth0"},
    {"RuleTwice", [](Observed& node) { node.filter.filters.push_back(a_filter()); },
     "the cluster rule for 10.0.0.100 is installed 2 times"},
    {"SecondRuleWithOtherTotal",
     [](Observed& node) {
       node.filter.filters.push_back(a_filter());
       node.filter.filters[1].total = 9;
     },
     "the cluster rule for 10.0.0.100 is installed 2 times"},
    {"FaultInWords",
     [](Observed& node) { node.filter.faults = {"rule 1 of chain INPUT comes before"}; },
     "rule 1 of chain INPUT comes before"},
    {"MacNotJoined", [](Observed& node) { node.interface->joined = {other_mac}; },
     "the cluster MAC 01:00:5e:00:01:14 is not joined on eth0"},
};

const Breakage address_breakages[] = {
    {"AddressMissing", [](Observed& node) { node.addresses.clear(); },
     "10.0.0.100/24 on eth0 is not there"},
    {"OtherPrefix",
     [](Observed& node) {
       node.addresses = {{"eth0", 32}};
     },
     "10.0.0.100/24 on eth0 is not there"},
    {"AddressOnOtherInterface",
     [](Observed& node) {
       node.addresses = {{"eth1", 24}};
     },
     "10.0.0.100/24 on eth0 is not there"},
    {"AddressOnASecondInterface",
     [](Observed& node) {
       node.addresses.push_back({"eth1", 24});
     },
     "10.0.0.100 is also there as /24 on eth1"},
    {"AddressWithASecondPrefix",
     [](Observed& node) {
       node.addresses.push_back({"eth0", 32});
     },
     "10.0.0.100 is also there as /32 on eth0"},
};

const Breakage interface_breakages[] = {
    {"InterfaceDown", [](Observed& node) { node.interface->up = node.interface->carrier = false; },
     "interface eth0 is down"},
    {"NoCarrier", [](Observed& node) { node.interface->carrier = false; },
     "interface eth0 has no carrier"},
    {"InterfaceGone",
     [](Observed& node) {
       node.interface.reset();
       node.addresses.clear();
     },
     "interface eth0 does not exist"},
};

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

class PlanStartRepairs : public testing::TestWithParam<Breakage> {};
INSTANTIATE_TEST_SUITE_P(Filter, PlanStartRepairs, testing::ValuesIn(filter_breakages), name_of);

TEST_P(PlanStartRepairs, TheFilterWhileTheAddressIsAway) {
  const auto node = broken(GetParam());
  auto expected = Words{"remove address eth0/24", "remove filter", "install filter, buckets 1",
                        "add address eth0/24", "announce on eth0"};
  if (node.filter.filters.empty()) expected.erase(expected.begin() + 1);
  EXPECT_EQ(started(node), expected);
}

TEST_P(PlanStartRepairs, TheFilterAndKeepsTheOtherBuckets) {
  EXPECT_THAT(started(broken(GetParam(), {2, 3})),
              testing::Contains("install filter, buckets 1 2 3"));
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

TEST(PlanStop, OfTheLastBucketRemovesTheAddressBeforeTheFilter) {
  EXPECT_THAT(stopped(a_healthy_node()), ElementsAre("remove address eth0/24", "remove filter"));
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
  node.addresses = {{"eth0", 24}};
  EXPECT_THAT(stopped(node), ElementsAre("remove address eth0/24"));
}

TEST(PlanStop, ClearsAFilterWithoutAnAddress) {
  auto node = a_healthy_node();
  node.addresses.clear();
  EXPECT_THAT(stopped(node), ElementsAre("remove filter"));
}

TEST(PlanStop, ClearsAFilterWithoutABucket) {
  EXPECT_THAT(stopped(a_healthy_node({})), ElementsAre("remove address eth0/24", "remove filter"));
}

TEST(PlanStop, ClearsWhatIsOnlyKnownAsAFault) {
  auto node = an_empty_node();
  node.filter.faults = {"half a table"};
  EXPECT_THAT(stopped(node), ElementsAre("remove filter"));
}

TEST(PlanStop, RemovesEveryAddress) {
  auto node = a_healthy_node();
  node.addresses = {{"eth0", 24}, {"eth1", 32}, {"eth0", 16}};
  EXPECT_THAT(stopped(node), ElementsAre("remove address eth0/24", "remove address eth1/32",
                                         "remove address eth0/16", "remove filter"));
}

TEST(PlanStop, NeedsNeitherInterfaceNorNetwork) {
  auto node = a_healthy_node();
  node.interface.reset();
  node.network.reset();
  EXPECT_THAT(stopped(node), ElementsAre("remove address eth0/24", "remove filter"));
}

class AnyBreakage : public testing::TestWithParam<Breakage> {};
INSTANTIATE_TEST_SUITE_P(OfTheFilter, AnyBreakage, testing::ValuesIn(filter_breakages), name_of);
INSTANTIATE_TEST_SUITE_P(OfTheAddress, AnyBreakage, testing::ValuesIn(address_breakages), name_of);
INSTANTIATE_TEST_SUITE_P(OfTheInterface, AnyBreakage, testing::ValuesIn(interface_breakages),
                         name_of);

TEST_P(AnyBreakage, IsTheReasonThatMonitorShows) {
  auto request = a_request();
  request.interface = "eth0";
  const auto verdict = judge(request, broken(GetParam()));
  EXPECT_EQ(verdict.code, ExitCode::generic_error);
  EXPECT_EQ(verdict.reason, GetParam().reason);
}

TEST_P(AnyBreakage, IsNotTheBusinessOfABucketThatIsNotHere) {
  const auto node = broken(GetParam(), {2});
  // Without any rule the address itself is everybody's business.
  if (node.filter.filters.empty()) return;
  EXPECT_EQ(judge(a_request(), node).code, ExitCode::not_running);
}

TEST_P(AnyBreakage, LeavesStopOfOneOfTwoBucketsAsItIs) {
  EXPECT_THAT(stopped(broken(GetParam(), {1, 2})), ElementsAre("release 1"));
}

TEST_P(AnyBreakage, IsClearedByTheLastStop) {
  const auto node = broken(GetParam());
  Words expected;
  for (const auto& held : node.addresses) {
    expected.push_back("remove address " + held.interface + "/" +
                       std::to_string(held.prefix_length));
  }
  if (!node.filter.filters.empty()) expected.push_back("remove filter");
  EXPECT_EQ(stopped(node), expected);
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
  node.addresses = {{"eth0", 24}};
  const auto verdict = judge(a_request(), node);
  EXPECT_EQ(verdict.code, ExitCode::generic_error);
  EXPECT_THAT(verdict.reason, AllOf(HasSubstr("10.0.0.100 is on eth0"),
                                    HasSubstr("could answer for every bucket")));
}

TEST(Judge, CallsAnAddressBehindAFaultyRuleWithoutBucketAnError) {
  auto node = a_healthy_node({});
  node.filter.faults = {"the cluster rule is in the wrong place"};
  EXPECT_EQ(judge(a_request(), node).code, ExitCode::generic_error);
}

TEST(Judge, CallsAnAddressOnAnInterfaceWithoutTheRuleAnError) {
  auto node = a_healthy_node({});
  node.filter.filters[0].interface = "eth1";
  EXPECT_EQ(judge(a_request(), node).code, ExitCode::generic_error);
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

Request with_nothing_given() {
  auto request = a_request();
  request.mac.reset();
  return request;
}

TEST(Resolve, TakesFromTheNetworkWhatIsNotGiven) {
  const auto target = resolve(with_nothing_given(), an_empty_node());
  EXPECT_EQ(target.address, ip("10.0.0.100"));
  EXPECT_EQ(target.held, (HeldAddress{"eth0", 24}));
  EXPECT_EQ(target.filter.interface, "eth0");
  EXPECT_EQ(target.broadcast, ip("10.0.0.255"));
  // md5 of "10.0.0.100 24 10.0.0.255\n", see cluster_mac_test.cpp
  EXPECT_EQ(target.filter.mac, mac("81:48:8f:53:39:b3"));
  EXPECT_EQ(target.label, std::nullopt);
  EXPECT_FALSE(target.no_prefix_route);
}

TEST(Resolve, PrefersWhatIsGiven) {
  auto request = a_request();
  request.interface = "eth0";
  request.prefix_length = 25;
  request.broadcast = "10.0.0.127";
  request.label = "web";
  request.no_prefix_route = true;
  const auto target = resolve(request, an_empty_node());
  EXPECT_EQ(target.held, (HeldAddress{"eth0", 25}));
  EXPECT_EQ(target.broadcast, ip("10.0.0.127"));
  EXPECT_EQ(target.label, "web");
  EXPECT_EQ(target.filter.mac, cluster_mac);
  EXPECT_TRUE(target.no_prefix_route);
}

// As `ip address add` does it.
TEST(Resolve, UnderstandsPlusAndMinusAsHostBitsSetAndCleared) {
  const struct {
    const char* text;
    unsigned prefix_length;
    std::optional<IpAddress> expected;
  } rows[] = {
      {"+", 24, ip("10.0.0.255")},     {"-", 24, ip("10.0.0.0")},   {"+", 16, ip("10.0.255.255")},
      {"-", 16, ip("10.0.0.0")},       {"+", 25, ip("10.0.0.127")}, {"-", 26, ip("10.0.0.64")},
      {"+", 30, ip("10.0.0.103")},     {"-", 30, ip("10.0.0.100")}, {"+", 31, std::nullopt},
      {"-", 31, std::nullopt},         {"+", 32, std::nullopt},     {"-", 32, std::nullopt},
      {"+", 1, ip("127.255.255.255")}, {"-", 1, ip("0.0.0.0")},
  };
  for (const auto& row : rows) {
    auto request = a_request();
    request.broadcast = row.text;
    request.prefix_length = row.prefix_length;
    EXPECT_EQ(resolve(request, an_empty_node()).broadcast, row.expected)
        << row.text << " /" << row.prefix_length;
  }
}

TEST(Resolve, DerivesTheMacFromTheBroadcastAsItIsWritten) {
  Request request;
  request.address = ip("192.168.1.5");
  request.interface = "eth0";
  request.prefix_length = 16;
  request.broadcast = "+";
  EXPECT_EQ(resolve(request, an_empty_node()).filter.mac, mac("fd:28:c4:a7:4a:3a"));
}

TEST(Resolve, IgnoresTheNetworkOfAnotherInterface) {
  auto request = with_nothing_given();
  request.interface = "eth1";
  EXPECT_THAT(outcome_of([&] { resolve(request, an_empty_node()); }),
              Fails(ExitCode::not_installed, "cidr_netmask: not given, and eth1 "));
  request.prefix_length = 24;
  const auto target = resolve(request, an_empty_node());
  EXPECT_EQ(target.broadcast, std::nullopt);
  // md5 of "10.0.0.100 24\n"
  EXPECT_EQ(target.filter.mac, mac("e1:4d:e6:54:fb:5a"));
}

TEST(Resolve, NamesTheParameterThatCannotBeFound) {
  auto node = an_empty_node();
  node.network.reset();
  EXPECT_THAT(outcome_of([&] { resolve(a_request(), node); }),
              Fails(ExitCode::not_installed, "nic: not given"));
  auto request = a_request();
  request.interface = "eth0";
  EXPECT_THAT(outcome_of([&] { resolve(request, node); }),
              Fails(ExitCode::not_installed, "cidr_netmask: not given"));
  request.prefix_length = 24;
  EXPECT_EQ(outcome_of([&] { resolve(request, node); }), "no error");
}

TEST(Describe, PutsEveryStepInWords) {
  const auto vip = ip("10.0.0.100");
  const HeldAddress held{"eth0", 24};
  const std::pair<Step, const char*> rows[] = {
      {RaiseInterface{"eth0"}, "set interface eth0 up"},
      {InstallFilter{vip, a_filter(), {1, 3}},
       "install the cluster rule for 10.0.0.100 on eth0: MAC 01:00:5e:00:01:14, hash mode "
       "sourceip-sourceport, seed 0, total nodes 3, buckets 1,3"},
      {RemoveFilter{vip}, "remove the cluster rule for 10.0.0.100"},
      {TakeBucket{vip, 2}, "take bucket 2 of 10.0.0.100"},
      {TakeBucket{vip, 2, std::chrono::seconds(40)}, "take bucket 2 of 10.0.0.100 for 40000 ms"},
      {ReleaseBucket{vip, 2}, "release bucket 2 of 10.0.0.100"},
      {DrainBucket{vip, 2, std::chrono::seconds(30)}, "drain bucket 2 of 10.0.0.100 for 30 s"},
      {EndDrain{vip, 2}, "end the drain of bucket 2 of 10.0.0.100"},
      {SpareConnections{vip, {1, 3}, std::chrono::seconds(30)},
       "answer only known connections of buckets 1,3 of 10.0.0.100 for 30 s"},
      {ForgetConnections{vip, a_filter(), {1, 3}},
       "forget connections of buckets 1,3 of 10.0.0.100"},
      {EndMoves{vip}, "remove the rules for buckets of 10.0.0.100 that move"},
      {LimitAddress{vip, held, std::chrono::seconds(30)},
       "let 10.0.0.100/24 on eth0 expire in 30 s"},
      {AddAddress{{vip, a_filter(), held, {}, {}, false}}, "add 10.0.0.100/24 on eth0"},
      {RemoveAddress{vip, held}, "remove 10.0.0.100/24 on eth0"},
      {Announce{vip, "eth0", cluster_mac, {5, std::chrono::milliseconds(200), true}},
       "announce 10.0.0.100 at 01:00:5e:00:01:14 on eth0, 5 times, every 200 ms"},
  };
  std::set<std::size_t> kinds;
  for (const auto& [step, words] : rows) {
    EXPECT_EQ(describe(step), words);
    kinds.insert(step.index());
  }
  EXPECT_EQ(kinds.size(), std::variant_size_v<Step>) << "a kind of step is missing here";
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
