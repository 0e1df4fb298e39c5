// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/decider/observation.h"

#include <algorithm>

#include "kernel/connections/connections.h"
#include "kernel/decider/program.h"
#include "kernel/neighbour/rewriter.h"

namespace loadshare::decider {
namespace {

void add(const std::vector<std::string>& faults, FilterState& to) {
  to.faults.insert(to.faults.end(), faults.begin(), faults.end());
}

// What is around the program on its interface.
std::vector<std::string> faults_around(const IpAddress& address, const Filter& filter) {
  std::vector<std::string> found;
  const auto& interface = filter.interface;
  const auto announced = neighbour::announced(interface, address);
  if (!announced || announced->mac != filter.mac) {
    found.push_back("ARP or NDP on " + interface + " would tell another MAC than " +
                    to_string(filter.mac));
  } else if (!announced->before.empty()) {
    found.push_back("the MAC rewriter on " + interface + " is not the first at its egress: " +
                    in_words(announced->before) + " comes before it");
  }
  return found;
}

FilterState state_on(const Attached& attached, const IpAddress& address) {
  FilterState state;
  if (!attached.holdings) {
    // Which addresses it holds only their rewriter tells.
    if (neighbour::announced(attached.interface, address)) add(attached.faults(), state);
    return state;
  }
  state = attached.holdings->state_of(address);
  for (auto& filter : state.filters) filter.interface = attached.interface;
  if (state.filters.empty()) return state;
  add(attached.faults(), state);
  add(faults_around(address, state.filters.front()), state);
  return state;
}

void merge(FilterState&& one, FilterState& into) {
  if (into.filters.empty() && into.faults.empty()) {
    into = std::move(one);
    return;
  }
  into.filters.insert(into.filters.end(), one.filters.begin(), one.filters.end());
  add(one.faults, into);
  into.buckets.merge(one.buckets);
  into.usurped.merge(one.usurped);
}

}  // namespace

FilterState observe(const IpAddress& address) {
  FilterState state;
  for (const auto& attached : find_all()) {
    auto one = state_on(attached, address);
    if (!one.filters.empty() || !one.faults.empty()) merge(std::move(one), state);
  }
  const bool has_pieces = !neighbour::interfaces_announcing(address).empty();
  if (state.filters.empty() && state.faults.empty() && has_pieces) {
    state.faults.push_back("the deciding program is gone");
  }
  return state;
}

bool holds(const IpAddress& address) {
  if (!neighbour::interfaces_announcing(address).empty()) return true;
  const auto all = find_all();
  return std::any_of(all.begin(), all.end(), [&](const Attached& attached) {
    return attached.holdings && attached.holdings->holds(address);
  });
}

// Strangers are another node's, whatever this node's sockets believe.
std::optional<std::map<unsigned, std::size_t>> draining_connections(const IpAddress& address,
                                                                    const FilterState& state) {
  if (state.moves.draining.empty() || state.filters.empty()) return std::nullopt;
  const auto& filter = state.filters.front();
  std::map<unsigned, std::size_t> open;
  std::set<unsigned> buckets;
  for (const auto& [bucket, left] : state.moves.draining) open[bucket] = 0, buckets.insert(bucket);
  const auto found = connections::connections_of(address, filter, buckets);
  const auto attached = find(filter.interface);
  if (!found || !attached || !attached->holdings) return std::nullopt;
  for (const auto& one : *found) {
    if (one.is_open() && !attached->holdings->is_stranger(one)) ++open[one.bucket(filter)];
  }
  return open;
}

std::set<IpAddress> addresses() {
  auto all = neighbour::announced_anywhere();
  for (const auto& attached : find_all()) {
    if (!attached.holdings) continue;
    for (const auto& address : attached.holdings->addresses()) all.insert(address);
  }
  return all;
}

}  // namespace loadshare::decider
