// SPDX-License-Identifier: GPL-2.0-or-later
// Packets that only an enemy sends: read by the program as watch reads them, whatever they are.
#include <random>

#include "kernel/decider/reading.h"

namespace loadshare::decider {
namespace {

/// Bytes that mean something to whoever reads packets.
constexpr std::uint8_t telling[] = {0,  1,  2,   3,    4,    5,    6,    7,    8,    9,
                                    11, 12, 17,  20,   33,   40,   43,   44,   50,   51,
                                    58, 60, 132, 136,  0x20, 0x40, 0x45, 0x46, 0x4f, 0x60,
                                    63, 64, 80,  0x1f, 0x3f, 0x7f, 0x80, 0xf0, 0xff};

class Enemy {
 public:
  explicit Enemy(std::uint32_t seed) : random_(seed) {}

  std::size_t below(std::size_t end) { return random_() % end; }
  std::uint8_t octet() {
    return below(2) == 0 ? telling[below(std::size(telling))]
                         : static_cast<std::uint8_t>(random_());
  }

  /// A good one, spoilt here and there: values, end, padding, something taken out or put in.
  Bytes spoilt(Bytes packet) {
    for (auto times = below(4); times > 0; --times) packet[below(packet.size())] = octet();
    const auto size = packet.size();
    switch (below(7)) {
      case 0:
        packet.resize(below(size + 1));
        break;
      case 1:
        packet.resize(size + below(24), 0x5a);
        break;
      case 2:
        packet.insert(packet.begin() + static_cast<long>(below(size)), below(9), octet());
        break;
      case 3:
        packet.erase(packet.begin() + static_cast<long>(below(size)));
        packet.resize(size, octet());
        break;
      case 4:  // what is at its end is padding
        packet[packet[0] >> 4 == 4 ? 3 : 5] = static_cast<std::uint8_t>(below(size + 1));
        break;
    }
    return packet;
  }

  /// To the cluster address, and else anything.
  Bytes anything(int version) {
    Bytes packet(version == 4 ? 20 : 40);
    for (auto& one : packet) one = octet();
    packet[0] = version == 4 ? static_cast<std::uint8_t>(0x40 | below(16)) : 0x60;
    const auto to = octets(version == 4 ? cluster4 : cluster6);
    std::copy(to.begin(), to.end(), packet.end() - static_cast<long>(to.size()));
    for (auto left = below(120); left > 0; --left) packet.push_back(octet());
    if (below(2) == 0) {
      const auto length = number(version == 4 ? packet.size() : packet.size() - 40);
      std::copy(length.begin(), length.end(), packet.begin() + (version == 4 ? 2 : 4));
    }
    return packet;
  }

  /// Extension headers, often well-formed.
  Bytes chain() {
    constexpr std::uint8_t kinds[] = {IPPROTO_HOPOPTS, IPPROTO_ROUTING, IPPROTO_FRAGMENT,
                                      IPPROTO_AH,      IPPROTO_DSTOPTS, IPPROTO_ESP,
                                      IPPROTO_TCP,     IPPROTO_ICMPV6};
    Bytes all;
    for (auto count = below(11); count > 0; --count) {
      const auto length = static_cast<std::uint8_t>(below(8) == 0 ? octet() : below(2));
      all = all + Bytes{kinds[below(std::size(kinds))], length, 0, octet(), 0, 0, 0, octet()};
      all.resize(all.size() + 8 * (length & 1));
    }
    return ip6(kinds[below(std::size(kinds))], all + icmp(octet(), quote6(octet(), ports)));
  }

 private:
  std::mt19937 random_;
};

std::vector<Bytes> good_packets() {
  const Bytes ah6 = Bytes{IPPROTO_TCP, 4} + Bytes(22, 0);
  std::vector<Bytes> all{ip4(IPPROTO_AH, Bytes(4, 0) + ports),
                         ip4(IPPROTO_GRE, ports),
                         ip4(IPPROTO_ESP, ports),
                         ip4(IPPROTO_TCP, tcp, 0, Bytes(12, 1)),
                         ip6(IPPROTO_ESP, ports),
                         ip6(IPPROTO_AH, ah6 + tcp),
                         ip6(IPPROTO_HOPOPTS, hop + udp),
                         ip6(IPPROTO_FRAGMENT, fragment6(0) + udp),
                         ip6(IPPROTO_FRAGMENT, fragment6(1, IPPROTO_FRAGMENT) + fragment6(1) + udp),
                         ip6(IPPROTO_ICMPV6, icmp(136, Bytes(16, 0))),
                         with_extensions(8)};
  for (const auto& pieces : {pieces4, pieces6, pieces6_with_options}) {
    all.insert(all.end(), {pieces.first, pieces.second, pieces.last});
  }
  for (const std::uint8_t protocol : {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP}) {
    all.insert(all.end(), {ip4(protocol, tcp), ip6(protocol, tcp),
                           ip4(IPPROTO_ICMP, icmp(3, quote4(protocol, answered_ports))),
                           ip6(IPPROTO_ICMPV6, icmp(1, quote6(protocol, answered_ports)))});
  }
  return all;
}

// Read a packet differently, and a client is answered twice or not at all, or watch lies.
TEST_F(DeciderReading, OfWhateverComesIsThatOfWatch) {
  Enemy enemy(20);
  const auto good = good_packets();
  for (const auto mode : all_modes) {
    use(mode);
    for (const auto& packet : good) expect_agreement(frame_of(packet));
    for (int round = 0; round < 2000 && !HasFailure(); ++round) {
      const auto& one = good[enemy.below(good.size())];
      const auto type = one.front() >> 4 == 4 ? type_ip4 : type_ip6;
      expect_agreement(frame_of(enemy.spoilt(one), type));
      expect_agreement(frame_of(enemy.anything(4), type_ip4));
      expect_agreement(frame_of(enemy.anything(6), type_ip6));
      expect_agreement(frame_of(enemy.chain(), type_ip6));
    }
  }
}

}  // namespace
}  // namespace loadshare::decider
