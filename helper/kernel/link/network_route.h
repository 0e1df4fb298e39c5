// SPDX-License-Identifier: GPL-2.0-or-later
// The way to the clients of a node that has no address of its own in their network: a host's
// address brings no route along. Ours are told by their protocol number.
#pragma once

#include <optional>
#include <vector>

#include "kernel/link/address.h"
#include "kernel/netlink/socket.h"
#include "loadshare/observed.h"

namespace loadshare::link {

/// Routes of ours whose network contains the address, in whatever table.
std::vector<NetworkRoute> routes_of_ours(netlink::Socket& route, const IpAddress& address);

/// Succeeds where it is there already. Any other route to that network is preferred, and so is the
/// one that comes with an address of the node's own. `source` is what the node itself uses on it.
void add_route(netlink::Socket& route, const NetworkRoute& wanted,
               const std::optional<IpAddress>& source);

/// Those that only the address in this place has needed, and no other in `addresses` that has the
/// form of a cluster address. Succeeds where they are gone.
void remove_routes_of(netlink::Socket& route, const IpAddress& address, const HeldAddress& held,
                      const std::vector<NodeAddress>& addresses);

}  // namespace loadshare::link
