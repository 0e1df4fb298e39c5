// SPDX-License-Identifier: GPL-2.0-or-later
#include "loadshare/addresses.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstdio>

namespace loadshare {

std::optional<IpAddress> parse_ip_address(const std::string& text) {
  // inet_pton would see nothing of what comes behind it.
  if (text.find('\0') != std::string::npos) return std::nullopt;
  const bool has_colon = text.find(':') != std::string::npos;
  IpAddress address{has_colon ? 6 : 4, {}};
  if (inet_pton(has_colon ? AF_INET6 : AF_INET, text.c_str(), address.bytes.data()) != 1) {
    return std::nullopt;
  }
  return address;
}

std::string to_string(const IpAddress& address) {
  char text[INET6_ADDRSTRLEN];
  inet_ntop(address.version == 4 ? AF_INET : AF_INET6, address.bytes.data(), text, sizeof text);
  return text;
}

bool same_network(const IpAddress& one, const IpAddress& other, unsigned prefix_length) {
  if (one.version != other.version) return false;
  const auto whole = prefix_length / 8;
  if (!std::equal(one.bytes.begin(), one.bytes.begin() + whole, other.bytes.begin())) return false;
  const auto rest = prefix_length % 8;
  return rest == 0 || ((one.bytes[whole] ^ other.bytes[whole]) >> (8 - rest)) == 0;
}

std::optional<MacAddress> parse_mac_address(const std::string& text) {
  MacAddress mac;
  if (text.size() != 17) return std::nullopt;
  for (std::size_t i = 0; i < 6; ++i) {
    const char* pair = text.data() + i * 3;
    if (i < 5 && pair[2] != ':') return std::nullopt;
    const auto [end, error] = std::from_chars(pair, pair + 2, mac.bytes[i], 16);
    if (error != std::errc{} || end != pair + 2) return std::nullopt;
  }
  return mac;
}

std::string to_string(const MacAddress& mac) {
  char text[18];
  const auto& b = mac.bytes;
  std::snprintf(text, sizeof text, "%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3], b[4],
                b[5]);
  return text;
}

}  // namespace loadshare
