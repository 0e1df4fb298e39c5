// SPDX-License-Identifier: GPL-2.0-or-later
// What the kernel holds, as plain data.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "loadshare/addresses.h"
#include "loadshare/request.h"

namespace loadshare {

/// How the packets of one cluster address are shared: the same on every node.
struct Filter {
  std::string interface;
  MacAddress mac;
  HashMode hash_mode = HashMode::source_ip_source_port;
  std::uint32_t seed = 0;
  unsigned total = 1;
  bool lease = false;             ///< buckets can expire
  std::chrono::seconds drain{0};  ///< how long a bucket that moves keeps its connections; 0: not

  bool operator==(const Filter&) const = default;
};

/// Packets to the address that came by since its rule was installed; nothing where the backend does
/// not tell them apart.
struct Counters {
  std::optional<std::uint64_t> seen, dropped;
  std::map<unsigned, std::uint64_t> accepted;  ///< by bucket, since it was taken
};

/// What is left of each bucket's time.
using Lifetimes = std::map<unsigned, std::chrono::milliseconds>;

/// Buckets on their way from one node to another.
struct Moves {
  bool on = false;      ///< packets go by way of the rules for this
  Lifetimes draining;   ///< given up here, but their established connections stay
  Lifetimes elsewhere;  ///< another node may be draining them: here only known connections count

  bool done() const { return on && draining.empty() && elsewhere.empty(); }
};

/// What a backend reads back for one address.
struct FilterState {
  std::vector<Filter> filters;      ///< healthy: exactly one
  std::vector<std::string> faults;  ///< why it does not do its whole work, in words
  std::set<unsigned> buckets;       ///< owned here
  std::set<unsigned> usurped;  ///< answered here, because a hand that is not ours has put it so
  Counters counters;
  Lifetimes expiring;  ///< owned, but not for ever
  Moves moves;

  /// How long a bucket that moves from here keeps its connections; 0 without a rule.
  std::chrono::seconds drain() const {
    return filters.empty() ? std::chrono::seconds(0) : filters.front().drain;
  }
};

/// The address as it sits on an interface.
struct HeldAddress {
  std::string interface;
  unsigned prefix_length = 0;
  bool expiring = false;  ///< the kernel removes it by itself, when the node's last drain is over
  /// A host's address, of scope host or, of IPv6, deprecated: so the kernel never chooses it as the
  /// source of the node's own traffic while there is another, and so an address of ours is told
  /// from the node's own.
  bool cluster_form = false;

  bool operator==(const HeldAddress&) const = default;
};

/// "/24 on eth0"
std::string to_string(const HeldAddress& held);

struct Interface {
  std::string name;
  unsigned index = 0;
  bool up = false;
  bool carrier = false;
  bool loopback = false;
  bool multicast = false;
  bool arp = true;                                ///< resolves neighbours by ARP and NDP
  std::set<MacAddress> joined;                    ///< multicast MACs that it receives
  std::optional<std::string> vrf = std::nullopt;  ///< that it belongs to
  /// Of a VRF: where its routes are. Of all others: RT_TABLE_MAIN.
  unsigned route_table = 254;
  /// For which addresses it answers ARP requests: the higher one of its own setting and that of
  /// "all" (Documentation/networking/ip-sysctl.rst).
  int arp_ignore = 0;
  /// Who gets its frames in its place: "a port of bridge br0"; or empty.
  std::string taker = "";
};

/// A route of ours to the address's network, for nodes that have no address of their own there.
struct NetworkRoute {
  Network network;
  std::string interface;
  unsigned table = 254;

  bool operator==(const NetworkRoute&) const = default;
};

/// "10.0.0.0/24 on eth0"
std::string to_string(const NetworkRoute& route);

/// A directly connected network that contains the address.
struct ConnectedNetwork {
  std::string interface;
  unsigned prefix_length = 0;
  std::optional<IpAddress> broadcast;  ///< of this node's own address in it
};

/// What stands between clients and this node's IP stack beside all that is ours, in words.
struct Path {
  std::vector<std::string> obstacles;  ///< other people's: no start removes them
  std::vector<std::string> gaps;       ///< of the address alone: it is put there anew
};

/// How else packets and questions for the address would come into this node.
struct OtherWays {
  std::vector<std::string> faults;  ///< who would answer, too, or why nobody would, in words
  bool left_closed = false;         ///< by us, while this node has no cluster address any more
};

/// What the kernel holds for one address: read back, never remembered.
struct Observed {
  FilterState filter;
  std::vector<HeldAddress> addresses;
  std::optional<ConnectedNetwork> network;
  std::optional<Interface> interface;   ///< the one asked for, or else the network's
  std::optional<Interface> holder;      ///< where it is held: lo, or the VRF of `interface`
  std::vector<NetworkRoute> routes;     ///< of ours, read only where there is no `network`
  std::optional<IpAddress> link_local;  ///< of `interface`; IPv6 only
  Path path;
  OtherWays ways;
  /// TCP connections of each draining bucket; nothing where the kernel does not tell.
  std::optional<std::map<unsigned, std::size_t>> connections;
};

}  // namespace loadshare
