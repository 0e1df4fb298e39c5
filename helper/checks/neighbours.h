// SPDX-License-Identifier: GPL-2.0-or-later
// Who else says that it has the address: ARP and NDP messages as bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "loadshare/addresses.h"

namespace loadshare::checks {

/// A message that gives the address a MAC.
struct Claim {
  MacAddress mac;     ///< what neighbours learn
  MacAddress source;  ///< of the Ethernet frame: the host that sent it

  auto operator<=>(const Claim&) const = default;
};

/// Of an ARP packet or neighbour advertisement, from the Ethernet header on. Nothing where it is
/// something else or speaks of another address.
std::optional<Claim> read_claim(std::span<const std::uint8_t> frame, const IpAddress& address);

}  // namespace loadshare::checks
