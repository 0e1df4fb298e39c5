// SPDX-License-Identifier: GPL-2.0-or-later
// Packets as data: what one client sends to one cluster address.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "loadshare/addresses.h"

namespace loadshare::test::packets {

using Bytes = std::vector<std::uint8_t>;

inline Bytes operator+(Bytes one, const Bytes& other) {
  one.insert(one.end(), other.begin(), other.end());
  return one;
}

inline Bytes octets(const std::string& address) {
  const auto parsed = parse_ip_address(address).value();
  return {parsed.octets().begin(), parsed.octets().end()};
}

inline Bytes number(std::size_t value) {
  return {static_cast<std::uint8_t>(value >> 8), static_cast<std::uint8_t>(value)};
}

inline const std::string client4 = "192.0.2.7", cluster4 = "10.0.0.100";
inline const std::string client6 = "2001:db8::7", cluster6 = "fd77::100";
inline const Bytes ports{0x9c, 0x41, 0, 80};  // 40001 → 80
inline const Bytes udp = ports + Bytes{0, 8, 0, 0};

/// To port 80 of the cluster address. `place` is the 16-bit word of flags and fragment offset;
/// `options` come in words of four bytes.
inline Bytes ip4(std::uint8_t protocol, const Bytes& payload, unsigned place = 0,
                 const Bytes& options = {}) {
  const auto words = static_cast<std::uint8_t>(5 + options.size() / 4);
  Bytes header{static_cast<std::uint8_t>(0x40 | words), 0};
  header = header + number(20 + options.size() + payload.size()) + Bytes{0x12, 0x34};
  header = header + number(place) + Bytes{64, protocol, 0, 0} + octets(client4);
  return header + octets(cluster4) + options + payload;
}

inline Bytes ip6(std::uint8_t next, const Bytes& payload) {
  return Bytes{0x60, 0, 0, 0} + number(payload.size()) + Bytes{next, 64} + octets(client6) +
         octets(cluster6) + payload;
}

/// The types of ICMP errors.
constexpr std::uint8_t error_types4[] = {3, 4, 5, 11, 12};  // RFC 792
constexpr std::uint8_t error_types6[] = {1, 2, 3, 4};       // RFC 4443

/// The same packet of another client; checksums are nobody's business here.
inline Bytes from(const IpAddress& client, Bytes packet) {
  const auto source = client.octets();
  const std::ptrdiff_t at = client.version == 4 ? 12 : 8;
  std::copy(source.begin(), source.end(), packet.begin() + at);
  return packet;
}

/// What the cluster once sent to the client, as an error quotes it.
inline Bytes quote4(std::uint8_t protocol, const Bytes& payload, unsigned place = 0,
                    std::uint8_t first = 0x45) {
  return Bytes{first, 0, 0, 40, 0, 0} + number(place) + Bytes{64, protocol, 0, 0} +
         octets(cluster4) + octets(client4) + payload;
}
inline Bytes quote6(std::uint8_t next, const Bytes& payload) {
  return Bytes{0x60, 0, 0, 0, 0, 20, next, 64} + octets(cluster6) + octets(client6) + payload;
}
inline const Bytes answered_ports{0, 80, 0x9c, 0x41};
inline Bytes icmp(std::uint8_t type, const Bytes& behind) {
  return Bytes{type, 0, 0, 0, 0, 0, 0, 0} + behind;
}

}  // namespace loadshare::test::packets
