// SPDX-License-Identifier: GPL-2.0-or-later
// The TCP connections of a cluster address, as conntrack on this node knows them (ctnetlink).
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "loadshare/addresses.h"
#include "loadshare/observed.h"

struct nlmsghdr;

namespace loadshare::connections {

/// A connection as its client began it; ports in host byte order.
struct Connection {
  IpAddress source, destination;
  std::uint16_t source_port = 0, dest_port = 0;
  std::uint8_t protocol = 0;
  std::uint8_t tcp_state = 0;         ///< TCP_CONNTRACK_*, linux/netfilter/nf_conntrack_tcp.h
  std::vector<std::uint8_t> message;  ///< the attributes that name it to the kernel

  /// The client has begun it, and the last word has not been said. One that is just being opened
  /// counts: its next packet is none that the new owner knows.
  bool is_open() const;
};

/// Nothing where the message is no connection, or is malformed.
std::optional<Connection> parse(const nlmsghdr& message);

/// How full conntrack is, with connections of any kind.
struct Fill {
  std::uint32_t entries = 0;
  std::uint32_t most = 0;  ///< 0: no limit
};
/// Nothing where the message does not tell it, or is malformed.
std::optional<Fill> parse_fill(const nlmsghdr& message);
/// Nothing where this kernel has no ctnetlink.
std::optional<Fill> fill();

/// How many are open in each of these buckets; nothing where this kernel has no ctnetlink.
std::optional<std::map<unsigned, std::size_t>> count_open(const IpAddress& address,
                                                          const Filter& filter,
                                                          const std::set<unsigned>& buckets);

/// Conntrack no longer knows any of those of these buckets. What it did not know succeeds, too.
void forget(const IpAddress& address, const Filter& filter, const std::set<unsigned>& buckets);

}  // namespace loadshare::connections
