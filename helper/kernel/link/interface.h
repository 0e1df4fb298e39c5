// SPDX-License-Identifier: GPL-2.0-or-later
// A network interface: read, raised, and its list of multicast MACs.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "kernel/netlink/socket.h"
#include "loadshare/observed.h"

namespace loadshare::link {

/// Nothing where no interface has the name. That may be an alternative one; what is found has the
/// first.
std::optional<Interface> find_interface(netlink::Socket& route, const std::string& name);

void raise_interface(netlink::Socket& route, const std::string& name);

/// Multicast MACs of the interface in the text of /proc/net/dev_mcast, whose lines are "index name
/// users global mac" (dev_mc_seq_show in net/core/net-procfs.c). Other lines are passed over.
std::set<MacAddress> parse_joined(const std::string& text, unsigned interface_index);

/// Those that it has now; none where it is gone.
std::set<MacAddress> joined_macs(const std::string& interface);

/// SIOCADDMULTI and SIOCDELMULTI, as `ip maddr` does it; not counted: the second join is no other.
void join_mac(const std::string& interface, const MacAddress& mac);
void leave_mac(const std::string& interface, const MacAddress& mac);

}  // namespace loadshare::link
