// SPDX-License-Identifier: GPL-2.0-or-later
// The announcement, octet by octet.
#include "kernel/link/announcement.h"

#include <gtest/gtest.h>

#include "builders.h"

namespace loadshare::test {
namespace {

using testing::ElementsAreArray;

TEST(ArpAnnouncement, IsARequestOfRfc826WithTheClusterMacAsSender) {
  const auto frame =
      link::arp_announcement(ip("10.0.0.100"), mac("01:00:5e:00:01:14"), mac("52:54:00:12:34:56"));
  const std::vector<std::uint8_t> expected = {
      0xff, 0xff, 0xff, 0xff, 0xff, 0xff,  // Ethernet destination: everybody
      0x52, 0x54, 0x00, 0x12, 0x34, 0x56,  // Ethernet source: the interface, never multicast
      0x08, 0x06,                          // ARP
      0x00, 0x01,                          // hardware type: Ethernet
      0x08, 0x00,                          // protocol type: IPv4
      6,    4,                             // lengths of their addresses
      0x00, 0x01,                          // operation: request
      0x01, 0x00, 0x5e, 0x00, 0x01, 0x14,  // sender MAC: what neighbours learn
      10,   0,    0,    100,               // sender IP
      0x00, 0x00, 0x00, 0x00, 0x00, 0x00,  // target MAC: ignored (RFC 5227, 2.1.1)
      10,   0,    0,    100,               // target IP: the same
  };
  EXPECT_THAT(frame, ElementsAreArray(expected));
}

TEST(ArpAnnouncement, FollowsItsArguments) {
  const auto frame =
      link::arp_announcement(ip("192.0.2.254"), mac("ff:00:11:22:33:44"), mac("02:aa:bb:cc:dd:ee"));
  ASSERT_EQ(frame.size(), 42u);
  const auto part = [&](std::size_t from, std::size_t size) {
    return std::vector<int>(frame.begin() + static_cast<std::ptrdiff_t>(from),
                            frame.begin() + static_cast<std::ptrdiff_t>(from + size));
  };
  EXPECT_THAT(part(6, 6), ElementsAreArray({0x02, 0xaa, 0xbb, 0xcc, 0xdd, 0xee}));
  EXPECT_THAT(part(22, 6), ElementsAreArray({0xff, 0x00, 0x11, 0x22, 0x33, 0x44}));
  EXPECT_THAT(part(28, 4), ElementsAreArray({192, 0, 2, 254}));
  EXPECT_THAT(part(38, 4), ElementsAreArray({192, 0, 2, 254}));
}

}  // namespace
}  // namespace loadshare::test
