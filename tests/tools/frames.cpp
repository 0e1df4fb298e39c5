// SPDX-License-Identifier: GPL-2.0-or-later
// Reading Ethernet frames that a capture delivers.
#include "frames.h"

#include <net/ethernet.h>
#include <netinet/in.h>

#include <algorithm>

namespace traffic {

namespace {

constexpr std::size_t ethernet_header = 14;
constexpr std::size_t ipv4_header = 20;
constexpr std::size_t ipv6_header = 40;
constexpr std::size_t ipv6_fragment_header = 8;

/// What is left of `bytes` from `start` on, without what lies behind `end` (Ethernet padding).
Bytes part(Bytes bytes, std::size_t start, std::size_t end) {
  end = std::min(end, bytes.size());
  start = std::min(start, end);
  return bytes.subspan(start, end - start);
}

std::optional<IpPacket> parse_ipv4(Bytes bytes) {
  if (bytes.size() < ipv4_header) return std::nullopt;
  IpPacket packet;
  packet.source = address_at(bytes.subspan(12), 4);
  packet.destination = address_at(bytes.subspan(16), 4);
  packet.protocol = bytes[9];
  packet.begins_datagram = (big_endian_16(bytes.subspan(6)) & 0x1fff) == 0;
  packet.transport =
      part(bytes, std::size_t{4} * (bytes[0] & 15U), big_endian_16(bytes.subspan(2)));
  return packet;
}

void enter_ipv6_fragment(IpPacket& packet) {
  const Bytes header = packet.transport;
  if (header.size() < ipv6_fragment_header) return;
  packet.protocol = header[0];
  packet.begins_datagram = (big_endian_16(header.subspan(2)) & 0xfff8) == 0;
  packet.transport = header.subspan(ipv6_fragment_header);
}

std::optional<IpPacket> parse_ipv6(Bytes bytes) {
  if (bytes.size() < ipv6_header) return std::nullopt;
  IpPacket packet;
  packet.source = address_at(bytes.subspan(8), 6);
  packet.destination = address_at(bytes.subspan(24), 6);
  packet.protocol = bytes[6];
  packet.transport = part(bytes, ipv6_header, ipv6_header + big_endian_16(bytes.subspan(4)));
  if (packet.protocol == IPPROTO_FRAGMENT) enter_ipv6_fragment(packet);
  return packet;
}

/// One's complement sum of big-endian words; an odd last byte is padded with 0.
std::uint32_t add_words(std::uint32_t sum, Bytes bytes) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    sum += std::uint32_t{bytes[i]} << (i % 2 == 0 ? 8U : 0U);
  }
  return (sum & 0xffff) + (sum >> 16);
}

std::uint16_t folded(std::uint32_t sum) {
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

}  // namespace

std::optional<IpPacket> parse_ip_packet(Bytes frame) {
  if (frame.size() < ethernet_header) return std::nullopt;
  const Bytes inner = frame.subspan(ethernet_header);
  std::optional<IpPacket> packet;
  switch (big_endian_16(frame.subspan(12))) {
    case ETHERTYPE_IP:
      packet = parse_ipv4(inner);
      break;
    case ETHERTYPE_IPV6:
      packet = parse_ipv6(inner);
      break;
    default:
      break;
  }
  if (packet) std::copy_n(frame.begin() + 6, 6, packet->ethernet_source.bytes.begin());
  return packet;
}

std::optional<IpPacket> parse_tcp_from(const IpAddress& source, std::uint16_t port, Bytes frame) {
  constexpr std::size_t header_size = 20;  // RFC 9293, section 3.1, without options
  auto packet = parse_ip_packet(frame);
  if (!packet || packet->source != source || packet->protocol != IPPROTO_TCP) return std::nullopt;
  if (packet->transport.size() < header_size) return std::nullopt;
  return big_endian_16(packet->transport) == port ? packet : std::nullopt;
}

IpAddress address_at(Bytes bytes, int version) {
  IpAddress address{version, {}};
  const auto octets = address.octets();
  std::copy_n(bytes.begin(), octets.size(), octets.begin());
  return address;
}

std::uint16_t big_endian_16(Bytes bytes) {
  return static_cast<std::uint16_t>(bytes[0] << 8U | bytes[1]);
}

std::uint16_t internet_checksum(Bytes message) { return folded(add_words(0, message)); }

std::uint16_t transport_checksum(const IpAddress& source, const IpAddress& destination,
                                 std::uint8_t protocol, Bytes segment) {
  auto sum = static_cast<std::uint32_t>(segment.size() + protocol);
  for (const Bytes part : {Bytes(source.octets()), Bytes(destination.octets()), segment}) {
    sum = add_words(sum, part);
  }
  return folded(sum);
}

}  // namespace traffic
