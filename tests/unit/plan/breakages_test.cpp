// SPDX-License-Identifier: GPL-2.0-or-later
// A node with one thing wrong: what monitor says of it, and what start and stop do.
#include <gtest/gtest.h>

#include "builders.h"
#include "loadshare/plan.h"

namespace loadshare::test {
namespace {

using testing::ElementsAre;

using Words = std::vector<std::string>;

Words started(const Observed& node, const Request& request = a_request()) {
  return in_short(plan_start(request, node));
}

Words stopped(const Observed& node, const Request& request = a_request()) {
  return in_short(plan_stop(request, node));
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
     "10.0.0.100/32 on lo is not there"},
    {"OtherForm",
     [](Observed& node) {
       node.addresses = {{"lo", 32}};
     },
     "10.0.0.100/32 on lo is not of scope host: this node may take it as its own source"},
    {"OtherPrefix",
     [](Observed& node) {
       node.addresses = {{"lo", 8}};
     },
     "10.0.0.100/32 on lo is not there"},
    {"AddressOnOtherInterface",
     [](Observed& node) {
       node.addresses = {{"eth1", 24}};
     },
     "10.0.0.100/32 on lo is not there"},
    {"AddressOnASecondInterface",
     [](Observed& node) {
       node.addresses.push_back({"eth1", 24});
     },
     "10.0.0.100 is also there as /24 on eth1"},
    {"AddressInItsFormerPlace",
     [](Observed& node) {
       node.addresses = {{"eth0", 24}};
     },
     "10.0.0.100/24 on eth0 is where IPaddr2 and earlier versions have it: start moves it to lo"},
    {"AddressInItsFormerPlaceToo",
     [](Observed& node) {
       node.addresses.push_back({"eth0", 24});
     },
     "10.0.0.100 is also there as /24 on eth0"},
};

const Breakage interface_breakages[] = {
    {"HolderDown", [](Observed& node) { node.holder->up = false; }, "interface lo is down"},
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
    {"PortOfABridge", [](Observed& node) { node.interface->taker = "a port of bridge br0"; },
     "interface eth0 is a port of bridge br0"},
    {"OtherWayIn", [](Observed& node) { node.ways.faults = {"eth1 would answer, too"}; },
     "eth1 would answer, too"},
};

TEST(PlanStart, ClosesAnotherWayInAndNothingElse) {
  auto node = a_healthy_node();
  node.ways.faults = {"eth1 would answer, too"};
  auto request = a_request();
  request.announcement.count = 0;
  EXPECT_THAT(started(node, request), ElementsAre("close ways"));
}

TEST(PlanStart, RefusesAnInterfaceWhoseFramesSomebodyElseGets) {
  auto node = an_empty_node();
  node.interface->taker = "a port of bridge br0";
  EXPECT_THAT(outcome_of([&] { plan_start(a_request(), node); }),
              Fails(ExitCode::not_installed, "nic: eth0 is a port of bridge br0"));
}

TEST(PlanStop, ReopensWaysThatAKilledStopHasLeftClosed) {
  auto node = an_empty_node();
  EXPECT_THAT(stopped(node), testing::IsEmpty());
  node.ways.left_closed = true;
  EXPECT_THAT(stopped(node), ElementsAre("reopen ways"));
}

class PlanStartRepairs : public testing::TestWithParam<Breakage> {};
INSTANTIATE_TEST_SUITE_P(Filter, PlanStartRepairs, testing::ValuesIn(filter_breakages), name_of);

TEST_P(PlanStartRepairs, TheFilterWhileTheAddressIsAway) {
  const auto node = broken(GetParam());
  auto expected =
      Words{"remove address lo/32", "remove filter",   "install filter, buckets 1", "close ways",
            "add address lo/32",    "announce on eth0"};
  if (node.filter.filters.empty()) expected.erase(expected.begin() + 1);
  EXPECT_EQ(started(node), expected);
}

TEST_P(PlanStartRepairs, TheFilterAndKeepsTheOtherBuckets) {
  EXPECT_THAT(started(broken(GetParam(), {2, 3})),
              testing::Contains("install filter, buckets 1 2 3"));
}

class AnyBreakage : public testing::TestWithParam<Breakage> {};
INSTANTIATE_TEST_SUITE_P(OfTheFilter, AnyBreakage, testing::ValuesIn(filter_breakages), name_of);
INSTANTIATE_TEST_SUITE_P(OfTheAddress, AnyBreakage, testing::ValuesIn(address_breakages), name_of);
INSTANTIATE_TEST_SUITE_P(OfTheInterface, AnyBreakage, testing::ValuesIn(interface_breakages),
                         name_of);

TEST_P(AnyBreakage, IsTheReasonThatMonitorShows) {
  auto request = a_request();
  request.interface = "eth0";
  request.monitoring.interval = std::chrono::seconds(10);
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
  expected.push_back("reopen ways");
  if (!node.filter.filters.empty()) expected.push_back("remove filter");
  EXPECT_EQ(stopped(node), expected);
}

}  // namespace
}  // namespace loadshare::test
