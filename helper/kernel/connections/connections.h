// SPDX-License-Identifier: GPL-2.0-or-later
// The TCP connections of a cluster address that end on this node, as its sockets tell (sock_diag).
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "loadshare/addresses.h"
#include "loadshare/observed.h"

struct nlmsghdr;

namespace loadshare::connections {

/// Ports in host byte order.
struct Connection {
  IpAddress client, service;
  std::uint16_t client_port = 0, service_port = 0;
  std::uint8_t state = 0;  ///< TCP_*, netinet/tcp.h

  /// The last word has not been said. One that is just being opened counts: its next packet is none
  /// that the new owner knows.
  bool is_open() const;
  /// Under these parameters.
  unsigned bucket(const Filter& filter) const;
};

/// Nothing where the message is no socket, or is malformed. An IPv4 client of an IPv6 socket is an
/// IPv4 client.
std::optional<Connection> parse(const nlmsghdr& message);

/// Those of these buckets, open or not; nothing where this kernel does not tell its sockets. Throws
/// kernel_error.
std::optional<std::vector<Connection>> connections_of(const IpAddress& address,
                                                      const Filter& filter,
                                                      const std::set<unsigned>& buckets);

/// Whether this kernel tells its sockets.
bool can_tell();

}  // namespace loadshare::connections
