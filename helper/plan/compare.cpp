// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>

#include "base/words.h"
#include "loadshare/error.h"
#include "loadshare/plan.h"
#include "plan/resolve.h"
#include "plan/steps.h"

namespace loadshare {
namespace {

// An interface that was renamed takes the rule along.
std::string other_name_in_words(const Target& target, const Observed& observed) {
  for (const auto& filter : observed.filter.filters) {
    if (filter.interface != target.filter.interface) {
      return ": the cluster rule is on " + filter.interface;
    }
  }
  return "";
}

void compare_interface(const Target& target, const Observed& observed,
                       std::vector<Difference>& differences) {
  const auto& name = target.filter.interface;
  if (!observed.interface) {
    differences.push_back({Part::interface, "interface " + name + " does not exist" +
                                                other_name_in_words(target, observed)});
  } else if (const auto reason = unfit(*observed.interface)) {
    differences.push_back({Part::interface, *reason});
  } else if (!observed.interface->up) {
    differences.push_back({Part::interface, "interface " + name + " is down"});
  } else if (!observed.interface->carrier) {
    differences.push_back({Part::carrier, "interface " + name + " has no carrier"});
  }
  if (observed.interface && !observed.interface->taker.empty()) {
    differences.push_back(
        {Part::carrier, "interface " + name + " is " + observed.interface->taker});
  }
  const auto& holder = observed.holder;
  if (holder && holder->name == target.held.interface && holder->name != name && !holder->up) {
    differences.push_back({Part::interface, "interface " + holder->name + " is down"});
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

void compare_place(const Target& target, const HeldAddress& held,
                   std::vector<Difference>& differences) {
  const auto text = to_string(target.address) + to_string(held);
  if (!held.cluster_form) {
    const auto lacks = target.address.version == 4 ? "of scope host" : "deprecated";
    differences.push_back(
        {Part::address, text + " is not " + lacks + ": this node may take it as its own source"});
  } else if (held.expiring) {
    differences.push_back({Part::lifetime, text + " is about to expire"});
  }
}

void compare_addresses(const Target& target, const Observed& observed,
                       std::vector<Difference>& differences) {
  const auto text = to_string(target.address);
  const auto& all = observed.addresses;
  const auto found = std::find_if(all.begin(), all.end(), [&](const HeldAddress& held) {
    return same_place(held, target.held);
  });
  const auto former = std::find_if(all.begin(), all.end(), [&](const HeldAddress& held) {
    return found == all.end() && !held.cluster_form && is_behind(held, target.filter);
  });
  if (found != all.end()) {
    compare_place(target, *found, differences);
  } else if (former != all.end()) {
    differences.push_back({Part::form, text + to_string(*former) +
                                           " is where IPaddr2 and earlier versions have it: "
                                           "start moves it to " +
                                           target.held.interface});
  } else {
    differences.push_back({Part::address, text + to_string(target.held) + " is not there"});
  }
  for (const auto& other : all) {
    if (same_place(other, target.held) || (former != all.end() && other == *former)) continue;
    differences.push_back({Part::address, text + " is also there as " + to_string(other)});
  }
}

void compare_route(const Target& target, const Observed& observed,
                   std::vector<Difference>& differences) {
  if (!target.route) return;
  const auto& all = observed.routes;
  if (std::find(all.begin(), all.end(), *target.route) != all.end()) return;
  differences.push_back(
      {Part::route, "the route to " + to_string(*target.route) + " is not there"});
}

// An address of ours that no working rule keeps from answering for every bucket. As long as a
// bucket is held, it is for that bucket's monitor to tell what is wrong with the rule.
std::optional<HeldAddress> exposed_address(const Observed& observed) {
  const auto& filters = observed.filter.filters;
  const auto& faults = observed.filter.faults;
  const auto& buckets = observed.filter.buckets;
  for (const auto& held : ours(observed)) {
    const bool filtered =
        std::any_of(filters.begin(), filters.end(),
                    [&held](const Filter& filter) { return is_behind(held, filter); });
    if (filters.empty() || (buckets.empty() && !(filtered && faults.empty()))) return held;
  }
  return std::nullopt;
}

std::string own_address_in_words(const Observed& observed) {
  const auto own = own_address(observed);
  return own ? ": it is this node's own address, " + to_string(*own) : "";
}

std::string lost_interface_in_words(const Request& request, const Observed& observed) {
  if (!request.interface || observed.interface) return "";
  return "interface " + *request.interface + " does not exist";
}

std::string cause_in_words(const Request& request, const Observed& observed) {
  const auto& faults = observed.filter.faults;
  const auto lost = lost_interface_in_words(request, observed);
  return faults.empty() ? lost : faults.front();
}

std::string behind(const std::string& before, const std::string& text,
                   const std::string& after = "") {
  return text.empty() ? "" : before + text + after;
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
  for (const auto& fault : observed.ways.faults) differences.push_back({Part::ways, fault});
  if (!observed.filter.buckets.contains(request.bucket)) {
    differences.push_back({Part::bucket, "bucket " + std::to_string(request.bucket) + " of " +
                                             to_string(target.address) + " is not held"});
  }
  if (observed.interface && !observed.interface->joined.contains(target.filter.mac)) {
    differences.push_back({Part::membership, "the cluster MAC " + to_string(target.filter.mac) +
                                                 " is not joined on " + target.filter.interface});
  }
  compare_addresses(target, observed, differences);
  compare_route(target, observed, differences);
  for (const auto& gap : observed.path.gaps) differences.push_back({Part::gap, gap});
  for (const auto& one : observed.path.obstacles) differences.push_back({Part::path, one});
  return differences;
}

Verdict judge(const Request& request, const Observed& observed) {
  const auto text = to_string(request.address);
  const auto& state = observed.filter;
  if (state.usurped.contains(request.bucket))
    return {ExitCode::generic_error, state.faults.front()};
  if (!state.buckets.contains(request.bucket)) {
    if (const auto held = exposed_address(observed)) {
      return {ExitCode::generic_error,
              text + " is on " + held->interface +
                  " without a working cluster rule: this node could answer for every bucket" +
                  behind(" (", cause_in_words(request, observed), ")")};
    }
    return {ExitCode::not_running, "bucket " + std::to_string(request.bucket) + " of " + text +
                                       " is not held here" + drain_in_words(request, observed) +
                                       own_address_in_words(observed) +
                                       behind(": ", lost_interface_in_words(request, observed))};
  }
  try {
    auto differences = compare(request, resolve(request, observed), observed);
    const bool probe = request.monitoring.interval.count() == 0;
    std::erase_if(differences,
                  [&](const Difference& one) { return probe && one.part == Part::form; });
    if (differences.empty()) return {ExitCode::success, ""};
    return {ExitCode::generic_error, differences.front().text};
  } catch (const Error& error) {
    return {ExitCode::generic_error, error.what()};
  }
}

}  // namespace loadshare
