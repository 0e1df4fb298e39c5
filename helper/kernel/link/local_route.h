// SPDX-License-Identifier: GPL-2.0-or-later
// When does the kernel take packets to a new IPv6 address?
#pragma once

#include <chrono>
#include <string>

#include "kernel/netlink/socket.h"
#include "loadshare/addresses.h"

namespace loadshare::link {

/// Returns when packets to the IPv6 address that come in by the interface are for this host: its
/// route comes from a workqueue (addrconf_dad_work in net/ipv6/addrconf.c), some milliseconds after
/// the address. IPv4 has it at once. Throws generic_error when `longest_wait` is over, and
/// kernel_error.
void await_local_route(netlink::Socket& route, const IpAddress& address,
                       const std::string& interface, std::chrono::milliseconds longest_wait);

}  // namespace loadshare::link
