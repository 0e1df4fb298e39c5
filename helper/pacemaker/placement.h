// SPDX-License-Identifier: GPL-2.0-or-later
// How Pacemaker deals buckets out to nodes, what that means for the busiest node, and so how many
// buckets there should be.
#pragma once

#include <vector>

#include "clients/spread.h"

namespace loadshare {

/// The failures at once that a plan looks at.
constexpr unsigned most_failures = 2;

/// The buckets of each node that is up, each list ascending until a node fails.
using Placement = std::vector<std::vector<unsigned>>;

/// As Pacemaker starts a globally-unique clone with nothing else to choose by: one after the other,
/// round all nodes. tests/cluster/placement.bats holds this against crm_simulate.
Placement deal_out(unsigned buckets, unsigned nodes);

/// When the node at `failed` is gone: its buckets go one by one to whoever has fewest, and all
/// others stay, whatever the stickiness.
Placement without(Placement placement, std::size_t failed);

/// The busiest node, in the worst choice of those that fail.
struct Outlook {
  unsigned up = 0;
  unsigned failed = 0;
  unsigned most_buckets = 0;
  double most_clients = 0;
  double even = 0;  ///< clients of each node, if all had the same
};

/// With all nodes up, and after each number of failures that leaves one.
std::vector<Outlook> outlook(const Spread& spread, unsigned nodes);

/// How much more than an even share of the buckets the busiest node has at worst, with all nodes up
/// and after one and two failures: 0.1 is 10 %. Of buckets alone, as of clients without number.
double unevenness(unsigned buckets, unsigned nodes);

/// What an advised number of buckets may leave uneven. Each bucket is an instance that Pacemaker
/// monitors, and half of this takes about twice as many; a thousand clients hashed over eight nodes
/// are as uneven by themselves (docs/performance.md).
constexpr double tolerated_unevenness = 0.1;

/// The fewest buckets that give all nodes the same number while all are up and stay within what is
/// tolerated after one and two failures. Where `most` allows none, the fewest with the least
/// unevenness. Expects nodes <= most.
unsigned advised_buckets(unsigned nodes, unsigned most);

}  // namespace loadshare
