// SPDX-License-Identifier: GPL-2.0-or-later
// The answer of `loadshare which`, for people and for machines.
#pragma once

#include <cstddef>
#include <iosfwd>
#include <map>
#include <optional>
#include <set>

#include "clients/client.h"
#include "clients/spread.h"
#include "loadshare/observed.h"
#include "pacemaker/cluster_resource.h"

namespace loadshare::commands {

struct WhichReport {
  IpAddress address;
  Sharing sharing;
  std::optional<std::set<unsigned>> owned;  ///< here; nothing where the sharing was given by hand
  std::optional<pacemaker::ClusterResource> resource;
  Clients clients;
  std::optional<unsigned> nodes;                               ///< that are planned
  Moves moves;                                                 ///< as this node knows them
  std::optional<std::map<unsigned, std::size_t>> connections;  ///< of buckets that drain here
};

/// How many buckets there should be for the planned nodes, with this backend.
struct Advice {
  BackendChoice backend;
  unsigned buckets;
  double unevenness;  ///< as in pacemaker/placement.h
};

/// For each backend that can hold the address on so many nodes. Expects report.nodes.
std::vector<Advice> advice_for(const WhichReport& report);

/// A few clients are listed, many are counted in tables, 80 columns wide; with `each`, many are
/// listed before the tables.
void print_text(const WhichReport& report, bool each, bool colour, std::ostream& to);

/// The schema is in docs/json.md.
void print_json(const WhichReport& report, std::ostream& to);

}  // namespace loadshare::commands
