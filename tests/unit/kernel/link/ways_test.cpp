// SPDX-License-Identifier: GPL-2.0-or-later
// What is written so that an interface lets nothing in, and what comes back. The kernel's part is
// in tests/kernel/ways.bats.
#include "kernel/link/ways.h"

#include <gmock/gmock.h>
#include <linux/if_link.h>

namespace loadshare::link::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr WaySettings none{};

WaySettings settings(int guard, int arp_ignore) {
  return {.guard = guard, .arp_ignore = arp_ignore};
}

Link a_link(unsigned index, const std::string& name, WaySettings ip4 = {}) {
  Link link;
  link.index = index;
  link.name = name;
  link.ip4 = ip4;
  return link;
}

Ways ways(std::vector<Link> links) {
  Ways all;
  all.nics.guarded = {"eth0"};
  all.later = settings(6, 3);
  all.links = std::move(links);
  return all;
}

TEST(ClosedWay, SaysInTheGuardWhatIsOurs) {
  EXPECT_EQ(closed(settings(0, 0), none, 4), settings(guard_is_ours | arp_ignore_is_ours, 3));
  EXPECT_EQ(closed(settings(1, 0), none, 4),
            settings(guard_was_on | guard_is_ours | arp_ignore_is_ours, 3));
  EXPECT_EQ(closed(settings(0, 1), none, 4), settings(guard_is_ours, 1));
  EXPECT_EQ(closed(settings(0, 0), none, 6), settings(guard_is_ours, 0));
}

TEST(ClosedWay, LeavesWhatIsClosed) {
  EXPECT_EQ(closed(settings(1, 1), none, 4), settings(1, 1));
  EXPECT_EQ(closed(settings(0, 0), settings(1, 1), 4), settings(0, 0));
  for (const auto& once : {settings(6, 3), settings(7, 3), settings(2, 8)}) {
    EXPECT_EQ(closed(once, none, 4), once);
  }
}

TEST(ClosedWay, IsClosedAgainWhereSomebodyOpenedIt) {
  EXPECT_EQ(closed(settings(6, 0), none, 4), settings(6, 3));
  EXPECT_EQ(closed(settings(7, 0), none, 4), settings(7, 3));
  EXPECT_EQ(closed(settings(0, 3), none, 4), settings(guard_is_ours, 3));
}

TEST(ClosedWay, LeavesArpToTheNic) {
  EXPECT_EQ(closed_but_for_arp(settings(0, 0), none), settings(guard_is_ours, 0));
  EXPECT_EQ(closed_but_for_arp(settings(6, 3), none), settings(guard_is_ours, 0));
  EXPECT_EQ(closed_but_for_arp(settings(7, 3), none), settings(1, 0));
  EXPECT_EQ(closed_but_for_arp(settings(2, 0), none), settings(2, 0));
}

TEST(ReopenedWay, IsWhatItWas) {
  for (const int guard : {0, 1}) {
    for (const int arp_ignore : {0, 1, 2, 3, 8}) {
      for (const auto& all : {none, settings(1, 0), settings(0, 1)}) {
        const auto before = settings(guard, arp_ignore);
        EXPECT_EQ(reopened(closed(before, all, 4)), before);
        EXPECT_EQ(reopened(closed(closed(before, all, 4), none, 4)).guard, guard);
      }
    }
  }
}

TEST(ReopenedWay, KeepsWhatSomebodyWroteMeanwhile) {
  EXPECT_EQ(reopened(settings(6, 1)), settings(0, 1));
  EXPECT_EQ(reopened(settings(1, 3)), settings(1, 3));
}

TEST(ReopenedWay, IsKnownWhereTheGuardWasSetTo0) {
  const auto wiped = settings(0, 3), ours = settings(6, 3);
  EXPECT_EQ(reopened(remembered(wiped, none, ours)), settings(0, 0));
  EXPECT_EQ(remembered(wiped, none, none), wiped) << "the administrator's";
  EXPECT_EQ(remembered(wiped, settings(1, 0), ours), wiped) << "nothing was written there";
  EXPECT_EQ(remembered(settings(1, 3), none, ours), settings(1, 3));
}

