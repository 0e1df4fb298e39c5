// SPDX-License-Identifier: GPL-2.0-or-later
#include "request/transition.h"

#include <algorithm>
#include <charconv>

namespace loadshare {
namespace {

using Words = std::vector<std::string>;

// "cluster-ip:3"; what has no number is no instance of a unique clone.
std::optional<unsigned> bucket_of(const std::string& instance) {
  const auto colon = instance.rfind(':');
  if (colon == std::string::npos) return std::nullopt;
  return bucket_of_instance(std::string_view(instance).substr(colon + 1));
}

std::map<unsigned, std::string> nodes_by_bucket(const Words& instances, const Words& nodes) {
  std::map<unsigned, std::string> found;
  for (std::size_t at = 0; at < std::min(instances.size(), nodes.size()); ++at) {
    if (const auto bucket = bucket_of(instances[at])) found[*bucket] = nodes[at];
  }
  return found;
}

// How far the clocks of two nodes may be apart. More only lets resets come later than they could.
constexpr std::chrono::seconds clocks_differ{5};

}  // namespace

std::optional<unsigned> bucket_of_instance(std::string_view number) {
  unsigned instance = 0;
  const auto* last = number.data() + number.size();
  const auto [end, error] = std::from_chars(number.data(), last, instance);
  if (error != std::errc{} || end != last || instance >= most_buckets) return std::nullopt;
  return instance + 1;
}

bool moves_away(const Request& request) {
  const auto& transition = request.transition;
  const auto starts = nodes_by_bucket(transition.starting, transition.starting_on);
  const auto own = starts.find(request.bucket);
  return own != starts.end() && own->second != transition.node;
}

std::map<unsigned, std::string> stopped_by_others(const Request& request) {
  const auto& transition = request.transition;
  auto stops = nodes_by_bucket(transition.stopping, transition.stopping_on);
  std::erase_if(stops, [&](const auto& stop) { return stop.second == transition.node; });
  return stops;
}

bool is_recorded_here(const Request& request, const std::vector<StopRecord>& records) {
  return std::any_of(records.begin(), records.end(), [&](const StopRecord& record) {
    return record.bucket == request.bucket && record.node == request.transition.node;
  });
}

std::set<unsigned> drained_by_others(const Request& request, const std::vector<StopRecord>& records,
                                     std::chrono::seconds drain,
                                     std::chrono::system_clock::time_point now) {
  const auto stops = stopped_by_others(request);
  std::set<unsigned> buckets;
  for (const auto& record : records) {
    if (record.node == request.transition.node) continue;
    const auto listed = stops.find(record.bucket);
    const bool in_this_transition = listed != stops.end() && listed->second == record.node;
    const bool lately = now - record.when <= drain + clocks_differ;
    if (lately || in_this_transition) buckets.insert(record.bucket);
  }
  return buckets;
}

}  // namespace loadshare
