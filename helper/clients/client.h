// SPDX-License-Identifier: GPL-2.0-or-later
// Clients as an administrator writes them down.
#pragma once

#include <cstdint>
#include <istream>
#include <optional>
#include <string>
#include <vector>

#include "loadshare/addresses.h"

namespace loadshare {

struct Client {
  IpAddress address;
  std::optional<std::uint16_t> port;

  bool operator==(const Client&) const = default;
};

/// In all: as many as a /16 has.
constexpr std::size_t most_clients = 65536;

struct Clients {
  std::vector<Client> all;
  bool by_range = false;  ///< some were written as ADDRESS/PREFIX, and stand here one by one
};

/// Adds what the word means: ADDRESS, ADDRESS:PORT, [ADDRESS], [ADDRESS]:PORT or ADDRESS/PREFIX. An
/// IPv4 address may be written as IPv6 (::ffff:10.0.0.7), as servers log it. Throws not_configured
/// where it is something else, of another IP version, or too many.
void add_clients(const std::string& word, int ip_version, Clients& to);

/// A word on each line; blanks around it and empty lines are passed over. Throws not_configured
/// with the number of the line.
Clients read_clients(std::istream& from, int ip_version);

/// ADDRESS, ADDRESS:PORT or, in IPv6, [ADDRESS]:PORT.
std::string to_string(const Client& client);

}  // namespace loadshare
