// SPDX-License-Identifier: GPL-2.0-or-later
// What `loadshare check` reads from others, and how it tells what it found.
#include <gtest/gtest.h>

#include <sstream>

#include "builders.h"
#include "checks/connections.h"
#include "checks/finding.h"
#include "checks/neighbours.h"
#include "checks/pacemaker.h"
#include "kernel/link/announcement.h"

namespace loadshare::checks {
namespace {

using test::ip;
using test::mac;
using testing::ElementsAre;
using testing::IsEmpty;

const MacAddress host = mac("02:00:00:00:00:07");

std::string printed(const Finding& finding) {
  std::ostringstream text;
  print(text, finding, false);
  return text.str();
}

TEST(Finding, IsALineAndAnAdvice) {
  EXPECT_EQ(printed(ok("all well")), "  ok    all well\n");
  EXPECT_EQ(printed(fail("eth0 is gone", "bring it back")),
            "  fail  eth0 is gone\n        → bring it back\n");
}

TEST(Finding, WrapsAtBlanksBeforeTheEndOfTheScreen) {
  const std::string nine = "123456789 ";
  EXPECT_EQ(printed(warn(nine + nine + nine + nine + nine + nine + nine + "12 3", "")),
            "  warn  " + nine + nine + nine + nine + nine + nine + nine + "12\n        3\n");
  const std::string long_word(90, 'x');
  EXPECT_EQ(printed(ok(long_word)), "  ok    " + long_word + "\n");
}

TEST(Conntrack, ThatIsNearlyFullIsAWarning) {
  EXPECT_EQ(printed(judge_conntrack(connections::Fill{235929, 262144})),
            "  ok    conntrack holds 235929 of 262144 connections\n");
  EXPECT_EQ(printed(judge_conntrack(connections::Fill{235930, 262144})),
            "  warn  conntrack holds 235930 of 262144 connections: when it is full, new ones\n"
            "        are dropped\n"
            "        → raise sysctl net.netfilter.nf_conntrack_max\n");
  EXPECT_EQ(judge_conntrack(connections::Fill{0xffffffff, 0xffffffff}).grade, Grade::warn);
}

TEST(Conntrack, CanBeWithoutALimit) {
  EXPECT_EQ(judge_conntrack(connections::Fill{7, 0}),
            ok("conntrack holds 7 connections, no limit"));
}

TEST(Conntrack, ThatTellsNothingCannotDrain) {
  EXPECT_EQ(printed(judge_conntrack(std::nullopt)),
            "  fail  this kernel does not tell its connections, which drain needs\n"
            "        → modprobe nf_conntrack_netlink, and have it loaded at boot\n");
}

TEST(ReadClaim, OfArp) {
  const auto address = ip("10.0.0.100");
  const auto frame = link::arp_announcement(address, test::cluster_mac, host);
  EXPECT_EQ(read_claim(frame, address), (Claim{test::cluster_mac, host}));
  EXPECT_EQ(read_claim(frame, ip("10.0.0.101")), std::nullopt);
  EXPECT_EQ(read_claim(frame, ip("fd77::100")), std::nullopt);
}

TEST(ReadClaim, OfNeighbourAdvertisements) {
  const auto address = ip("fd77::100");
  auto frame = link::ndp_announcement(address, test::cluster_mac, host);
  EXPECT_EQ(read_claim(frame, address), (Claim{test::cluster_mac, host}));
  EXPECT_EQ(read_claim(frame, ip("fd77::101")), std::nullopt);
  frame.resize(78);  // without the option, the frame's own source is what neighbours learn
  EXPECT_EQ(read_claim(frame, address), (Claim{host, host}));
}

TEST(ReadClaim, TakesNoProbeForAClaim) {
  EXPECT_EQ(read_claim(link::arp_probe(ip("10.0.0.100"), host), ip("10.0.0.100")), std::nullopt);
  EXPECT_EQ(read_claim(link::ndp_probe(ip("fd77::100"), host), ip("fd77::100")), std::nullopt);
}

TEST(ReadClaim, OfShortFramesIsNothing) {
  const auto frame = link::arp_announcement(ip("10.0.0.100"), test::cluster_mac, host);
  for (std::size_t size = 0; size < 32; ++size) {
    EXPECT_EQ(read_claim(std::span(frame).first(size), ip("10.0.0.100")), std::nullopt) << size;
  }
}

// RFC 5227, 2.1.1: the sender's address is all zeros, or neighbours would learn it.
TEST(Probe, TeachesNobodyAnything) {
  const auto arp = link::arp_probe(ip("10.0.0.100"), host);
  EXPECT_EQ(arp.size(), 42u);
  EXPECT_EQ(std::vector(arp.begin() + 28, arp.begin() + 32), std::vector<std::uint8_t>(4, 0));
  const auto ndp = link::ndp_probe(ip("fd77::100"), host);
  EXPECT_EQ(std::vector(ndp.begin() + 22, ndp.begin() + 38), std::vector<std::uint8_t>(16, 0));
  EXPECT_EQ(std::vector(ndp.begin(), ndp.begin() + 6),
            (std::vector<std::uint8_t>{0x33, 0x33, 0xff, 0, 1, 0}));
}

std::string cib(const std::string& provider, const std::string& type, const std::string& value) {
  return "<cib><configuration><resources><group><primitive id='old' class='ocf' provider='" +
         provider + "' type='" + type +
         "'><instance_attributes><nvpair name='nic' value='eth0'/><nvpair name='ip' value='" +
         value + "'/></instance_attributes></primitive></group></resources></configuration></cib>";
}

TEST(ConflictingResources, AreIPaddr2WithTheSameAddress) {
  const auto found = [](const std::string& text, const char* address = "10.0.0.100") {
    return conflicting_resources(text, ip(address)).value();
  };
  EXPECT_THAT(found(cib("heartbeat", "IPaddr2", "10.0.0.100")), ElementsAre("old"));
  EXPECT_THAT(found(cib("heartbeat", "IPaddr2", "FD77:0::100"), "fd77::100"), ElementsAre("old"));
  EXPECT_THAT(found(cib("heartbeat", "IPaddr2", "10.0.0.101")), IsEmpty());
  EXPECT_THAT(found(cib("loadshare", "ClusterIP", "10.0.0.100")), IsEmpty());
  EXPECT_THAT(found("<cib/>"), IsEmpty());
  EXPECT_EQ(conflicting_resources("<cib", ip("10.0.0.100")), std::nullopt);
}

}  // namespace
}  // namespace loadshare::checks
