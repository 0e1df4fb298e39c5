// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/steps.h"

namespace loadshare {

void remove_addresses(const Request& request, const Observed& observed, Plan& plan) {
  for (const auto& held : observed.addresses) {
    plan.push_back(RemoveAddress{request.address, held});
  }
}

void remove_filter(const Request& request, const Observed& observed, Plan& plan) {
  const auto& state = observed.filter;
  if (state.filters.empty() && state.faults.empty()) return;
  plan.push_back(RemoveFilter{request.address});
}

TakeBucket take(const IpAddress& address, unsigned bucket, const Observed& observed) {
  return {address, bucket, std::nullopt, observed.filter.moves.draining.contains(bucket)};
}

}  // namespace loadshare
