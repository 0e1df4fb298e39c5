// SPDX-License-Identifier: GPL-2.0-or-later
// Asks the Pacemaker of this node.
#pragma once

#include "pacemaker/cluster_resource.h"

namespace loadshare::pacemaker {

/// The address as Pacemaker manages it; nothing where it does not, is not running or may not be
/// asked. Throws generic_error where it does not answer within five seconds.
///
/// Call it before a network namespace is entered: Pacemaker's sockets are of the host's own.
std::optional<ClusterResource> ask(const IpAddress& address, const std::string& network_namespace);

/// The nodes that are in the cluster now, standby or not. Nothing and throws as above.
std::optional<std::set<std::string>> online_nodes();

}  // namespace loadshare::pacemaker
