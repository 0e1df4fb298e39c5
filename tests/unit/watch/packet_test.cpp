// SPDX-License-Identifier: GPL-2.0-or-later
// Packets as they come off the wire: whose they are, by the program that decides on them.
#include "watch/packet.h"

#include <gtest/gtest.h>
#include <netinet/in.h>

#include <string>
#include <vector>

#include "builders.h"
#include "packets.h"

namespace loadshare::watch {
namespace {

using namespace test::packets;
using test::ip;

constexpr auto by_ports = HashMode::source_ip_source_port_dest_port;
constexpr auto by_source = HashMode::source_ip;

Packet read(const Bytes& bytes, HashMode mode = by_ports) {
  const auto packet = read_packet(bytes, mode);
  EXPECT_TRUE(packet.has_value());
  return packet.value_or(Packet{});
}

void expect_words(const Packet& packet, unsigned source, unsigned dest) {
  EXPECT_EQ(packet.taker, Taker::owner);
  EXPECT_EQ(packet.hashed.source_port, source);
  EXPECT_EQ(packet.hashed.dest_port, dest);
}

TEST(ReadPacket, FindsThePortsOfEveryProtocolThatHasThem) {
  for (const std::uint8_t protocol :
       {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP, IPPROTO_DCCP, IPPROTO_UDPLITE}) {
    expect_words(read(ip4(protocol, udp)), 40001, 80);
    expect_words(read(ip6(protocol, udp)), 40001, 80);
    EXPECT_TRUE(read(ip4(protocol, udp)).has_ports);
  }
  EXPECT_EQ(read(ip4(IPPROTO_UDP, udp)).hashed.source, ip(client4));
  EXPECT_EQ(read(ip6(IPPROTO_UDP, udp)).hashed.source, ip(client6));
}

TEST(ReadPacket, SeesWhereAConnectionBegins) {
  const auto tcp = [](std::uint8_t flags) { return ports + Bytes(9, 0) + Bytes{flags, 0, 0}; };
  for (const std::uint8_t flags : Bytes{0x02, 0xc2, 0x0a}) {  // alone, with ECN's, with PSH
    EXPECT_TRUE(read(ip4(IPPROTO_TCP, tcp(flags))).begins) << int{flags};
    EXPECT_TRUE(read(ip6(IPPROTO_TCP, tcp(flags))).begins) << int{flags};
  }
  for (const std::uint8_t flags : Bytes{0x12, 0x10, 0x04, 0x11, 0x00}) {
    EXPECT_FALSE(read(ip4(IPPROTO_TCP, tcp(flags))).begins) << int{flags};
  }
  EXPECT_FALSE(read(ip4(IPPROTO_UDP, tcp(0x02))).begins);
  EXPECT_FALSE(read(ip4(IPPROTO_TCP, udp)).begins) << "cut short";
}

TEST(ReadPacket, GoesPastOptions) {
  expect_words(read(ip4(IPPROTO_TCP, udp, 0, Bytes(8, 1))), 40001, 80);
}

TEST(ReadPacket, GoesPastExtensionHeaders) {
  const Bytes hop{IPPROTO_DSTOPTS, 0, 0, 0, 0, 0, 0, 0};
  const Bytes options = Bytes{IPPROTO_AH, 1} + Bytes(14, 0);
  const Bytes ah = Bytes{IPPROTO_TCP, 4} + Bytes(22, 0);
  const auto packet = read(ip6(IPPROTO_HOPOPTS, hop + options + ah + udp));
  EXPECT_EQ(packet.protocol, IPPROTO_TCP);
  expect_words(packet, 40001, 80);
}

TEST(ReadPacket, HashesSpiAsClusteripDoes) {
  const Bytes esp{1, 2, 3, 4};
  expect_words(read(ip4(IPPROTO_ESP, esp)), 0x0102, 0x0304);
  expect_words(read(ip6(IPPROTO_ESP, esp)), 0x0102, 0x0304);
  expect_words(read(ip4(IPPROTO_AH, Bytes(4, 0) + esp)), 0x0102, 0x0304);
  EXPECT_FALSE(read(ip4(IPPROTO_ESP, esp)).has_ports);
}

TEST(ReadPacket, HashesZerosWhereThereAreNoPorts) {
  expect_words(read(ip4(IPPROTO_ICMP, icmp(8, {}))), 0, 0);
  expect_words(read(ip6(IPPROTO_ICMPV6, icmp(128, {}))), 0, 0);
  expect_words(read(ip4(IPPROTO_GRE, ports)), 0, 0);
  expect_words(read(ip6(IPPROTO_NONE, {})), 0, 0);
}

TEST(ReadPacket, TakesPaddingForNoPorts) {
  EXPECT_EQ(read(ip4(IPPROTO_UDP, {}) + ports).taker, Taker::nobody);
  EXPECT_EQ(read(ip6(IPPROTO_UDP, {0x9c}) + ports).taker, Taker::nobody);
}

TEST(ReadPacket, SaysWhereNobodyCanTakeIt) {
  EXPECT_EQ(read(ip4(IPPROTO_UDP, {1, 2, 3})).taker, Taker::nobody);
  EXPECT_EQ(read(ip4(IPPROTO_UDP, {1, 2, 3}), HashMode::source_ip_source_port).taker, Taker::owner);
  EXPECT_EQ(read(ip4(IPPROTO_UDP, {}), by_source).taker, Taker::owner);
  EXPECT_EQ(read(ip6(IPPROTO_HOPOPTS, {IPPROTO_UDP, 9, 0, 0})).taker, Taker::nobody);
  EXPECT_EQ(read(ip4(IPPROTO_ICMP, icmp(3, Bytes{0x45, 0, 0, 40}))).taker, Taker::nobody);
}

TEST(ReadPacket, GivesUpBehindEightExtensionHeaders) {
  const auto packet = [](unsigned count) {
    Bytes all;
    for (unsigned at = 1; at < count; ++at) all = all + Bytes{IPPROTO_DSTOPTS, 0, 0, 0, 0, 0, 0, 0};
    return ip6(IPPROTO_DSTOPTS, all + Bytes{IPPROTO_UDP, 0, 0, 0, 0, 0, 0, 0} + udp);
  };
  expect_words(read(packet(8)), 40001, 80);
  EXPECT_EQ(read(packet(9)).taker, Taker::nobody);
  EXPECT_EQ(read(packet(9), by_source).taker, Taker::nobody);
}

// Nothing else is asked of a quote whose addresses are not there.
TEST(ReadPacket, GivesToNobodyAnErrorWhoseQuotedHeaderIsCutShort) {
  const auto quoted4 = quote4(IPPROTO_ESP, {}, 5), quoted6 = quote6(IPPROTO_HOPOPTS, {});
  for (const auto mode : {by_ports, by_source}) {
    for (std::size_t size = 0; size < quoted4.size(); ++size) {
      const Bytes cut(quoted4.begin(), quoted4.begin() + static_cast<long>(size));
      EXPECT_EQ(read(ip4(IPPROTO_ICMP, icmp(3, cut)), mode).taker, Taker::nobody) << size;
    }
    for (std::size_t size = 0; size < quoted6.size(); ++size) {
      const Bytes cut(quoted6.begin(), quoted6.begin() + static_cast<long>(size));
      EXPECT_EQ(read(ip6(IPPROTO_ICMPV6, icmp(1, cut)), mode).taker, Taker::nobody) << size;
    }
  }
  EXPECT_EQ(read(ip4(IPPROTO_ICMP, icmp(3, quoted4))).taker, Taker::every_node);
  EXPECT_EQ(read(ip6(IPPROTO_ICMPV6, icmp(1, quoted6))).taker, Taker::every_node);
}

TEST(ReadPacket, FollowsErrorsToTheirFlow) {
  for (const auto type : error_types4) {
    const auto packet = read(ip4(IPPROTO_ICMP, icmp(type, quote4(IPPROTO_TCP, answered_ports))));
    expect_words(packet, 40001, 80);
    EXPECT_TRUE(packet.is_error);
    EXPECT_EQ(packet.hashed.source, ip(client4));
  }
  for (const auto type : error_types6) {
    const auto packet = read(ip6(IPPROTO_ICMPV6, icmp(type, quote6(IPPROTO_UDP, answered_ports))));
    expect_words(packet, 40001, 80);
    EXPECT_EQ(packet.hashed.source, ip(client6));
  }
}

TEST(ReadPacket, GivesUnreadableQuotesToEveryNode) {
  const auto taker = [](const Bytes& quote, HashMode mode = by_ports) {
    return read(ip4(IPPROTO_ICMP, icmp(3, quote)), mode).taker;
  };
  EXPECT_EQ(taker(quote4(IPPROTO_UDP, answered_ports, 0, 0x46)), Taker::every_node);
  EXPECT_EQ(taker(quote4(IPPROTO_UDP, answered_ports, 0, 0x46), by_source), Taker::every_node);
  EXPECT_EQ(taker(quote4(IPPROTO_UDP, answered_ports, 5)), Taker::every_node);
  EXPECT_EQ(taker(quote4(IPPROTO_UDP, answered_ports, 5), by_source), Taker::owner);
  EXPECT_EQ(taker(quote4(IPPROTO_ESP, answered_ports)), Taker::every_node);
  EXPECT_EQ(taker(quote4(IPPROTO_ESP, answered_ports), by_source), Taker::owner);
  const auto quoted = icmp(1, quote6(IPPROTO_HOPOPTS, answered_ports));
  EXPECT_EQ(read(ip6(IPPROTO_ICMPV6, quoted)).taker, Taker::every_node);
}

TEST(ReadPacket, GivesNeighbourAdvertisementsToEveryNode) {
  EXPECT_EQ(read(ip6(IPPROTO_ICMPV6, icmp(136, Bytes(16, 0)))).taker, Taker::every_node);
  EXPECT_EQ(read(ip6(IPPROTO_ICMPV6, icmp(135, Bytes(16, 0)))).taker, Taker::owner);
}

TEST(ReadPacket, IsNothingWhereTheAddressesAreMissing) {
  EXPECT_FALSE(read_packet({}, by_ports));
  const auto whole4 = ip4(IPPROTO_UDP, {}), whole6 = ip6(IPPROTO_UDP, {});
  for (std::size_t size = 0; size < 20; ++size) {
    EXPECT_FALSE(read_packet(std::span(whole4).first(size), by_ports)) << size;
  }
  for (std::size_t size = 0; size < 40; ++size) {
    EXPECT_FALSE(read_packet(std::span(whole6).first(size), by_ports)) << size;
  }
  EXPECT_FALSE(read_packet(Bytes(60, 0x50), by_ports));
}

constexpr unsigned more = 0x2000;

TEST(FirstFragments, TellTheLaterOnesTheirPorts) {
  FirstFragments fragments;
  auto first = read(ip4(IPPROTO_UDP, udp, more)), later = read(ip4(IPPROTO_UDP, udp, 3));
  EXPECT_EQ(later.taker, Taker::first_fragment);
  fragments.complete(first);
  fragments.complete(later);
  expect_words(later, 40001, 80);
}

TEST(FirstFragments, TellThemInIp6Too) {
  const auto fragment = [](std::uint8_t place, std::uint8_t next) {
    return Bytes{next, 0, 0, place, 0, 0, 0, 9};
  };
  FirstFragments fragments;
  const Bytes options{IPPROTO_UDP, 0, 0, 0, 0, 0, 0, 0};
  auto first = read(ip6(IPPROTO_FRAGMENT, fragment(1, IPPROTO_DSTOPTS) + options + udp));
  auto later = read(ip6(IPPROTO_FRAGMENT, fragment(16, IPPROTO_DSTOPTS) + udp));
  EXPECT_TRUE(first.is_first_fragment);
  fragments.complete(first);
  fragments.complete(later);
  expect_words(later, 40001, 80);
  expect_words(read(ip6(IPPROTO_FRAGMENT, fragment(0, IPPROTO_UDP) + udp)), 40001, 80);
}

// Who sends that wants to be taken for somebody else; the ports are where they are.
TEST(FirstFragments, MayBeFragmentsOnceMore) {
  const auto fragment = [](std::uint8_t next, std::uint8_t number) {
    return Bytes{next, 0, 0, 1, 0, 0, 0, number};
  };
  const auto packet =
      read(ip6(IPPROTO_FRAGMENT, fragment(IPPROTO_FRAGMENT, 1) + fragment(IPPROTO_UDP, 2) + udp));
  expect_words(packet, 40001, 80);
  EXPECT_EQ(packet.fragment->number, 2u);
}

TEST(FirstFragments, KnowNothingOfOtherPackets) {
  FirstFragments fragments;
  auto first = read(ip4(IPPROTO_UDP, udp, more));
  fragments.complete(first);
  auto other = ip4(IPPROTO_UDP, udp, 3);
  other[5] = 0x35;
  auto packet = read(other);
  fragments.complete(packet);
  EXPECT_EQ(packet.taker, Taker::first_fragment);
}

TEST(FirstFragments, AreNotNeededWithoutPorts) {
  EXPECT_EQ(read(ip4(IPPROTO_UDP, udp, 3), by_source).taker, Taker::owner);
  expect_words(read(ip4(IPPROTO_ICMP, udp, 3)), 0, 0);
}

TEST(FirstFragments, ForgetTheOldest) {
  FirstFragments fragments;
  for (unsigned id = 0; id < 200; ++id) {
    auto bytes = ip4(IPPROTO_UDP, udp, more);
    bytes[5] = static_cast<std::uint8_t>(id);
    auto packet = read(bytes);
    fragments.complete(packet);
  }
  auto bytes = ip4(IPPROTO_UDP, udp, 3);
  const auto taker_of = [&](std::uint8_t id) {
    bytes[5] = id;
    auto packet = read(bytes);
    fragments.complete(packet);
    return packet.taker;
  };
  EXPECT_EQ(taker_of(199), Taker::owner);
  EXPECT_EQ(taker_of(10), Taker::first_fragment);
}

}  // namespace
}  // namespace loadshare::watch
