// SPDX-License-Identifier: GPL-2.0-or-later
#include "pacemaker/placement.h"

#include <algorithm>

namespace loadshare {
namespace {

double clients_of(const std::vector<unsigned>& buckets, const Spread& spread) {
  double sum = 0;
  for (const unsigned bucket : buckets) sum += spread.clients[bucket - 1];
  return sum;
}

void take_worse(const Placement& placement, const Spread& spread, Outlook& worst) {
  for (const auto& buckets : placement) {
    worst.most_buckets = std::max(worst.most_buckets, static_cast<unsigned>(buckets.size()));
    worst.most_clients = std::max(worst.most_clients, clients_of(buckets, spread));
  }
}

// Every order of failures: who fails first decides who gets what.
void look_on(const Placement& placement, const Spread& spread, std::size_t failed,
             std::vector<Outlook>& outlooks) {
  take_worse(placement, spread, outlooks[failed]);
  if (failed + 1 == outlooks.size()) return;
  for (std::size_t node = 0; node < placement.size(); ++node) {
    look_on(without(placement, node), spread, failed + 1, outlooks);
  }
}

}  // namespace

Placement deal_out(unsigned buckets, unsigned nodes) {
  Placement placement(nodes);
  for (unsigned bucket = 1; bucket <= buckets; ++bucket) {
    placement[(bucket - 1) % nodes].push_back(bucket);
  }
  return placement;
}

Placement without(Placement placement, std::size_t failed) {
  auto orphans = std::move(placement[failed]);
  placement.erase(placement.begin() + static_cast<std::ptrdiff_t>(failed));
  std::sort(orphans.begin(), orphans.end());
  for (const unsigned bucket : orphans) {
    const auto fewest =
        std::min_element(placement.begin(), placement.end(),
                         [](const auto& a, const auto& b) { return a.size() < b.size(); });
    fewest->push_back(bucket);
  }
  return placement;
}

std::vector<Outlook> outlook(const Spread& spread, unsigned nodes) {
  double all = 0;
  for (const double clients : spread.clients) all += clients;
  std::vector<Outlook> outlooks;
  for (unsigned failed = 0; failed <= most_failures && failed < nodes; ++failed) {
    outlooks.push_back({nodes - failed, failed, 0, 0, all / (nodes - failed)});
  }
  const auto buckets = static_cast<unsigned>(spread.clients.size());
  look_on(deal_out(buckets, nodes), spread, 0, outlooks);
  return outlooks;
}

// Pacemaker keeps the numbers of buckets one apart at most, so that the busiest has them rounded
// up.
double unevenness(unsigned buckets, unsigned nodes) {
  double worst = 0;
  for (unsigned failed = 0; failed <= most_failures && failed < nodes; ++failed) {
    const unsigned up = nodes - failed;
    const unsigned rounded_up = (buckets + up - 1) / up;
    worst = std::max(worst, static_cast<double>(rounded_up) * up / buckets - 1);
  }
  return worst;
}

unsigned advised_buckets(unsigned nodes, unsigned most) {
  for (unsigned buckets = nodes; buckets <= most; buckets += nodes) {
    if (unevenness(buckets, nodes) <= tolerated_unevenness) return buckets;
  }
  unsigned best = nodes;
  for (unsigned buckets = nodes + 1; buckets <= most; ++buckets) {
    if (unevenness(buckets, nodes) < unevenness(best, nodes)) best = buckets;
  }
  return best;
}

}  // namespace loadshare
