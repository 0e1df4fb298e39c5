// SPDX-License-Identifier: GPL-2.0-or-later
// IP and MAC addresses as values.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace loadshare {

/// An IPv4 or IPv6 address. Two spellings of one address are the same value.
struct IpAddress {
  int version = 4;                       ///< 4 or 6
  std::array<std::uint8_t, 16> bytes{};  ///< network order; IPv4 uses the first four, the rest is 0

  auto operator<=>(const IpAddress&) const = default;

  unsigned bits() const { return version == 4 ? 32 : 128; }
  /// Only of an address that outlives what is returned.
  std::span<const std::uint8_t> octets() const& { return {bytes.data(), bits() / 8}; }
  std::span<std::uint8_t> octets() & { return {bytes.data(), bits() / 8}; }
  void octets() const&& = delete;
};

/// Nothing unless `text` is a dotted quad or an IPv6 address in any spelling of RFC 4291.
std::optional<IpAddress> parse_ip_address(const std::string& text);

/// The one spelling that the kernel prints too (RFC 5952 for IPv6).
std::string to_string(const IpAddress& address);

/// Whether the first `prefix_length` bits of both are the same.
bool same_network(const IpAddress& one, const IpAddress& other, unsigned prefix_length);

/// All addresses whose first bits are those of one.
struct Network {
  IpAddress address;
  unsigned prefix_length = 0;

  bool operator==(const Network&) const = default;
};

/// An Ethernet address.
struct MacAddress {
  std::array<std::uint8_t, 6> bytes{};

  auto operator<=>(const MacAddress&) const = default;

  /// The group bit (IEEE 802, section 8.2): frames to it reach every node.
  bool is_multicast() const { return (bytes[0] & 1) != 0; }
};

/// Nothing unless `text` is six pairs of hex digits with colons between.
std::optional<MacAddress> parse_mac_address(const std::string& text);

std::string to_string(const MacAddress& mac);

}  // namespace loadshare
