// SPDX-License-Identifier: GPL-2.0-or-later
// What the program reads of a packet, and whose it then is: every form that the wire brings.
#include "kernel/decider/reading.h"

namespace loadshare::decider {
namespace {

using test::ip;

TEST_F(DeciderReading, FindsThePortsOfEveryProtocolThatHasThem) {
  for (const std::uint8_t protocol :
       {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP, IPPROTO_DCCP, IPPROTO_UDPLITE}) {
    expect_flow(ip4(protocol, tcp));
    expect_flow(ip6(protocol, tcp));
  }
}

TEST_F(DeciderReading, TakesFramesToTheNodesOwnMac) {
  expect_flow(ip4(IPPROTO_UDP, udp), Receiver::this_node);
  expect_flow(ip6(IPPROTO_UDP, udp), Receiver::this_node);
}

TEST_F(DeciderReading, LeavesAloneWhatIsForOthers) {
  for (const auto& packet : {ip4(IPPROTO_UDP, udp), ip6(IPPROTO_UDP, udp)}) {
    EXPECT_TRUE(agrees(frame_of(packet, Receiver::another_node), {Whose::every_node}));
    auto to_another = packet;
    to_another[packet.front() >> 4 == 4 ? 19 : 39] ^= 1;
    EXPECT_TRUE(agrees(frame_of(to_another), {Whose::every_node}));
    EXPECT_TRUE(agrees(frame_of(packet, 0x0806), {Whose::every_node})) << "ARP";
    const Bytes tag = number(5) + number(packet.front() >> 4 == 4 ? type_ip4 : type_ip6);
    EXPECT_TRUE(agrees(frame_of(tag + packet, type_vlan), {Whose::every_node}));
  }
}

TEST_F(DeciderReading, GoesPastOptionsOfAnyLength) {
  for (std::size_t words = 1; words <= 10; ++words) {
    expect_flow(ip4(IPPROTO_TCP, tcp, 0, Bytes(4 * words, 1)));
  }
}

TEST_F(DeciderReading, GoesPastAsManyExtensionHeadersAsItSays) {
  for (unsigned count = 1; count <= 8; ++count) expect_flow(with_extensions(count));
  for (const auto mode : all_modes) {
    use(mode);
    for (unsigned count = 9; count <= 12; ++count)
      expect_whose(Whose::nobody, with_extensions(count));
  }
}

TEST_F(DeciderReading, GoesPastEachKindOfExtensionHeader) {
  const Bytes ah = Bytes{IPPROTO_TCP, 4} + Bytes(22, 0);
  const Bytes long_options = Bytes{IPPROTO_TCP, 3} + Bytes(30, 0);
  expect_flow(ip6(IPPROTO_AH, ah + tcp));
  for (const std::uint8_t kind : {IPPROTO_HOPOPTS, IPPROTO_ROUTING, IPPROTO_DSTOPTS}) {
    expect_flow(ip6(kind, hop + tcp));
    expect_flow(ip6(kind, long_options + tcp));
    expect_flow(ip6(kind, Bytes{IPPROTO_AH, 0, 0, 0, 0, 0, 0, 0} + ah + tcp));
  }
}

TEST_F(DeciderReading, TakesTheOnlyPieceForWhole) {
  expect_flow(ip6(IPPROTO_FRAGMENT, fragment6(0) + udp));  // RFC 6946
  expect_flow(ip4(IPPROTO_UDP, udp, 0x4000));              // don't fragment
}

TEST_F(DeciderReading, HashesWhatElseTheProtocolBrings) {
  const Bytes spi{1, 2, 3, 4};
  const auto esp4 = frame_of(ip4(IPPROTO_ESP, spi)), esp6 = frame_of(ip6(IPPROTO_ESP, spi));
  EXPECT_TRUE(is_hashed_as(esp4, ip(client4), 0x0102, 0x0304));
  EXPECT_TRUE(is_hashed_as(esp6, ip(client6), 0x0102, 0x0304));
  const auto ah = frame_of(ip4(IPPROTO_AH, Bytes(4, 0) + spi));
  EXPECT_TRUE(is_hashed_as(ah, ip(client4), 0x0102, 0x0304));
  for (const std::uint8_t protocol : {IPPROTO_GRE, IPPROTO_IPIP, IPPROTO_RAW}) {
    EXPECT_TRUE(is_hashed_as(frame_of(ip4(protocol, spi)), ip(client4), 0, 0));
    EXPECT_TRUE(is_hashed_as(frame_of(ip6(protocol, spi)), ip(client6), 0, 0));
  }
  EXPECT_TRUE(is_hashed_as(frame_of(ip4(IPPROTO_ICMP, icmp(8, {}))), ip(client4), 0, 0));
  EXPECT_TRUE(is_hashed_as(frame_of(ip6(IPPROTO_ICMPV6, icmp(128, {}))), ip(client6), 0, 0));
}

TEST_F(DeciderReading, FollowsErrorsToTheirFlow) {
  // From a router, not from the client.
  const auto router4 = ip("198.51.100.1"), router6 = ip("2001:db8:1::1");
  for (const std::uint8_t protocol : {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP}) {
    for (const auto type : error_types4) {
      const auto error = ip4(IPPROTO_ICMP, icmp(type, quote4(protocol, answered_ports)));
      expect_flow(from(router4, error));
    }
    for (const auto type : error_types6) {
      const auto error = ip6(IPPROTO_ICMPV6, icmp(type, quote6(protocol, answered_ports)));
      expect_flow(from(router6, error));
    }
  }
  const auto quoted_echo = ip4(IPPROTO_ICMP, icmp(3, quote4(IPPROTO_ICMP, answered_ports)));
  EXPECT_TRUE(is_hashed_as(frame_of(from(router4, quoted_echo)), ip(client4), 0, 0));
}

TEST_F(DeciderReading, GivesToEveryNodeWhatItCannotTell) {
  const auto error4 = [](const Bytes& quote) { return ip4(IPPROTO_ICMP, icmp(3, quote)); };
  expect_whose(Whose::every_node, error4(quote4(IPPROTO_UDP, answered_ports, 0, 0x46)));
  expect_whose(Whose::every_node, error4(quote4(IPPROTO_UDP, answered_ports, 5)));
  expect_whose(Whose::every_node, error4(quote4(IPPROTO_ESP, answered_ports)));
  expect_whose(Whose::every_node, error4({0x46}));
  const auto quote = quote6(IPPROTO_HOPOPTS, answered_ports);
  expect_whose(Whose::every_node, ip6(IPPROTO_ICMPV6, icmp(1, quote)));
  expect_whose(Whose::every_node, ip6(IPPROTO_ICMPV6, icmp(136, Bytes(16, 0))));  // advertisement
}

TEST_F(DeciderReading, GivesToNobodyWhatIsTooShort) {
  expect_whose(Whose::nobody, ip4(IPPROTO_UDP, {1, 2, 3}));
  expect_whose(Whose::nobody, ip6(IPPROTO_UDP, {1, 2, 3}));
  expect_whose(Whose::nobody, ip6(IPPROTO_HOPOPTS, {IPPROTO_UDP, 9, 0, 0}));
  expect_whose(Whose::nobody, ip6(IPPROTO_HOPOPTS, {IPPROTO_UDP, 9, 0, 0, 0, 0, 0, 0}));
  use(by_source);
  expect_whose(Whose::nobody, ip6(IPPROTO_HOPOPTS, {IPPROTO_UDP, 9, 0, 0, 0, 0, 0, 0}));
  expect_whose(Whose::nobody, ip4(IPPROTO_ICMP, icmp(3, Bytes{0x45, 0, 0, 40})));
  const Bytes cut(quote6(IPPROTO_HOPOPTS, {}));
  expect_whose(Whose::nobody, ip6(IPPROTO_ICMPV6, icmp(1, {cut.begin(), cut.end() - 1})));
}

TEST_F(DeciderReading, TakesAnotherVersionThanTheFramesForNobodys) {
  auto wrong4 = ip4(IPPROTO_UDP, udp), wrong6 = ip6(IPPROTO_UDP, udp);
  wrong4[0] = 0x65, wrong6[0] = 0x45;
  EXPECT_TRUE(agrees(frame_of(wrong4, type_ip4), {Whose::nobody}));
  EXPECT_TRUE(agrees(frame_of(wrong6, type_ip6), {Whose::nobody}));
}

TEST_F(DeciderReading, TakesPaddingForNoPorts) {
  expect_whose(Whose::nobody, ip4(IPPROTO_UDP, {}) + ports);
  expect_whose(Whose::nobody, ip4(IPPROTO_UDP, {0x9c, 0x41}) + Bytes{0, 80});
  expect_whose(Whose::nobody, ip6(IPPROTO_UDP, {0x9c, 0x41}) + Bytes{0, 80});
}

TEST_F(DeciderReading, TakesPaddingForNoQuote) {
  const auto quoted4 = quote4(IPPROTO_UDP, answered_ports);
  const auto quoted6 = quote6(IPPROTO_UDP, answered_ports);
  for (const auto mode : all_modes) {
    use(mode);
    for (const long end : {0, 1, 10, 19}) {
      const auto at = quoted4.begin() + end;
      const auto error = ip4(IPPROTO_ICMP, icmp(3, {quoted4.begin(), at}));
      expect_whose(Whose::nobody, error + Bytes{at, quoted4.end()});
    }
    for (const long end : {0, 1, 10, 39}) {
      const auto at = quoted6.begin() + end;
      const auto error = ip6(IPPROTO_ICMPV6, icmp(1, {quoted6.begin(), at}));
      expect_whose(Whose::nobody, error + Bytes{at, quoted6.end()});
    }
  }
}

// Packets that the kernel put together from several have length 0 where it would not fit.
TEST_F(DeciderReading, TakesLengthZeroForAllThereIs) {
  auto packet4 = ip4(IPPROTO_TCP, tcp + Bytes(2000, 0));
  auto packet6 = ip6(IPPROTO_HOPOPTS, hop + tcp + Bytes(2000, 0));
  packet4[2] = packet4[3] = packet6[4] = packet6[5] = 0;
  expect_flow(packet4);
  expect_flow(packet6);
}

TEST_F(DeciderReading, OfWhatEndsAnywhereIsThatOfWatch) {
  const Bytes ah = Bytes{IPPROTO_UDP, 4} + Bytes(22, 0);
  const Bytes all[] = {ip4(IPPROTO_UDP, udp, 0, Bytes(8, 1)),
                       ip4(IPPROTO_AH, Bytes(8, 0)),
                       ip4(IPPROTO_ICMP, icmp(3, quote4(IPPROTO_TCP, answered_ports))),
                       ip4(IPPROTO_UDP, udp, more),
                       ip6(IPPROTO_HOPOPTS, Bytes{IPPROTO_AH, 0, 0, 0, 0, 0, 0, 0} + ah + udp),
                       ip6(IPPROTO_FRAGMENT, fragment6(1) + udp),
                       ip6(IPPROTO_ICMPV6, icmp(1, quote6(IPPROTO_TCP, answered_ports)))};
  for (const auto mode : all_modes) {
    use(mode);
    for (const auto& packet : all) {
      const auto type = packet.front() >> 4 == 4 ? type_ip4 : type_ip6;
      for (std::size_t size = 0; size <= packet.size(); ++size) {
        expect_agreement(
            frame_of({packet.begin(), packet.begin() + static_cast<long>(size)}, type));
      }
    }
  }
}

}  // namespace
}  // namespace loadshare::decider
