// SPDX-License-Identifier: GPL-2.0-or-later
// Who else claims the address: what is read from ARP and NDP, and what is asked.
#include "checks/neighbours.h"

#include <gtest/gtest.h>

#include "builders.h"
#include "kernel/link/announcement.h"

namespace loadshare::checks {
namespace {

using test::ip;
using test::mac;

const MacAddress host = mac("02:00:00:00:00:07");

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

}  // namespace
}  // namespace loadshare::checks
