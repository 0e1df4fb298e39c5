// SPDX-License-Identifier: GPL-2.0-or-later
// What keeps the connections of a bucket that moves to another node, as plain data. No socket.
//
//   table ip loadshare                        (and ip6; netdev has the two marked *)
//     chain moving-10.0.0.100 *               in front of cluster-10.0.0.100: lets through what
//                                             may be of a connection that this node drains
//     chain after-conntrack, hook prerouting  ip daddr vmap @moving, for TCP
//     map moving                              10.0.0.100 : goto known-10.0.0.100
//     chain known-10.0.0.100                  only what conntrack knows, of buckets that move
//     chain opening-10.0.0.100                new connections: only of owned buckets
//     set draining-10.0.0.100 *               buckets that this node has given up
//     set elsewhere-10.0.0.100                buckets that another node may be draining
//     set reopened-10.0.0.100                 connections of drained buckets that began anew
//
// Both sets of buckets have lifetimes, so that every move ends by itself. While none lasts, packets
// meet none of this: the address's jump goes to cluster-10.0.0.100, and after-conntrack is not
// there. The chains stay, for a rule that asks conntrack is what keeps conntrack on, and it must
// have seen a connection begin to know it later.
//
// Who answers what, while a bucket moves from one node to another:
//   - what is not TCP, and what begins a connection (SYN): the new owner, and nobody else;
//   - all else: the node whose conntrack has seen the client begin the connection. It is forgotten
//     on the new owner before it takes a bucket (connections/connections.h), and what begins anew
//     on the new owner is entered in `reopened` on the old one, which sees it, too;
//   - ICMP errors about connections, which nobody answers: both.
#pragma once

#include <string>
#include <vector>

#include "kernel/nftables/ruleset.h"
#include "loadshare/plan.h"

namespace loadshare::nftables {

constexpr char after_conntrack_chain_name[] = "after-conntrack";
constexpr char moving_map_name[] = "moving";
/// Between conntrack (NF_IP_PRI_CONNTRACK, -200) and whatever changes addresses (-100).
constexpr std::int32_t after_conntrack_priority = -190;
/// As many connections of drained buckets can begin anew; with more, all that begin are still
/// dropped here, but what this node takes for the same connection would be answered.
constexpr std::uint32_t most_reopened = 65536;

std::string moving_chain_name(const IpAddress& address);
std::string known_chain_name(const IpAddress& address);
std::string draining_set_name(const IpAddress& address);
std::string elsewhere_set_name(const IpAddress& address);
std::string reopened_set_name(const IpAddress& address);

std::vector<Rule> after_conntrack_rules(int ip_version);

/// The address's own chains; like address_chains, each behind those it goes to.
std::vector<RuleChain> move_chains(Stage stage, const IpAddress& address, const Filter& filter);
std::vector<std::string> move_chain_names(const IpAddress& address);

}  // namespace loadshare::nftables
