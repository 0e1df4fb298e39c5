// SPDX-License-Identifier: GPL-2.0-or-later
// The way of a client's packet through this node's IP stack, and of the answer back, as the kernel
// itself sees it: beyond all that is ours.
#pragma once

#include <optional>
#include <vector>

#include "kernel/link/address.h"
#include "kernel/netlink/socket.h"
#include "loadshare/observed.h"

namespace loadshare::link {

/// Who would ask whom, by which interface.
struct PathQuestion {
  IpAddress address;
  std::optional<unsigned> prefix_length;  ///< of the clients' network, if that is known
  bool is_held;                           ///< else packets to the address go nowhere yet
  Interface interface;
};

/// As it counts, of IPv4.
int arp_ignore_of(const std::string& interface);

/// Asks for clients that could be in the network, until one of them would be served. `own` are
/// the addresses of this node.
Path look_along_path(netlink::Socket& route, const PathQuestion& question,
                     const std::vector<NodeAddress>& own);

}  // namespace loadshare::link
