// SPDX-License-Identifier: GPL-2.0-or-later
// What our nf_tables table holds, as plain data: the parts that all cluster addresses share and
// the parts of one. No socket.
//
//   table ip loadshare                        (and ip6 for IPv6)
//     chain prerouting, hook prerouting       ip daddr vmap @addresses
//     map addresses                           10.0.0.100 : goto cluster-10.0.0.100
//     set with-ports, set icmp-errors         protocols, ICMP types
//     chain defragment                        never reached: see TransparentProxy
//     chain cluster-10.0.0.100                comment: the parameters; rules: see address_chains
//     chain ports-10.0.0.100                  packets with ports
//     chain errors-10.0.0.100                 ICMP errors about the address's own flows
//     set owned-10.0.0.100                    the buckets of this node, a counter in each
//
//   table netdev loadshare                    for IPv6 alone, the same once more
//     chain ingress-eth0, hook ingress        multicast frames: ip6 daddr vmap @addresses
//     set extension-headers                   behind these prerouting has to look
//
// Why IPv6 has two stages: IPv4 looks at drop_unicast_in_l2_multicast behind prerouting
// (ip_rcv_finish_core), where our rules have taken what is owned. IPv6 looks before it
// (ip6_rcv_core), so that only a rule at the interface's ingress is early enough to take a packet.
// Fragments and other extension headers are more than ingress can see through; it lets them pass
// to prerouting, where they are whole. Each table decides by itself: without the one at ingress
// nothing passes, and without the other nothing but what ingress took, and fragments.
//
// Why prerouting at priority -300: it is the first hook behind which fragments are whole, still
// before conntrack, and both IP versions come by in one place. Measured for a packet that is not
// owned, beyond dropping it at the device (docs/performance.md, Linux 6.18): 425 to 482 ns with
// IPv4 by hash mode, 493 to 548 with IPv6; IPaddr2's nftables rules, behind conntrack: 659 and 865.
// At ingress the same rules would cost about 100 ns less, but see single fragments, so that this
// stage is needed all the same. Packets to other addresses pay for one look-up in the map, however
// many addresses there are. From Linux 6.6 on most packets that are not owned never come here:
// early_drop/ drops them for 60 to 73 ns.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kernel/nftables/expression.h"
#include "loadshare/plan.h"

namespace loadshare::nftables {

constexpr std::uint32_t most_addresses = 4096;

constexpr char table_name[] = "loadshare";
constexpr char base_chain_name[] = "prerouting";
constexpr char defragment_chain_name[] = "defragment";
constexpr char address_map_name[] = "addresses";
constexpr char ports_set_name[] = "with-ports";
constexpr char errors_set_name[] = "icmp-errors";
constexpr char extensions_set_name[] = "extension-headers";
constexpr std::int32_t base_chain_priority = -300;  // NF_IP_PRI_RAW

/// Names of an address's parts, such that `nft` can read back what it prints.
std::string address_chain_name(const IpAddress& address);
std::string owned_set_name(const IpAddress& address);
/// The address of a chain named as by address_chain_name.
std::optional<IpAddress> address_of_chain(const std::string& name);

/// Each interface with a cluster address has an ingress chain of its own.
std::string ingress_chain_name(const std::string& interface);
bool is_ingress_chain(const std::string& name);

/// The parameters as the comment of the address's chain, and back. `nft` shows it, and it outlives
/// a ruleset that was saved and loaded.
std::string comment_of(const Filter& filter);
std::optional<Filter> filter_of(const std::string& comment);

/// Where a table's rules stand.
enum class Stage { ingress, prerouting };

/// The only rule that all packets of the host meet.
std::vector<Rule> base_rules(Stage stage, int ip_version);
std::vector<Rule> defragment_rules(int ip_version);

/// IP protocols with two 16-bit ports at the start of their header (ipt_CLUSTERIP.c).
std::vector<std::uint8_t> protocols_with_ports();
/// ICMP types that carry the start of the packet they speak of (RFC 792, RFC 4443).
std::vector<std::uint8_t> icmp_error_types(int ip_version);

/// Protocols that an ICMP error may quote, but behind which no port stands where it stood in the
/// packet that is answered: such errors are for every node.
std::vector<std::uint8_t> unreadable_protocols(int ip_version);

/// IPv6 extension headers that may stand before the transport header (RFC 8200, section 4).
std::vector<std::uint8_t> extension_headers();

struct RuleChain {
  std::string name;
  std::vector<Rule> rules;
};

/// What accepts the packets to the address that the node owns, and drops and counts the rest. A
/// chain comes behind those it goes to; the last one is where packets begin.
std::vector<RuleChain> address_chains(Stage stage, const IpAddress& address, const Filter& filter);
/// The names that these chains can have.
std::vector<std::string> address_chain_names(const IpAddress& address);

}  // namespace loadshare::nftables
