// SPDX-License-Identifier: GPL-2.0-or-later
// Echo requests from many client addresses, and the replies to them.
#pragma once

#include <vector>

#include "frames.h"
#include "sockets.h"

namespace traffic {

std::vector<IpAddress> consecutive(IpAddress first, std::size_t count);

/// What tells one echo request from another.
struct EchoNumbers {
  std::uint16_t identifier = 0;
  std::uint16_t sequence = 0;
};

/// A raw socket for sending alone: the replies are for a capture to see.
FileDescriptor open_ping_socket(int family);

/// An echo request with `size` bytes of data. The kernel fills in the checksum of ICMPv6 only.
std::vector<std::uint8_t> echo_request(int version, EchoNumbers numbers, std::size_t size);

/// Nothing unless the packet is an echo reply.
std::optional<EchoNumbers> echo_reply(const IpPacket& packet);

/// Failures that are the network's answer, not ours: the client then counts as unanswered.
bool is_network_failure(int error_number);

}  // namespace traffic
