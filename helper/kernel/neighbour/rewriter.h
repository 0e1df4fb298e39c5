// SPDX-License-Identifier: GPL-2.0-or-later
// Loads, feeds and reads back the program that keeps the cluster MAC in ARP and NDP messages
// (cluster_mac_rewriter.bpf.c). It sits at the interface's egress (bpf/hook.h), where the frames of
// the kernel and of packet sockets alike come by.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "kernel/bpf/seat.h"
#include "loadshare/addresses.h"

namespace loadshare::neighbour {

struct Announced {
  MacAddress mac;
  std::vector<bpf::Seat> before;  ///< who at the interface's egress can keep frames from it
};

/// What messages for the address carry when they leave; nothing where nobody changes them.
std::optional<Announced> announced(const std::string& interface, const IpAddress& address);

/// All interfaces that do so, with the MAC.
std::map<std::string, MacAddress> interfaces_announcing(const IpAddress& address);

/// All addresses that the interface does so for.
std::map<IpAddress, MacAddress> announced_on(const std::string& interface);

/// The addresses of all interfaces.
std::set<IpAddress> announced_anywhere();

/// From now on messages for the address carry the MAC, before anybody else at the
/// interface's egress has a say. Throws kernel_error. Calls for one interface must not run side by
/// side.
void announce_as(const std::string& interface, const IpAddress& address, const MacAddress& mac);

/// True where the rewriter has no address left: then take_away is due. Calls for one interface must
/// not run side by side.
bool announce_no_more(const std::string& interface, const IpAddress& address);

/// Takes the rewriter off the interface, if it has no address. Waits until no frame meets it any
/// more, some 10 ms. Calls for one interface must not run side by side.
void take_away(const std::string& interface);

}  // namespace loadshare::neighbour
