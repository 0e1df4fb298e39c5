// SPDX-License-Identifier: GPL-2.0-or-later
// What the kernel would do with a packet: its own look-up, by all rules and tables.
#pragma once

#include <optional>
#include <string>

#include "kernel/netlink/socket.h"
#include "loadshare/addresses.h"

namespace loadshare::link {

struct Lookup {
  int error_number = 0;
  unsigned char type = 0;  ///< RTN_UNICAST, RTN_LOCAL … (linux/rtnetlink.h)
  unsigned interface = 0;  ///< index of the one that it would leave by

  bool is_local() const;
  bool is_sent() const;
};

/// Of a packet that comes in by the interface, rp_filter included. IPv4 needs a source.
Lookup look_up_incoming(netlink::Socket& route, const IpAddress& destination,
                        const std::optional<IpAddress>& source, unsigned interface);

/// Of one that this node sends, by the tables of the VRF where there is one.
Lookup look_up_outgoing(netlink::Socket& route, const IpAddress& destination,
                        const IpAddress& source, const std::optional<std::string>& vrf);

}  // namespace loadshare::link
