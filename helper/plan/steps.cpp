// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/steps.h"

#include <algorithm>

namespace loadshare {

bool has_rule(const Observed& observed) {
  return !observed.filter.filters.empty() || !observed.filter.faults.empty();
}

std::vector<HeldAddress> ours(const Observed& observed) {
  auto found = observed.addresses;
  if (has_rule(observed)) return found;
  std::erase_if(found, [](const HeldAddress& held) { return !held.cluster_form; });
  return found;
}

bool same_place(const HeldAddress& one, const HeldAddress& other) {
  return one.interface == other.interface && one.prefix_length == other.prefix_length;
}

bool is_behind(const HeldAddress& held, const Filter& filter) {
  return held.cluster_form || held.interface == filter.interface;
}

std::optional<HeldAddress> own_address(const Observed& observed) {
  if (has_rule(observed)) return std::nullopt;
  for (const auto& held : observed.addresses) {
    if (!held.cluster_form) return held;
  }
  return std::nullopt;
}

void remove_addresses(const Request& request, const Observed& observed, Plan& plan) {
  for (const auto& held : ours(observed)) {
    plan.push_back(RemoveAddress{request.address, held});
  }
}

void remove_filter(const Request& request, const Observed& observed, Plan& plan) {
  if (!has_rule(observed)) return;
  plan.push_back(RemoveFilter{request.address});
}

void remove_everything(const Request& request, const Observed& observed, Plan& plan) {
  remove_addresses(request, observed, plan);
  Plan rest;
  remove_filter(request, observed, rest);
  const bool is_there = !plan.empty() || !rest.empty();
  if (is_there || observed.ways.left_closed) plan.push_back(ReopenWays{request.address});
  plan.insert(plan.end(), rest.begin(), rest.end());
}

TakeBucket take(const IpAddress& address, unsigned bucket, const Observed& observed) {
  return {address, bucket, std::nullopt, observed.filter.moves.draining.contains(bucket)};
}

}  // namespace loadshare
