// SPDX-License-Identifier: GPL-2.0-or-later
#include "transition.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace loadshare {
namespace {

using Words = std::vector<std::string>;

// Instance "cluster-ip:3" is bucket 4; what has no number is no instance of a unique clone.
std::optional<unsigned> bucket_of(const std::string& instance) {
  const auto colon = instance.rfind(':');
  if (colon == std::string::npos) return std::nullopt;
  unsigned number = 0;
  const char* last = instance.data() + instance.size();
  const auto [end, error] = std::from_chars(instance.data() + colon + 1, last, number);
  if (error != std::errc{} || end != last) return std::nullopt;
  return number + 1;
}

std::map<unsigned, std::string> nodes_by_bucket(const Words& instances, const Words& nodes) {
  std::map<unsigned, std::string> found;
  for (std::size_t at = 0; at < std::min(instances.size(), nodes.size()); ++at) {
    if (const auto bucket = bucket_of(instances[at])) found[*bucket] = nodes[at];
  }
  return found;
}

/// Buckets that stop on one node and start on another: by bucket, the one that they leave.
std::map<unsigned, std::string> moving(const Transition& transition) {
  auto from = nodes_by_bucket(transition.stopping, transition.stopping_on);
  const auto to = nodes_by_bucket(transition.starting, transition.starting_on);
  std::erase_if(from, [&to](const auto& stop) {
    const auto start = to.find(stop.first);
    return start == to.end() || start->second == stop.second;
  });
  return from;
}

}  // namespace

bool moves_away(const Request& request) {
  const auto all = moving(request.transition);
  const auto own = all.find(request.bucket);
  return own != all.end() && own->second == request.transition.node;
}

std::map<unsigned, std::string> moving_from_others(const Request& request) {
  auto all = moving(request.transition);
  std::erase_if(all, [&](const auto& one) { return one.second == request.transition.node; });
  return all;
}

}  // namespace loadshare
