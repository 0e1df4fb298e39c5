// SPDX-License-Identifier: GPL-2.0-or-later
// The MAC that all nodes share when none was given.
#pragma once

#include <string>

#include "loadshare/addresses.h"

namespace loadshare {

/// The MAC that ocf:heartbeat:IPaddr2 derives for its clones: the first six octets of
/// md5("IP NETMASK BROADCAST\n"), made multicast. `broadcast` is as the user wrote it or as the
/// kernel shows it, and may be empty. Nodes of both agents thus agree without being told.
MacAddress derive_cluster_mac(const IpAddress& address, unsigned prefix_length,
                              const std::string& broadcast);

}  // namespace loadshare
