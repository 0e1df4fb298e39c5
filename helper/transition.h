// SPDX-License-Identifier: GPL-2.0-or-later
// What a transition of the cluster says of the buckets that move from one node to another.
#pragma once

#include <map>
#include <string>

#include "loadshare/request.h"

namespace loadshare {

/// Whether the request's own bucket stops here to start on another node.
bool moves_away(const Request& request);

/// The buckets that stop on another node to start on a third, or here, and who that other node is.
/// The names of nodes alone do not tell whether it lives: of a node that was fenced, Pacemaker
/// 2.1.5 lists the first stop, too, though it never happened (docs/reliability.md).
std::map<unsigned, std::string> moving_from_others(const Request& request);

}  // namespace loadshare
