// SPDX-License-Identifier: GPL-2.0-or-later
// A request and nodes that are healthy until a test breaks them, and what a call ended with.
#pragma once

#include <gmock/gmock.h>

#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "loadshare/error.h"
#include "loadshare/plan.h"

namespace loadshare {

// GoogleTest finds it beside the type.
inline void PrintTo(ExitCode code, std::ostream* out) { *out << static_cast<int>(code); }

namespace test {

inline IpAddress ip(const std::string& text) { return parse_ip_address(text).value(); }
inline MacAddress mac(const std::string& text) { return parse_mac_address(text).value(); }

inline const MacAddress cluster_mac = mac("01:00:5e:00:01:14");
inline const MacAddress other_mac = mac("01:00:5e:00:01:99");

/// The address as a cluster address is held.
inline HeldAddress in_form(const std::string& interface, bool expiring = false) {
  return {interface, 32, expiring, true};
}

/// Bucket 1 of 3 of 10.0.0.100 on the interface that holds 10.0.0.0/24.
inline Request a_request(unsigned bucket = 1) {
  Request request;
  request.address = ip("10.0.0.100");
  request.mac = cluster_mac;
  request.bucket = bucket;
  request.total = 3;
  return request;
}

/// The filter that a_request() asks for.
inline Filter a_filter() { return {"eth0", cluster_mac, HashMode::source_ip_source_port, 0, 3}; }

/// eth0 in 10.0.0.0/24, and nothing of ours.
inline Observed an_empty_node() {
  Observed node;
  node.network = {"eth0", 24, ip("10.0.0.255")};
  node.interface = {.name = "eth0",
                    .index = 2,
                    .up = true,
                    .carrier = true,
                    .loopback = false,
                    .multicast = true,
                    .joined = {}};
  node.holder = {.name = "lo",
                 .index = 1,
                 .up = true,
                 .carrier = true,
                 .loopback = true,
                 .multicast = false,
                 .joined = {}};
  return node;
}

/// A node that serves these buckets as a_request() wants them served.
inline Observed a_healthy_node(const std::set<unsigned>& buckets = {1}) {
  auto node = an_empty_node();
  node.filter.filters = {a_filter()};
  node.filter.buckets = buckets;
  node.interface->joined = {cluster_mac};
  node.addresses = {in_form("lo")};
  return node;
}

/// The same with a drain of 30 s.
inline Request a_draining_request(unsigned bucket = 1) {
  auto request = a_request(bucket);
  request.drain = std::chrono::seconds(30);
  request.notify = true;
  return request;
}

/// This node's bucket stops here to start on node2.
inline Request a_move_away(unsigned bucket = 1) {
  auto request = a_draining_request(bucket);
  const auto instance = "ip:" + std::to_string(bucket - 1);
  request.transition = {.node = "node1",
                        .stopping = {instance},
                        .stopping_on = {"node1"},
                        .starting = {instance},
                        .starting_on = {"node2"}};
  return request;
}

/// A node that serves these buckets as a_draining_request() wants them served.
inline Observed a_node_with_drain(const std::set<unsigned>& buckets = {1}) {
  auto node = a_healthy_node(buckets);
  node.filter.filters[0].drain = std::chrono::seconds(30);
  return node;
}

/// The same while it drains these buckets; without one of its own, its address is about to expire.
inline Observed a_node_that_drains(const std::set<unsigned>& draining,
                                   const std::set<unsigned>& buckets = {}) {
  auto node = a_node_with_drain(buckets);
  node.filter.moves.on = true;
  for (const unsigned bucket : draining) {
    node.filter.moves.draining[bucket] = std::chrono::seconds(14);
  }
  node.addresses[0].expiring = buckets.empty();
  return node;
}

/// The node, as the kernel tells connections of buckets that drain.
inline Observed with_connections(Observed node,
                                 const std::map<unsigned, std::size_t>& connections) {
  node.connections = connections;
  return node;
}

/// The node while another may be draining the bucket.
inline Observed spared(Observed node, unsigned bucket, std::chrono::milliseconds left) {
  node.filter.moves.on = true;
  node.filter.moves.elsewhere[bucket] = left;
  return node;
}

/// A step in a few words, whatever describe() calls it.
struct InShort {
  static std::string held(const HeldAddress& held) {
    return held.interface + "/" + std::to_string(held.prefix_length);
  }
  std::string operator()(const RaiseInterface& step) { return "raise " + step.interface; }
  std::string operator()(const InstallFilter& step) {
    std::string text = "install filter, buckets";
    for (const unsigned bucket : step.buckets) text += " " + std::to_string(bucket);
    return text;
  }
  std::string operator()(const CloseWays&) { return "close ways"; }
  std::string operator()(const ReopenWays&) { return "reopen ways"; }
  static std::string list(const std::set<unsigned>& buckets) {
    std::string text;
    for (const unsigned bucket : buckets) text += " " + std::to_string(bucket);
    return text;
  }
  static std::string time(std::chrono::milliseconds lifetime) {
    return " for " + std::to_string(lifetime.count() / 1000) + " s";
  }
  std::string operator()(const RemoveFilter&) { return "remove filter"; }
  std::string operator()(const DrainBucket& step) {
    return "drain " + std::to_string(step.bucket) + time(step.lifetime);
  }
  std::string operator()(const EndDrain& step) {
    return "end drain of " + std::to_string(step.bucket);
  }
  std::string operator()(const SpareConnections& step) {
    return "spare" + list(step.buckets) + time(step.lifetime);
  }
  std::string operator()(const ForgetConnections& step) { return "forget" + list(step.buckets); }
  std::string operator()(const EndMoves&) { return "end moves"; }
  std::string operator()(const LimitAddress& step) {
    return "limit address " + held(step.held) + time(step.lifetime);
  }
  std::string operator()(const TakeBucket& step) {
    return "take " + std::to_string(step.bucket) + (step.draining ? " back" : "");
  }
  std::string operator()(const ReleaseBucket& step) {
    return "release " + std::to_string(step.bucket);
  }
  std::string operator()(const AddAddress& step) { return "add address " + held(step.target.held); }
  std::string operator()(const RemoveAddress& step) { return "remove address " + held(step.held); }
  std::string operator()(const Announce& step) { return "announce on " + step.interface; }
};

/// A plan in a few words a step.
inline std::vector<std::string> in_short(const Plan& plan) {
  std::vector<std::string> words;
  for (const auto& step : plan) words.push_back(std::visit(InShort{}, step));
  return words;
}

/// "CODE: line" of the Error that the call throws, "no error" where it throws none.
template <class Call>
std::string outcome_of(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return std::to_string(static_cast<int>(error.code())) + ": " + error.what();
  }
  return "no error";
}

/// Matches an outcome_of().
inline testing::Matcher<std::string> Fails(ExitCode code, const std::string& with_words) {
  return testing::AllOf(testing::StartsWith(std::to_string(static_cast<int>(code)) + ": "),
                        testing::HasSubstr(with_words));
}

}  // namespace test
}  // namespace loadshare
