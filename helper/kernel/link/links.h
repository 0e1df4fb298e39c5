// SPDX-License-Identifier: GPL-2.0-or-later
// All interfaces of a network namespace, by one dump: hundreds of them cost a few milliseconds.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kernel/netlink/socket.h"
#include "loadshare/addresses.h"

namespace loadshare::link {

/// Sysctls by which an interface takes packets and questions for a cluster address, or does not
/// (Documentation/networking/ip-sysctl.rst). IPv6 has the first alone.
struct WaySettings {
  int guard = 0;  ///< drop_unicast_in_l2_multicast
  int arp_ignore = 0;
  int route_localnet = 0;

  bool operator==(const WaySettings&) const = default;
};

struct Link {
  unsigned index = 0;
  std::string name;
  std::string kind;  ///< "bridge", "macvlan" …; empty for hardware
  bool loopback = false;
  unsigned master = 0;            ///< index of what it is a port of; 0: of nothing
  unsigned lower = 0;             ///< index of what it sits on, in this namespace; 0: on nothing
  unsigned macvlan_mode = 0;      ///< MACVLAN_MODE_…, of macvlans and macvtaps
  std::optional<MacAddress> mac;  ///< nothing where it is no Ethernet
  std::optional<WaySettings> ip4, ip6;  ///< nothing where it has no such protocol

  const std::optional<WaySettings>& settings(int ip_version) const {
    return ip_version == 4 ? ip4 : ip6;
  }
};

/// From a RTM_NEWLINK message.
Link parse_link(const nlmsghdr& message);

std::vector<Link> all_links(netlink::Socket& route);

const Link* find_link(const std::vector<Link>& links, const std::string& name);
const Link* find_link(const std::vector<Link>& links, unsigned index);

/// Who gets an interface's frames in its place, or a copy of them: "a port of bridge br0". Empty
/// where nobody does. A VRF is no such thing.
std::string taker_of(const Link& link, const std::vector<Link>& links);

}  // namespace loadshare::link