// Earlier versions wrote 2 on the nic alone.
TEST(ReopenedWay, KnowsTheMarkOfEarlierVersions) {
  EXPECT_EQ(reopened(settings(2, 0)), settings(0, 0));
}

TEST(Ways, NameTheInterfaceThatWouldAnswer) {
  EXPECT_THAT(ways({a_link(2, "eth0", settings(2, 0))}).faults("eth0"), IsEmpty());
  EXPECT_THAT(ways({a_link(2, "eth0", settings(6, 3))}).faults("eth0"),
              ElementsAre("arp_ignore is 3 on eth0, so that nobody answers ARP"));
  EXPECT_THAT(ways({a_link(2, "eth0"), a_link(3, "eth1")}).faults("eth0"),
              ElementsAre("drop_unicast_in_l2_multicast is off on eth0",
                          "eth1 would answer, too: drop_unicast_in_l2_multicast is off there",
                          "eth1 would answer ARP with its own MAC: arp_ignore is 0 there"));
  auto opened = ways({});
  opened.later = {};
  EXPECT_EQ(opened.faults("eth0").size(), 2u);
}

// arp_ignore() of net/ipv4/arp.c.
TEST(Ways, KnowWhichNumbersSilenceArp) {
  for (const int silent : {1, 2, 3, 8}) {
    EXPECT_THAT(ways({a_link(3, "eth1", settings(6, silent))}).faults("eth0"), IsEmpty());
  }
  for (const int unknown : {4, 7, 9}) {
    EXPECT_EQ(ways({a_link(3, "eth1", settings(6, unknown))}).faults("eth0").size(), 1u);
  }
  auto localnet = ways({a_link(3, "eth1", settings(6, 3)), a_link(4, "eth2", settings(6, 1))});
  localnet.later = settings(6, 1);
  localnet.answers_scope_host = true;
  EXPECT_THAT(localnet.faults("eth0"), ElementsAre(testing::HasSubstr("route_localnet is on")));
}

TEST(Ways, LeaveTheNicOfClusteripToTheKernel) {
  auto clusterip = ways({a_link(2, "eth0"), a_link(3, "eth1", settings(6, 3))});
  clusterip.nics = {.guarded = {}, .unguarded = {"eth0"}};
  EXPECT_THAT(clusterip.faults("eth0"), IsEmpty());
  clusterip.links[0].ip4 = settings(6, 3);
  EXPECT_EQ(clusterip.faults("eth0").size(), 2u);
  EXPECT_EQ(clusterip.hinders_clusterip(clusterip.links[0]), "") << "what is ours is taken back";
  clusterip.links[0].ip4 = settings(1, 0);
  EXPECT_EQ(clusterip.hinders_clusterip(clusterip.links[0]), "drop_unicast_in_l2_multicast is on");
  clusterip.links[0].ip4 = settings(0, 1);
  EXPECT_EQ(clusterip.hinders_clusterip(clusterip.links[0]), "arp_ignore is 1");
}

TEST(TakerOf, NamesWhatAPortIsAPartOf) {
  auto eth0 = a_link(2, "eth0"), over = a_link(3, "br0");
  eth0.master = 3;
  over.kind = "bridge";
  EXPECT_EQ(taker_of(eth0, {eth0, over}), "a port of bridge br0");
  over.kind = "vrf";
  EXPECT_EQ(taker_of(eth0, {eth0, over}), "");
  EXPECT_EQ(taker_of(over, {eth0, over}), "");
}

TEST(TakerOf, NamesAMacvlanThatTakesItsFrames) {
  const auto eth0 = a_link(2, "eth0");
  auto over = a_link(3, "over0");
  over.kind = "macvlan";
  over.lower = 2;
  for (const auto& [mode, words] :
       {std::pair(MACVLAN_MODE_PASSTHRU, "below macvlan over0 in mode passthru"),
        std::pair(MACVLAN_MODE_SOURCE, "below macvlan over0 in mode source"),
        std::pair(MACVLAN_MODE_BRIDGE, ""), std::pair(MACVLAN_MODE_PRIVATE, "")}) {
    over.macvlan_mode = mode;
    EXPECT_EQ(taker_of(eth0, {eth0, over}), words);
  }
}

}  // namespace
}  // namespace loadshare::link::test
