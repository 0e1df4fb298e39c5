// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/decider/parameters.h"

#include <algorithm>

namespace loadshare::decider {
namespace {

std::uint32_t hashed_ports(HashMode mode) {
  switch (mode) {
    case HashMode::source_ip:
      return 0;
    case HashMode::source_ip_source_port:
      return 1;
    case HashMode::source_ip_source_port_dest_port:
      return 2;
  }
  return 0;
}

HashMode hash_mode_of(const decider_address& parameters) {
  if (parameters.hashed_ports == 0) return HashMode::source_ip;
  return parameters.hashed_ports == 1 ? HashMode::source_ip_source_port
                                      : HashMode::source_ip_source_port_dest_port;
}

}  // namespace

Filter filter_of(const decider_address& parameters) {
  Filter filter;
  std::copy(std::begin(parameters.mac), std::end(parameters.mac), filter.mac.bytes.begin());
  filter.hash_mode = hash_mode_of(parameters);
  filter.seed = parameters.seed;
  filter.total = parameters.total;
  filter.lease = parameters.has_lease != 0;
  filter.drain = std::chrono::seconds(parameters.drain_seconds);
  return filter;
}

bool are_ours(const decider_address& parameters) {
  const auto end = std::uint64_t{parameters.first_cell} + parameters.total;
  return parameters.total != 0 && parameters.total <= LOADSHARE_MOST_BUCKETS &&
         end <= LOADSHARE_MOST_CELLS && parameters.hashed_ports <= 2 && parameters.has_lease <= 1;
}

decider_address parameters_for(const Filter& filter, std::uint32_t first_cell) {
  decider_address parameters{};
  parameters.first_cell = first_cell;
  parameters.total = filter.total;
  parameters.seed = filter.seed;
  parameters.hashed_ports = hashed_ports(filter.hash_mode);
  parameters.drain_seconds = static_cast<std::uint32_t>(filter.drain.count());
  parameters.has_lease = filter.lease ? 1 : 0;
  std::copy(filter.mac.bytes.begin(), filter.mac.bytes.end(), parameters.mac);
  return parameters;
}

}  // namespace loadshare::decider
