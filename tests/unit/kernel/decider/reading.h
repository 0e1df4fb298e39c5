// SPDX-License-Identifier: GPL-2.0-or-later
// Whose a packet is by the deciding program, and by watch's own reading of the same bytes
// (watch/packet.h), so that watch is held to what is decided; and packets of every form.
#pragma once

#include <netinet/in.h>

#include "clients/bucket_hash.h"
#include "kernel/decider/pair.h"
#include "watch/packet.h"

namespace loadshare::decider {

constexpr auto by_ports = HashMode::source_ip_source_port_dest_port;
constexpr auto by_source = HashMode::source_ip;

class DeciderReading : public DeciderTest {
 protected:
  void SetUp() override {
    DeciderTest::SetUp();
    if (!IsSkipped()) use(by_ports);
  }
  static void TearDownTestSuite() { nodes().reset(); }

  void use(HashMode mode) {
    filter_ = a_filter_by(mode, 256, 99);
    if (!nodes()) nodes().emplace();
    nodes()->put(test::ip(cluster4), filter_);
    nodes()->put(test::ip(cluster6), filter_);
  }

  /// In the bucket of a packet with these words at the place of ports.
  bool is_hashed_as(const Bytes& frame, const IpAddress& client, unsigned word, unsigned other) {
    const auto words =
        HashInput{client, static_cast<std::uint16_t>(word), static_cast<std::uint16_t>(other)};
    return agrees(frame, {Whose::owner, bucket_of(words)});
  }
  unsigned bucket_of(const HashInput& words) const {
    return loadshare::bucket_of(words, filter_.hash_mode, filter_.seed, filter_.total);
  }

  /// In all modes, the client's packet from port 40001 to 80.
  void expect_flow(const Bytes& packet, Receiver receiver = Receiver::cluster) {
    const auto client = test::ip(packet.front() >> 4 == 4 ? client4 : client6);
    for (const auto mode : all_modes) {
      use(mode);
      EXPECT_TRUE(is_hashed_as(frame_of(packet, receiver), client, 40001, 80)) << to_string(mode);
      expect_agreement(frame_of(packet, receiver));
    }
    use(by_ports);
  }

  void expect_whose(Whose whose, const Bytes& packet) {
    EXPECT_TRUE(agrees(frame_of(packet), {whose, 0})) << testing::PrintToString(packet);
    expect_agreement(frame_of(packet));
  }

  Expected expected_by_model(const Bytes& frame) const;
  void expect_agreement(const Bytes& frame) {
    const auto expected = expected_by_model(frame);
    EXPECT_TRUE(agrees(frame, expected))
        << "not as watch reads it, for " << expected << ", " << to_string(filter_.hash_mode) << ": "
        << testing::PrintToString(frame);
  }

  bool agrees(const Bytes& frame, const Expected& expected) {
    const bool is_ip6 = (frame[12] << 8 | frame[13]) == type_ip6;
    return nodes()->agrees(frame, expected, test::ip(is_ip6 ? cluster6 : cluster4));
  }

  /// The kernel takes some 50 ms to verify a program.
  static std::optional<Pair>& nodes() {
    static std::optional<Pair> pair;
    return pair;
  }
  Filter filter_;
};

/// The address that a frame is for; nothing where its header ends too early.
inline std::optional<IpAddress> destination_of(std::span<const std::uint8_t> packet, int version) {
  const std::size_t at = version == 4 ? 16 : 24, header = version == 4 ? 20 : 40;
  if (packet.size() < header) return std::nullopt;
  IpAddress address{version, {}};
  const auto octets = packet.subspan(at, address.octets().size());
  std::copy(octets.begin(), octets.end(), address.octets().begin());
  return address;
}

inline Expected DeciderReading::expected_by_model(const Bytes& frame) const {
  const auto type = frame[12] << 8 | frame[13];
  const auto packet = std::span(frame).subspan(ethernet_size);
  if (type != type_ip4 && type != type_ip6) return {Whose::every_node};
  const int version = type == type_ip4 ? 4 : 6;
  const auto destination = destination_of(packet, version);
  if (!destination || *destination != test::ip(version == 4 ? cluster4 : cluster6)) {
    return {Whose::every_node};  // no cluster address
  }
  if (packet[0] >> 4 != version) return {Whose::nobody};
  const auto read = watch::read_packet(packet, filter_.hash_mode);
  switch (read.value().taker) {
    case watch::Taker::owner:
      return {Whose::owner, bucket_of(read->hashed)};
    case watch::Taker::nobody:
      return {Whose::nobody};
    case watch::Taker::every_node:
    case watch::Taker::first_fragment:
      return {Whose::every_node};
  }
  return {Whose::nobody};
}

inline const Bytes tcp = ports + Bytes(16, 0);
inline const Bytes hop{IPPROTO_UDP, 0, 0, 0, 0, 0, 0, 0};
constexpr unsigned more = 0x2000;  // RFC 791: more fragments

inline Bytes fragment6(unsigned place, std::uint8_t next = IPPROTO_UDP) {
  return Bytes{next, 0} + number(place) + Bytes{1, 2, 3, 4};
}

/// So many extension headers before a UDP header.
inline Bytes with_extensions(unsigned count) {
  Bytes all;
  for (unsigned number = 1; number <= count; ++number) {
    const int next = number == count ? int{IPPROTO_UDP} : int{IPPROTO_DSTOPTS};
    all = all + Bytes{static_cast<std::uint8_t>(next), 0, 0, 0, 0, 0, 0, 0};
  }
  return ip6(IPPROTO_DSTOPTS, all + udp);
}

/// One packet in pieces: the first brings the ports.
struct Pieces {
  Bytes first, second, last;
};
inline const Pieces pieces4{ip4(IPPROTO_UDP, udp, more), ip4(IPPROTO_UDP, udp, more | 1),
                            ip4(IPPROTO_UDP, udp, 2)};
inline const Pieces pieces6{ip6(IPPROTO_FRAGMENT, fragment6(1) + udp),
                            ip6(IPPROTO_FRAGMENT, fragment6(9) + udp),
                            ip6(IPPROTO_FRAGMENT, fragment6(16) + udp)};
/// The ports stand behind a header that only the first piece brings.
inline const Pieces pieces6_with_options{
    ip6(IPPROTO_FRAGMENT, fragment6(1, IPPROTO_DSTOPTS) + hop + udp),
    ip6(IPPROTO_FRAGMENT, fragment6(17, IPPROTO_DSTOPTS) + udp),
    ip6(IPPROTO_FRAGMENT, fragment6(24, IPPROTO_DSTOPTS) + udp)};

}  // namespace loadshare::decider
