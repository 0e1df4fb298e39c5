// SPDX-License-Identifier: GPL-2.0-or-later
// What Pacemaker says of the transition that a call is part of.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "loadshare/request.h"

namespace loadshare {

/// Clone instance N, as Pacemaker counts them, is bucket N + 1. Nothing where `number` is none, or
/// one beyond most_buckets.
std::optional<unsigned> bucket_of_instance(std::string_view number);

/// Whether the request's own bucket, which stops here, is to start on another node.
bool moves_away(const Request& request);

/// The buckets that this transition stops on other nodes, and on which. That does not tell whether
/// they did: of a node that was fenced, Pacemaker 2.1.5 lists the first stop, too, and a transition
/// that was cut short leaves its stops out of the next one's lists (docs/reliability.md).
std::map<unsigned, std::string> stopped_by_others(const Request& request);

/// A stop that succeeded, and is the last that the cluster knows of this bucket on this node. What
/// a dead node did is not among them: its fencing or its loss erases that.
struct StopRecord {
  unsigned bucket;
  std::string node;
  std::chrono::system_clock::time_point when;  ///< by that node's clock
};

/// Whether the stop of the request's own bucket on this node is among them.
bool is_recorded_here(const Request& request, const std::vector<StopRecord>& records);

/// The buckets that other nodes may be draining: they have stopped them within the drain's time, or
/// in this very transition.
std::set<unsigned> drained_by_others(const Request& request, const std::vector<StopRecord>& records,
                                     std::chrono::seconds drain,
                                     std::chrono::system_clock::time_point now);

}  // namespace loadshare
