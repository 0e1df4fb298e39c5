// SPDX-License-Identifier: GPL-2.0-or-later
// Packets as they come off the wire: whose they are, by the rules that filter them.
#include "watch/packet.h"

#include <gtest/gtest.h>
#include <netinet/in.h>

#include <string>
#include <vector>

#include "builders.h"
#include "kernel/nftables/ruleset.h"

namespace loadshare::watch {
namespace {

using test::ip;
using Bytes = std::vector<std::uint8_t>;

constexpr auto by_ports = HashMode::source_ip_source_port_dest_port;
constexpr auto by_source = HashMode::source_ip;

Bytes operator+(Bytes one, const Bytes& other) {
  one.insert(one.end(), other.begin(), other.end());
  return one;
}

Bytes octets(const std::string& address) {
  const auto parsed = ip(address);
  return {parsed.octets().begin(), parsed.octets().end()};
}

Bytes number(std::size_t value) {
  return {static_cast<std::uint8_t>(value >> 8), static_cast<std::uint8_t>(value)};
}

const std::string client4 = "192.0.2.7", cluster4 = "10.0.0.100";
const std::string client6 = "2001:db8::7", cluster6 = "fd77::100";
const Bytes ports{0x9c, 0x41, 0, 80};  // 40001 → 80
const Bytes udp = ports + Bytes{0, 8, 0, 0};

// `place` is the 16-bit word of flags and fragment offset; `options` come in words of four bytes.
Bytes ip4(std::uint8_t protocol, const Bytes& payload, unsigned place = 0,
          const Bytes& options = {}) {
  const auto words = static_cast<std::uint8_t>(5 + options.size() / 4);
  Bytes header{static_cast<std::uint8_t>(0x40 | words), 0};
  header = header + number(20 + options.size() + payload.size()) + Bytes{0x12, 0x34};
  header = header + number(place) + Bytes{64, protocol, 0, 0} + octets(client4);
  return header + octets(cluster4) + options + payload;
}

Bytes ip6(std::uint8_t next, const Bytes& payload) {
  return Bytes{0x60, 0, 0, 0} + number(payload.size()) + Bytes{next, 64} + octets(client6) +
         octets(cluster6) + payload;
}

// What the cluster once sent to the client, as an error quotes it.
Bytes quote4(std::uint8_t protocol, const Bytes& payload, unsigned place = 0,
             std::uint8_t first = 0x45) {
  return Bytes{first, 0, 0, 40, 0, 0} + number(place) + Bytes{64, protocol, 0, 0} +
         octets(cluster4) + octets(client4) + payload;
}
Bytes quote6(std::uint8_t next, const Bytes& payload) {
  return Bytes{0x60, 0, 0, 0, 0, 20, next, 64} + octets(cluster6) + octets(client6) + payload;
}
const Bytes answered_ports{0, 80, 0x9c, 0x41};
Bytes icmp(std::uint8_t type, const Bytes& behind) {
  return Bytes{type, 0, 0, 0, 0, 0, 0, 0} + behind;
}

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
  for (const auto protocol : nftables::protocols_with_ports()) {
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

TEST(ReadPacket, HashesSpiAsTheRulesDo) {
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

TEST(ReadPacket, FollowsErrorsToTheirFlow) {
  for (const auto type : nftables::icmp_error_types(4)) {
    const auto packet = read(ip4(IPPROTO_ICMP, icmp(type, quote4(IPPROTO_TCP, answered_ports))));
    expect_words(packet, 40001, 80);
    EXPECT_TRUE(packet.is_error);
    EXPECT_EQ(packet.hashed.source, ip(client4));
  }
  for (const auto type : nftables::icmp_error_types(6)) {
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
