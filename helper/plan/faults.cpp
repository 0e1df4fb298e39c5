// SPDX-License-Identifier: GPL-2.0-or-later
// What is wrong with an address that is held, with no configuration at hand.
#include "loadshare/error.h"
#include "loadshare/plan.h"

namespace loadshare {
namespace {

// The request that would have made it so.
Request request_behind(const IpAddress& address, const Filter& filter, const Observed& observed) {
  Request request;
  request.address = address;
  request.interface = filter.interface;
  request.mac = filter.mac;
  request.hash_mode = filter.hash_mode;
  request.seed = filter.seed;
  request.total = filter.total;
  request.lease = filter.lease;
  request.drain = filter.drain;
  const auto& buckets = observed.filter.buckets;
  if (!buckets.empty()) request.bucket = *buckets.begin();
  // Where nothing tells the network, there was no route to it to be missed.
  request.prefix_length = network_length(observed).value_or(address.bits());
  request.no_prefix_route = observed.routes.empty();
  return request;
}

std::vector<std::string> faults_without_rule(const IpAddress& address, const Observed& observed) {
  auto found = observed.filter.faults;
  if (!observed.addresses.empty()) {
    found.push_back(to_string(address) + " is on " + observed.addresses.front().interface +
                    " without a working cluster rule");
  }
  return found;
}

}  // namespace

std::vector<std::string> faults_of(const IpAddress& address, const Observed& observed) {
  const auto& state = observed.filter;
  if (state.filters.empty()) return faults_without_rule(address, observed);
  const auto request = request_behind(address, state.filters.front(), observed);
  try {
    std::vector<std::string> found;
    for (const auto& difference : compare(request, resolve(request, observed), observed)) {
      // Nobody asked for a bucket here, and without one the address may be about to leave.
      const bool leaving = difference.part == Part::lifetime && state.buckets.empty();
      if (difference.part != Part::bucket && !leaving) found.push_back(difference.text);
    }
    return found;
  } catch (const Error& error) {
    return {error.what()};
  }
}

}  // namespace loadshare
