// SPDX-License-Identifier: GPL-2.0-or-later
#include "checks/connections.h"

#include "checks/checks.h"

namespace loadshare::checks {
namespace {

constexpr std::uint64_t nearly_full_percent = 90;

// Asked for, or of the address as this node holds it.
bool has_drain(const Place& place) {
  const auto& filters = place.observed.filter.filters;
  return place.request.drain.count() > 0 || (!filters.empty() && filters.front().drain.count() > 0);
}

}  // namespace

Finding judge_conntrack(const std::optional<connections::Fill>& conntrack) {
  if (!conntrack) {
    return fail("this kernel does not tell its connections, which drain needs",
                "modprobe nf_conntrack_netlink, and have it loaded at boot");
  }
  const std::uint64_t held = conntrack->entries, most = conntrack->most;
  const auto shown = std::to_string(held) + " of " + std::to_string(most) + " connections";
  if (most == 0) return ok("conntrack holds " + std::to_string(held) + " connections, no limit");
  if (held * 100 < most * nearly_full_percent) return ok("conntrack holds " + shown);
  return warn("conntrack holds " + shown + ": when it is full, new ones are dropped",
              "raise sysctl net.netfilter.nf_conntrack_max");
}

Findings conntrack(const Place& place) {
  if (!has_drain(place)) return {};
  return {judge_conntrack(connections::fill())};
}

}  // namespace loadshare::checks
