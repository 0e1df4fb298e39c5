// SPDX-License-Identifier: GPL-2.0-or-later
// Tells the network which MAC the cluster address has.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "loadshare/plan.h"

namespace loadshare::link {

/// An Ethernet frame with an ARP announcement (RFC 5227, section 2.3): a broadcast request whose
/// sender and target are both `address`. `source` is the Ethernet source alone, for a multicast
/// MAC must not stand there (IEEE 802.3, 3.2.3); what neighbours learn is `cluster_mac`.
std::vector<std::uint8_t> arp_announcement(const IpAddress& address, const MacAddress& cluster_mac,
                                           const MacAddress& source);

/// An Ethernet frame with an unsolicited neighbour advertisement to all nodes (RFC 4861, section
/// 7.2.6) that overrides what they have learnt. The same holds for `source`.
std::vector<std::uint8_t> ndp_announcement(const IpAddress& address, const MacAddress& cluster_mac,
                                           const MacAddress& source);

/// Sends the first announcement before it returns and, if so asked, the others from a child
/// process that holds no open file of ours. The kernel would not put the cluster MAC into frames
/// of a packet socket, so it stands in them from the start. Throws kernel_error for the first one.
void announce(const Announce& step);

/// A frame that asks whether somebody has the address, and teaches nobody anything: an ARP probe
/// (RFC 5227, section 2.1.1), or a solicitation as for duplicate detection (RFC 4862,
/// section 5.4.2).
std::vector<std::uint8_t> arp_probe(const IpAddress& address, const MacAddress& source);
std::vector<std::uint8_t> ndp_probe(const IpAddress& address, const MacAddress& source);

/// Either of them, from the interface's own MAC. Throws kernel_error.
std::vector<std::uint8_t> probe(const std::string& interface, const IpAddress& address);

}  // namespace loadshare::link
