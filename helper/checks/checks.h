// SPDX-License-Identifier: GPL-2.0-or-later
// The checks, by what they look at. None of them changes anything.
#pragma once

#include <functional>
#include <string>

#include "checks/finding.h"
#include "kernel/netlink/socket.h"
#include "loadshare/plan.h"
#include "request/options.h"

namespace loadshare::checks {

/// Where a cluster address is to live.
struct Place {
  Request request;
  Observed observed;
  std::string interface;         ///< empty: none to be found
  std::optional<Target> target;  ///< where an address was given and everything else is known
};

/// machine.cpp: what the node brings, whatever the address.
Findings privileges();
Findings kernel_parts();

/// interface.cpp: whether frames to a multicast MAC come through.
Findings interface(const Place& place);

/// settings.cpp: sysctls of the interface.
Findings settings(const Place& place);

/// programs.cpp: who may take frames before they are ours.
Findings programs(const Place& place);

/// host.cpp: the address, its rules, and others' rules for it on this node.
Findings this_node(const Place& place);

/// connections.cpp: what a drain needs; nothing where none is asked for or held.
Findings sockets(const Place& place);

/// pacemaker.cpp: other resources that hold the address.
Findings resources(const Place& place);

/// neighbours.cpp: hosts that answer for the address already. Takes a second.
Findings other_hosts(const Place& place);

/// trial.cpp: two buckets shared with the node's own kernel, in network namespaces that last as
/// long as the call. `start` is the command.
Findings trial(const Request& request, const std::function<void(const Invocation&)>& start);

}  // namespace loadshare::checks
