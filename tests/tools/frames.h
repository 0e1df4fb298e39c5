// SPDX-License-Identifier: GPL-2.0-or-later
// Reading Ethernet frames that a capture delivers.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "loadshare/addresses.h"

namespace traffic {

using loadshare::IpAddress;
using loadshare::MacAddress;
using Bytes = std::span<const std::uint8_t>;

/// An IP packet as it came over the wire. `transport` points into the frame.
struct IpPacket {
  MacAddress ethernet_source;
  IpAddress source;
  IpAddress destination;
  std::uint8_t protocol = 0;    ///< behind an IPv6 fragment header; others are not skipped
  bool begins_datagram = true;  ///< false for later fragments: they have no transport header
  Bytes transport;
};

/// Nothing unless the frame holds a whole IPv4 or IPv6 header (the rest may be cut off).
std::optional<IpPacket> parse_ip_packet(Bytes frame);

/// Nothing unless it is TCP with a whole header, and what this address says from this port.
std::optional<IpPacket> parse_tcp_from(const IpAddress& source, std::uint16_t port, Bytes frame);

/// The address that the first bytes hold, in network order.
IpAddress address_at(Bytes bytes, int version);
std::uint16_t big_endian_16(Bytes bytes);

/// The Internet checksum (RFC 1071), ready to be stored big-endian.
std::uint16_t internet_checksum(Bytes message);

/// The same with the pseudo header of either IP version (RFC 768, RFC 8200 section
/// 8.1); 0 over a segment whose own checksum is right.
std::uint16_t transport_checksum(const IpAddress& source, const IpAddress& destination,
                                 std::uint8_t protocol, Bytes segment);

}  // namespace traffic
