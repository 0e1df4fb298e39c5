// SPDX-License-Identifier: GPL-2.0-or-later
// IP addresses on interfaces, through rtnetlink.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kernel/netlink/socket.h"
#include "loadshare/plan.h"

namespace loadshare::link {

/// An address of this node. It has the form of a cluster address if it is a host's (/32, /128) and
/// of scope host, or, of IPv6, without duplicate address detection and deprecated.
struct NodeAddress {
  IpAddress address;
  HeldAddress held;
  std::optional<IpAddress> broadcast;
};

/// All addresses of one IP version (4 or 6) in the order of the kernel: primaries come first.
std::vector<NodeAddress> node_addresses(netlink::Socket& route, int version);

/// The longest connected network that contains `address`, by this node's other addresses; only
/// networks of `interface` and not longer than `longest_prefix` where these are given. This is
/// what IPaddr2 reads from the routes, without reading a routing table of a million lines.
std::optional<ConnectedNetwork> connected_network(const std::vector<NodeAddress>& addresses,
                                                  const IpAddress& address,
                                                  const std::optional<std::string>& interface,
                                                  const std::optional<unsigned>& longest_prefix);

/// The address that the kernel gave the interface by itself; nothing for IPv4.
std::optional<IpAddress> link_local_of(const std::vector<NodeAddress>& addresses,
                                       const std::string& interface);

/// For ever, also where it is there already and would expire. The label is the part behind
/// "interface:"; IPv4 only.
void add_address(netlink::Socket& route, const IpAddress& address, const HeldAddress& held,
                 const std::optional<std::string>& label = std::nullopt);

/// From now on it expires. Succeeds where it is gone.
void limit_address(netlink::Socket& route, const LimitAddress& step);

/// Succeeds where it, or its interface, is already gone. No other address goes with it. When it
/// returns, nobody is told of the address any more: not by answers to requests of before either.
void remove_address(netlink::Socket& route, const IpAddress& address, const HeldAddress& held);

}  // namespace loadshare::link
