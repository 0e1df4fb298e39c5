// SPDX-License-Identifier: GPL-2.0-or-later
#include "loadshare/plan.h"

#include <algorithm>

#include "base/words.h"
#include "loadshare/error.h"
#include "request/cluster_mac.h"
#include "request/transition.h"

namespace loadshare {
namespace {

std::string to_string(const HeldAddress& held) {
  return "/" + std::to_string(held.prefix_length) + " on " + held.interface;
}

// All host bits set, or all cleared, as `ip address add` does it; networks of two have neither.
std::optional<IpAddress> with_host_bits(const IpAddress& address, unsigned prefix_length,
                                        bool set) {
  if (prefix_length > 30) return std::nullopt;
  IpAddress result = address;
  for (unsigned bit = prefix_length; bit < address.bits(); ++bit) {
    const auto mask = static_cast<std::uint8_t>(0x80 >> bit % 8);
    auto& octet = result.bytes[bit / 8];
    octet = static_cast<std::uint8_t>(set ? octet | mask : octet & ~mask);
  }
  return result;
}

std::optional<IpAddress> chosen_broadcast(const Request& request, unsigned prefix_length,
                                          const std::optional<ConnectedNetwork>& network) {
  if (!request.broadcast) return network ? network->broadcast : std::nullopt;
  if (*request.broadcast == "-") return with_host_bits(request.address, prefix_length, false);
  if (*request.broadcast == "+") return with_host_bits(request.address, prefix_length, true);
  return parse_ip_address(*request.broadcast);
}

// The network that the request lies in, unless it is another interface's.
std::optional<ConnectedNetwork> own_network(const Request& request, const Observed& observed) {
  if (!observed.network) return std::nullopt;
  if (request.interface && observed.network->interface != *request.interface) return std::nullopt;
  return observed.network;
}

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

bool differs_in(Part part, const std::vector<Difference>& differences) {
  return std::any_of(differences.begin(), differences.end(),
                     [part](const Difference& difference) { return difference.part == part; });
}

Error missing_interface(const std::string& name) {
  return {ExitCode::not_installed, "interface " + name + " does not exist on this node"};
}

void check_interface(const Target& target, const Observed& observed) {
  const auto& name = target.filter.interface;
  if (!observed.interface) throw missing_interface(name);
  if (observed.interface->loopback || !observed.interface->multicast) {
    throw Error(
        ExitCode::not_configured,
        "nic: " + name + " cannot receive Ethernet multicast, which a cluster address needs");
  }
  if (observed.interface->up && !observed.interface->carrier) {
    throw Error(ExitCode::generic_error, "interface " + name + " has no carrier");
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

void remove_addresses(const Request& request, const Observed& observed, Plan& plan) {
  for (const auto& held : observed.addresses) {
    plan.push_back(RemoveAddress{request.address, held});
  }
}

// Without the filter the node would answer with its own MAC and for every bucket, so the address
// is never there while the filter is not.
void remove_filter(const Request& request, const Observed& observed, Plan& plan) {
  const auto& state = observed.filter;
  if (state.filters.empty() && state.faults.empty()) return;
  plan.push_back(RemoveFilter{request.address});
}

// What conntrack remembers of an earlier time must not be taken for connections of this one.
void forget_connections(const Request& request, const Target& target, const Observed& observed,
                        Plan& plan) {
  const auto& state = observed.filter;
  const bool own =
      state.buckets.contains(request.bucket) || state.moves.draining.contains(request.bucket);
  if (target.filter.drain.count() == 0 || own) return;
  plan.push_back(ForgetConnections{target.address, target.filter, {request.bucket}});
}

void spare_connections(const Target& target, const std::set<unsigned>& drained_by_others,
                       Plan& plan) {
  if (target.filter.drain.count() == 0 || drained_by_others.empty()) return;
  plan.push_back(SpareConnections{target.address, drained_by_others, target.filter.drain});
}

TakeBucket take(const IpAddress& address, unsigned bucket, const Observed& observed) {
  return {address, bucket, std::nullopt, observed.filter.moves.draining.contains(bucket)};
}

void install_filter(const Request& request, const Target& target, const Observed& observed,
                    Plan& plan) {
  std::set<unsigned> buckets{request.bucket};
  for (const unsigned bucket : observed.filter.buckets) {
    if (bucket <= request.total) buckets.insert(bucket);
  }
  forget_connections(request, target, observed, plan);
  plan.push_back(InstallFilter{target.address, target.filter, buckets});
}

constexpr std::chrono::seconds same_news{2};

// Nothing is owned, and the address would leave by itself, or has.
bool left_behind(const Observed& observed) {
  return observed.filter.buckets.empty() &&
         std::all_of(observed.addresses.begin(), observed.addresses.end(),
                     [](const HeldAddress& held) { return held.expiring; });
}

std::chrono::seconds drain_of(const Observed& observed) {
  const auto& filters = observed.filter.filters;
  return filters.empty() ? std::chrono::seconds(0) : filters.front().drain;
}

// Only where the rule does its work for all that is there of the address. Otherwise what drains
// would go on answering for every bucket.
bool can_drain(const Observed& observed) {
  const auto& state = observed.filter;
  if (!state.faults.empty() || state.filters.size() != 1 || drain_of(observed).count() == 0) {
    return false;
  }
  return std::all_of(
      observed.addresses.begin(), observed.addresses.end(),
      [&](const HeldAddress& held) { return held.interface == state.filters.front().interface; });
}

// As long as any bucket may still drain; with no new one, only what a killed stop has left.
void limit_addresses(const Request& request, const Observed& observed, bool anew, Plan& plan) {
  for (const auto& held : observed.addresses) {
    if (held.expiring && !anew) continue;
    plan.push_back(LimitAddress{request.address, held, drain_of(observed)});
  }
}

// Where the address is not held, or has no such bucket, there is nothing to take or to give up.
void check_held(const IpAddress& address, const std::set<unsigned>& buckets,
                const Observed& observed) {
  const auto& filters = observed.filter.filters;
  if (filters.empty()) {
    throw Error(ExitCode::not_running, to_string(address) + " is not held here");
  }
  if (buckets.empty() || *buckets.rbegin() <= filters.front().total) return;
  throw Error(ExitCode::not_configured, "bucket " + std::to_string(*buckets.rbegin()) + ": " +
                                            to_string(address) + " has only " +
                                            std::to_string(filters.front().total));
}

void check_sound(const IpAddress& address, const Observed& observed) {
  const auto& state = observed.filter;
  std::string fault;
  if (!state.faults.empty()) fault = state.faults.front();
  if (state.filters.size() > 1) fault = "the cluster rule is installed more than once";
  if (observed.addresses.empty()) fault = "the rule is there, but the address is not";
  for (const auto& held : observed.addresses) {
    if (held.expiring) fault = "the address is about to expire";
  }
  if (fault.empty()) return;
  throw Error(ExitCode::generic_error,
              to_string(address) + ": " + fault + ": start a bucket to repair it");
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

struct Describe {
  std::string operator()(const RaiseInterface& step) const {
    return "set interface " + step.interface + " up";
  }
  std::string operator()(const InstallFilter& step) const {
    return "install the cluster rule for " + to_string(step.address) + " on " +
           step.filter.interface + ": MAC " + to_string(step.filter.mac) + ", hash mode " +
           to_string(step.filter.hash_mode) + ", seed " + std::to_string(step.filter.seed) +
           ", total nodes " + std::to_string(step.filter.total) + ", buckets " +
           words::listed(step.buckets);
  }
  std::string operator()(const RemoveFilter& step) const {
    return "remove the cluster rule for " + to_string(step.address);
  }
  std::string operator()(const TakeBucket& step) const {
    const auto lifetime =
        step.lifetime ? " for " + std::to_string(step.lifetime->count()) + " ms" : "";
    return "take bucket " + std::to_string(step.bucket) + " of " + to_string(step.address) +
           lifetime;
  }
  std::string operator()(const ReleaseBucket& step) const {
    return "release bucket " + std::to_string(step.bucket) + " of " + to_string(step.address);
  }
  std::string operator()(const DrainBucket& step) const {
    return "drain bucket " + std::to_string(step.bucket) + " of " + to_string(step.address) +
           " for " + words::seconds(step.lifetime);
  }
  std::string operator()(const EndDrain& step) const {
    return "end the drain of bucket " + std::to_string(step.bucket) + " of " +
           to_string(step.address);
  }
  std::string operator()(const SpareConnections& step) const {
    return "answer only known connections of buckets " + words::listed(step.buckets) + " of " +
           to_string(step.address) + " for " + words::seconds(step.lifetime);
  }
  std::string operator()(const ForgetConnections& step) const {
    return "forget connections of buckets " + words::listed(step.buckets) + " of " +
           to_string(step.address);
  }
  std::string operator()(const EndMoves& step) const {
    return "remove the rules for buckets of " + to_string(step.address) + " that move";
  }
  std::string operator()(const LimitAddress& step) const {
    return "let " + to_string(step.address) + to_string(step.held) + " expire in " +
           words::seconds(step.lifetime);
  }
  std::string operator()(const AddAddress& step) const {
    return "add " + to_string(step.target.address) + to_string(step.target.held);
  }
  std::string operator()(const RemoveAddress& step) const {
    return "remove " + to_string(step.address) + to_string(step.held);
  }
  std::string operator()(const Announce& step) const {
    return "announce " + to_string(step.address) + " at " + to_string(step.mac) + " on " +
           step.interface + ", " + std::to_string(step.how.count) + " times, every " +
           std::to_string(step.how.interval.count()) + " ms";
  }
};

}  // namespace

std::string describe(const Step& step) { return std::visit(Describe{}, step); }

Target resolve(const Request& request, const Observed& observed) {
  const auto text = to_string(request.address);
  const auto network = own_network(request, observed);
  if (!request.interface && !network) {
    throw Error(ExitCode::not_installed,
                "nic: not given, and no interface of this node is in a network with " + text);
  }
  const auto interface = request.interface ? *request.interface : network->interface;
  if (!request.prefix_length && !network) {
    if (!observed.interface) throw missing_interface(interface);
    throw Error(ExitCode::not_installed,
                "cidr_netmask: not given, and " + interface + " is in no network with " + text);
  }
  if (request.label) check_label(interface, *request.label);
  const auto prefix_length =
      request.prefix_length ? *request.prefix_length : network->prefix_length;
  const auto broadcast = chosen_broadcast(request, prefix_length, network);
  const auto broadcast_text = request.broadcast ? *request.broadcast
                              : broadcast       ? to_string(*broadcast)
                                                : "";
  const auto mac = request.mac ? *request.mac
                               : derive_cluster_mac(request.address, prefix_length, broadcast_text);
  return {.address = request.address,
          .filter = {interface, mac, request.hash_mode, request.seed, request.total, request.lease,
                     request.drain},
          .held = {interface, prefix_length},
          .broadcast = broadcast,
          .label = request.label,
          .no_prefix_route = request.no_prefix_route};
}

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

Plan plan_start(const Request& request, const Observed& observed,
                const std::set<unsigned>& drained_by_others) {
  const auto target = resolve(request, observed);
  check_interface(target, observed);
  const auto differences = compare(request, target, observed);

  const bool new_filter =
      differs_in(Part::filter, differences) || differs_in(Part::membership, differences);
  const bool new_address = new_filter || differs_in(Part::address, differences);

  Plan plan;
  if (new_address) remove_addresses(request, observed, plan);
  const bool new_bucket = !new_filter && differs_in(Part::bucket, differences);
  if (new_filter) {
    remove_filter(request, observed, plan);
    install_filter(request, target, observed, plan);
  } else if (new_bucket) {
    forget_connections(request, target, observed, plan);
  }
  // Also where only the address is missing: a start that was killed may not have come so far.
  if (new_bucket || new_address) spare_connections(target, drained_by_others, plan);
  if (new_bucket) plan.push_back(take(target.address, request.bucket, observed));
  // Not earlier: an address without a filter is silent as long as its interface is down.
  if (differs_in(Part::interface, differences)) {
    plan.push_back(RaiseInterface{target.filter.interface});
  }
  if (new_address || differs_in(Part::lifetime, differences)) plan.push_back(AddAddress{target});
  if (!plan.empty() && request.announcement.count > 0) {
    plan.push_back(
        Announce{target.address, target.filter.interface, target.filter.mac, request.announcement});
  }
  return plan;
}

Plan plan_stop(const Request& request, const Observed& observed) {
  auto others = observed.filter.buckets;
  const bool held = others.erase(request.bucket) > 0;
  const bool drain = held && can_drain(observed) && moves_away(request);
  const bool others_drain = can_drain(observed) && !observed.filter.moves.draining.empty();
  Plan plan;
  if (others.empty() && !drain && !others_drain) {
    remove_addresses(request, observed, plan);
    remove_filter(request, observed, plan);
    return plan;
  }
  if (drain) {
    plan.push_back(DrainBucket{request.address, request.bucket, drain_of(observed)});
  } else if (held) {
    plan.push_back(ReleaseBucket{request.address, request.bucket});
  }
  if (others.empty()) limit_addresses(request, observed, held, plan);
  return plan;
}

Plan plan_claim(const IpAddress& address, const std::set<unsigned>& buckets,
                const Observed& observed) {
  check_held(address, buckets, observed);
  check_sound(address, observed);
  Plan plan;
  for (const unsigned bucket : buckets) {
    if (!observed.filter.buckets.contains(bucket)) plan.push_back(take(address, bucket, observed));
  }
  return plan;
}

Plan plan_release(const IpAddress& address, const std::set<unsigned>& buckets,
                  const Observed& observed) {
  check_held(address, buckets, observed);
  Plan plan;
  for (const unsigned bucket : buckets) {
    if (observed.filter.buckets.contains(bucket)) plan.push_back(ReleaseBucket{address, bucket});
  }
  return plan;
}

Plan plan_notify(const Request& request, const std::set<unsigned>& drained_by_others,
                 const Observed& observed) {
  const auto drain = drain_of(observed);
  if (drain.count() == 0) return {};
  const auto& known = observed.filter.moves.elsewhere;
  std::set<unsigned> news;
  for (const unsigned bucket : drained_by_others) {
    const auto found = known.find(bucket);
    // Every instance of this node is told the same.
    if (found == known.end() || found->second + same_news < drain) news.insert(bucket);
  }
  if (news.empty()) return {};
  return {SpareConnections{request.address, news, drain}};
}

Plan plan_settle(const IpAddress& address, const Observed& observed) {
  const auto& [on, draining, elsewhere] = observed.filter.moves;
  // Somebody may have flushed the rules, while the address was still to leave.
  const bool leaving = left_behind(observed) && !observed.addresses.empty();
  if (!on && !leaving) return {};
  Plan plan;
  bool drains = false;
  for (const auto& [bucket, left] : draining) {
    const bool over = observed.connections && observed.connections->contains(bucket) &&
                      observed.connections->at(bucket) == 0;
    drains = drains || !over;
    if (over) plan.push_back(EndDrain{address, bucket});
  }
  if (drains) return plan;
  if (left_behind(observed)) {
    for (const auto& held : observed.addresses) plan.push_back(RemoveAddress{address, held});
    plan.push_back(RemoveFilter{address});
  } else if (elsewhere.empty()) {
    plan.push_back(EndMoves{address});
  }
  return plan;
}

Plan plan_renewal(const Request& request) {
  const auto& [interval, timeout] = request.monitoring;
  if (!request.lease || interval.count() == 0) return {};
  return {TakeBucket{request.address, request.bucket, 2 * interval + timeout}};
}

Verdict judge(const Request& request, const Observed& observed) {
  const auto text = to_string(request.address);
  const auto& state = observed.filter;
  if (!state.buckets.contains(request.bucket)) {
    if (const auto* held = exposed_address(observed)) {
      return {ExitCode::generic_error,
              text + " is on " + held->interface +
                  " without a working cluster rule: this node could answer for every bucket"};
    }
    return {ExitCode::not_running, "bucket " + std::to_string(request.bucket) + " of " + text +
                                       " is not held here" + drain_in_words(request, observed)};
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
