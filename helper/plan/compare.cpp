// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>

#include "base/words.h"
#include "loadshare/error.h"
#include "loadshare/plan.h"

namespace loadshare {
namespace {

void compare_interface(const Target& target, const Observed& observed,
                       std::vector<Difference>& differences) {
  const auto& name = target.filter.interface;
  if (!observed.interface) {
    differences.push_back({Part::interface, "interface " + name + " does not exist"});
  } else if (!observed.interface->up) {
    differences.push_back({Part::interface, "interface " + name + " is down"});
  } else if (!observed.interface->carrier) {
    differences.push_back({Part::carrier, "interface " + name + " has no carrier"});
  }
}

void compare_parameters(const Filter& wanted, const Filter& found,
                        std::vector<Difference>& differences) {
  const auto differs = [&](const std::string& what, const std::string& is,
                           const std::string& should_be) {
    if (is == should_be) return;
    differences.push_back(
        {Part::filter, "the cluster rule has " + what + " " + is + " instead of " + should_be});
  };
  differs("interface", found.interface, wanted.interface);
  differs("MAC", to_string(found.mac), to_string(wanted.mac));
  differs("total nodes", std::to_string(found.total), std::to_string(wanted.total));
  differs("hash mode", to_string(found.hash_mode), to_string(wanted.hash_mode));
  differs("seed", std::to_string(found.seed), std::to_string(wanted.seed));
  differs("lease", found.lease ? "on" : "off", wanted.lease ? "on" : "off");
  differs("drain", words::seconds(found.drain), words::seconds(wanted.drain));
}

void compare_filter(const Target& target, const FilterState& state,
                    std::vector<Difference>& differences) {
  const auto text = to_string(target.address);
  if (!state.filters.empty()) {
    compare_parameters(target.filter, state.filters.front(), differences);
  } else if (state.faults.empty()) {
    differences.push_back({Part::filter, "the cluster rule for " + text + " is missing"});
  }
  if (state.filters.size() > 1) {
    differences.push_back({Part::filter, "the cluster rule for " + text + " is installed " +
                                             std::to_string(state.filters.size()) + " times"});
  }
  for (const auto& fault : state.faults) differences.push_back({Part::filter, fault});
}

bool same_place(const HeldAddress& one, const HeldAddress& other) {
  return one.interface == other.interface && one.prefix_length == other.prefix_length;
}

void compare_addresses(const Target& target, const Observed& observed,
                       std::vector<Difference>& differences) {
  const auto text = to_string(target.address);
  const auto& all = observed.addresses;
  const auto found = std::find_if(all.begin(), all.end(), [&](const HeldAddress& held) {
    return same_place(held, target.held);
  });
  if (found == all.end()) {
    differences.push_back({Part::address, text + to_string(target.held) + " is not there"});
  } else if (found->expiring) {
    differences.push_back({Part::lifetime, text + to_string(*found) + " is about to expire"});
  }
  for (const auto& other : all) {
    if (same_place(other, target.held)) continue;
    differences.push_back({Part::address, text + " is also there as " + to_string(other)});
  }
}

// An address that no working rule keeps from answering for every bucket. As long as a bucket is
// held, it is for that bucket's monitor to tell what is wrong with the rule.
const HeldAddress* exposed_address(const Observed& observed) {
  const auto& filters = observed.filter.filters;
  const auto& faults = observed.filter.faults;
  const auto& buckets = observed.filter.buckets;
  for (const auto& held : observed.addresses) {
    const bool filtered =
        std::any_of(filters.begin(), filters.end(),
                    [&held](const Filter& filter) { return filter.interface == held.interface; });
    if (filters.empty() || (buckets.empty() && !(filtered && faults.empty()))) return &held;
  }
  return nullptr;
}

std::string lost_interface_in_words(const Request& request, const Observed& observed) {
  if (!request.interface || observed.interface) return "";
  return ": interface " + *request.interface + " does not exist";
}

// ": it drains, with 12 connections, for 14 s at most", if it does.
std::string drain_in_words(const Request& request, const Observed& observed) {
  const auto& draining = observed.filter.moves.draining;
  const auto found = draining.find(request.bucket);
  if (found == draining.end()) return "";
  std::string connections;
  if (observed.connections && observed.connections->contains(request.bucket)) {
    connections =
        ", with " + words::counted(observed.connections->at(request.bucket), "connection");
  }
  return ": it drains" + connections + ", for " + words::seconds(found->second) + " at most";
}

}  // namespace

std::vector<Difference> compare(const Request& request, const Target& target,
                                const Observed& observed) {
  std::vector<Difference> differences;
  compare_interface(target, observed, differences);
  compare_filter(target, observed.filter, differences);
  if (!observed.filter.buckets.contains(request.bucket)) {
    differences.push_back({Part::bucket, "bucket " + std::to_string(request.bucket) + " of " +
                                             to_string(target.address) + " is not held"});
  }
  if (observed.interface && !observed.interface->joined.contains(target.filter.mac)) {
    differences.push_back({Part::membership, "the cluster MAC " + to_string(target.filter.mac) +
                                                 " is not joined on " + target.filter.interface});
  }
  compare_addresses(target, observed, differences);
  return differences;
}

Verdict judge(const Request& request, const Observed& observed) {
  const auto text = to_string(request.address);
  const auto& state = observed.filter;
  if (!state.buckets.contains(request.bucket)) {
    if (const auto* held = exposed_address(observed)) {
      const auto cause = state.faults.empty() ? "" : " (" + state.faults.front() + ")";
      return {ExitCode::generic_error,
              text + " is on " + held->interface +
                  " without a working cluster rule: this node could answer for every bucket" +
                  cause};
    }
    return {ExitCode::not_running, "bucket " + std::to_string(request.bucket) + " of " + text +
                                       " is not held here" + drain_in_words(request, observed) +
                                       lost_interface_in_words(request, observed)};
  }
  try {
    const auto differences = compare(request, resolve(request, observed), observed);
    if (differences.empty()) return {ExitCode::success, ""};
    return {ExitCode::generic_error, differences.front().text};
  } catch (const Error& error) {
    return {ExitCode::generic_error, error.what()};
  }
}

}  // namespace loadshare
