// SPDX-License-Identifier: GPL-2.0-or-later
// Every way in (link/ways.h), as both backends together need it.
#pragma once

#include <chrono>

#include "base/file_lock.h"
#include "kernel/link/ways.h"
#include "loadshare/plan.h"

namespace loadshare {

/// Fills in `ways`, and whose port the interface is.
void observe_ways(netlink::Socket& route, const IpAddress& address, Observed& observed);

/// Throws why a way would stay open, or nobody answer ARP, whatever start wrote. Changes nothing.
void check_ways(netlink::Socket& route, const IpAddress& address, const std::string& nic,
                BackendChoice backend);

/// Throws the reason why a way stays open.
void apply(netlink::Socket& route, const CloseWays& step, std::chrono::seconds lock_wait);

/// Where a sysctl cannot be written, that way stays closed, which harms nobody. As long as the lock
/// is held, no other address's last stop takes this one for one that stays.
[[nodiscard]] FileLock apply(netlink::Socket& route, const ReopenWays& step,
                             std::chrono::seconds lock_wait);

/// Why CLUSTERIP could not work on the interface, in words; empty where it can.
std::string hinders_clusterip(netlink::Socket& route, const std::string& interface);

}  // namespace loadshare
