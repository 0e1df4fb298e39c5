// SPDX-License-Identifier: GPL-2.0-or-later
// What sort of interface it is, as far as multicast frames care.
#pragma once

#include <optional>
#include <string>

#include "kernel/netlink/socket.h"

namespace loadshare::checks {

struct LinkKind {
  std::string name;
  std::string kind;        ///< "bridge", "bond", "vlan" …; empty for hardware
  std::string port_of;     ///< "bridge", "bond" …: what it is a part of; else empty
  unsigned above = 0;      ///< index of the interface that it sits on, in this namespace; 0: none
  unsigned master = 0;     ///< index of what it is a part of
  bool snooping = false;   ///< a bridge that looks into IGMP and MLD
  bool querier = false;    ///< and knows somebody who asks for members, so that it goes by them
  unsigned bond_mode = 0;  ///< drivers/net/bonding, Documentation/networking/bonding.rst
};

/// From a RTM_NEWLINK message.
LinkKind parse_link_kind(const nlmsghdr& message);

/// Nothing where no interface has the index.
std::optional<LinkKind> find_link_kind(netlink::Socket& route, unsigned index);

}  // namespace loadshare::checks
