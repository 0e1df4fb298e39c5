// SPDX-License-Identifier: GPL-2.0-or-later
// What ARP and neighbour discovery say about an address.
#pragma once

#include <optional>
#include <string>

#include "frames.h"
#include "sockets.h"

namespace traffic {

/// A neighbour message that gives a MAC for an address.
struct Advertised {
  MacAddress mac;
  bool checksum_right = true;  ///< always so in ARP, which has none
};

/// Nothing unless `frame` is ARP with `address` as its sender, or neighbour discovery that gives a
/// MAC for it.
std::optional<Advertised> advertised(Bytes frame, const IpAddress& address);

/// Makes `capture` hear frames for others, too: a bridge's own interface does so only this way.
void listen_to_all(const FileDescriptor& capture, const std::string& interface);

}  // namespace traffic
