// SPDX-License-Identifier: GPL-2.0-or-later
// Loads, feeds and reads back the program that keeps the cluster MAC in ARP and NDP messages
// (cluster_mac_rewriter.bpf.c). It sits at the interface's tc egress, where the frames of the
// kernel and of packet sockets alike come by.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "loadshare/addresses.h"

namespace loadshare::neighbour {

/// The MAC that messages for the address carry when they leave; nothing where nobody changes them.
std::optional<MacAddress> announced_mac(const std::string& interface, const IpAddress& address);

/// All interfaces that do so, with the MAC.
std::map<std::string, MacAddress> interfaces_announcing(const IpAddress& address);

/// All addresses that the interface does so for.
std::map<IpAddress, MacAddress> announced_on(const std::string& interface);

/// The addresses of all interfaces.
std::set<IpAddress> announced_anywhere();

/// From now on messages for the address carry the MAC. Throws kernel_error. Calls for one
/// interface must not run side by side.
void announce_as(const std::string& interface, const IpAddress& address, const MacAddress& mac);

/// Leaves with the last address of the interface. Succeeds where nothing is to be done.
void announce_no_more(const std::string& interface, const IpAddress& address);

}  // namespace loadshare::neighbour
