// SPDX-License-Identifier: GPL-2.0-or-later
// IPv6 alone: packets to cluster addresses become ones for this host before IPv6 sees them.
//
// IPv4 looks at drop_unicast_in_l2_multicast behind prerouting (ip_rcv_finish_core), where our
// rules have taken what is owned. IPv6 looks before it (ip6_rcv_core), so that only a rule at the
// interface's ingress is early enough. It decides nothing: the chains in table ip6 do.
//
//   table netdev loadshare
//     set addresses                           fd77::64
//     chain ingress-eth0, hook ingress        ip6 daddr @addresses meta pkttype set host
#pragma once

#include <string>
#include <vector>

#include "loadshare/addresses.h"

namespace loadshare::nftables {

/// What keeps packets to the address from getting past the interface, in words; empty: nothing.
std::vector<std::string> ingress_faults(const std::string& interface, const IpAddress& address);

/// Succeeds where it is open already. Throws kernel_error.
void open_ingress(const std::string& interface, const IpAddress& address);

/// What is still needed, on this interface or on any, stays. Succeeds where nothing is open.
void close_ingress(const std::string& interface, const IpAddress& address, bool interface_needed,
                   bool table_needed);

}  // namespace loadshare::nftables
