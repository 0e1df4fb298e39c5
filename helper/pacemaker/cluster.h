// SPDX-License-Identifier: GPL-2.0-or-later
// Asks the Pacemaker of this node.
#pragma once

#include <vector>

#include "pacemaker/cluster_resource.h"

namespace loadshare::pacemaker {

/// The address as Pacemaker manages it; nothing where it does not, is not running or may not be
/// asked. Throws generic_error where it does not answer within five seconds.
///
/// Call it before a network namespace is entered: Pacemaker's sockets are of the host's own.
std::optional<ClusterResource> ask(const IpAddress& address, const std::string& network_namespace);

/// The clone's successful stops on all nodes, of buckets that have not been started there since.
/// Nothing where Pacemaker does not run or may not be asked; throws as above.
std::optional<std::vector<StopRecord>> stop_records(const std::string& clone);

/// The clone-max that the clone of `resource` has by now, where it is another number than `total`.
/// Nothing where it is the same, or where nobody here knows: without Pacemaker, for example.
///
/// Costs next to nothing where this node's copy of the configuration says `total`. Only where it
/// does not, the cluster itself is asked (20 to 40 ms), and believed. Also to be called before a
/// network namespace is entered.
std::optional<std::string> changed_clone_max(const std::string& resource, unsigned total);

}  // namespace loadshare::pacemaker
