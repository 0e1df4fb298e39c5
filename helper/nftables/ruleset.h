// SPDX-License-Identifier: GPL-2.0-or-later
// What our nf_tables table holds, as plain data: the parts that all cluster addresses share and
// the parts of one. No socket.
//
//   table ip loadshare                        (and ip6 for IPv6)
//     chain prerouting, hook prerouting       ip daddr vmap @addresses
//     map addresses                           10.0.0.100 : goto cluster-10.0.0.100
//     set with-ports, set icmp-errors         protocols, ICMP types
//     chain defragment                        never reached: see TransparentProxy
//     chain cluster-10.0.0.100                comment: the parameters; rules: see address_rules
//     chain errors-10.0.0.100                 ICMP errors about the address's own flows
//     set owned-10.0.0.100                    the buckets of this node
//
// Why prerouting at priority -300: it is the first hook where both IP versions come by in one
// place, before conntrack, with fragments already whole. Measured for a packet that is not owned,
// beyond a bare drop: 360 to 384 ns there, 912 ns behind conntrack, 805 ns for the rules of
// IPaddr2; netdev ingress would take 266 to 320 ns, but sees single fragments, so that it needs
// this stage all the same, and its chain vanishes with the interface.
// Packets to other addresses pay for one look-up in the map, however many addresses there are.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "loadshare/plan.h"
#include "nftables/expression.h"

namespace loadshare::nftables {

/// What the rules count with; more would only make buckets that get no traffic.
constexpr unsigned most_buckets = 1024;
constexpr std::uint32_t most_addresses = 4096;

constexpr char table_name[] = "loadshare";
constexpr char base_chain_name[] = "prerouting";
constexpr char defragment_chain_name[] = "defragment";
constexpr char address_map_name[] = "addresses";
constexpr char ports_set_name[] = "with-ports";
constexpr char errors_set_name[] = "icmp-errors";
constexpr std::int32_t base_chain_priority = -300;  // NF_IP_PRI_RAW

/// Names of an address's parts, such that `nft` can read back what it prints.
std::string address_chain_name(const IpAddress& address);
std::string errors_chain_name(const IpAddress& address);
std::string owned_set_name(const IpAddress& address);
/// The address of a chain named as by address_chain_name.
std::optional<IpAddress> address_of_chain(const std::string& name);

/// The parameters as the comment of the address's chain, and back. `nft` shows it, and it outlives
/// a ruleset that was saved and loaded.
std::string comment_of(const Filter& filter);
std::optional<Filter> filter_of(const std::string& comment);

/// The only rule that all packets of the host meet.
std::vector<Rule> base_rules(int ip_version);
std::vector<Rule> defragment_rules(int ip_version);

/// IPv6: see ingress.h.
std::vector<Rule> ingress_rules();

/// IP protocols with two 16-bit ports at the start of their header (ipt_CLUSTERIP.c).
std::vector<std::uint8_t> protocols_with_ports();
/// ICMP types that carry the start of the packet they speak of (RFC 792, RFC 4443).
std::vector<std::uint8_t> icmp_error_types(int ip_version);

/// Accepts what the node owns, drops the rest.
std::vector<Rule> address_rules(const IpAddress& address, const Filter& filter);
std::vector<Rule> errors_rules(const IpAddress& address, const Filter& filter);

}  // namespace loadshare::nftables
