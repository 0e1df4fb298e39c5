// SPDX-License-Identifier: GPL-2.0-or-later
// The VLAN of an interface such as eth0.20.
#pragma once

#include <optional>
#include <string>

#include "kernel/netlink/socket.h"

namespace loadshare::link {

/// The VLAN in the kernel's description of an interface (RTM_NEWLINK); nothing where it is no VLAN
/// device.
std::optional<unsigned> parse_vlan(const nlmsghdr& link);

/// 1 … 4094; nothing where the interface is no VLAN device, or does not exist.
std::optional<unsigned> vlan_of(netlink::Socket& route, const std::string& interface);

}  // namespace loadshare::link
