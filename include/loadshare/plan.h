// SPDX-License-Identifier: GPL-2.0-or-later
// The heart: what the kernel holds against what is asked, and the steps between.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "loadshare/addresses.h"
#include "loadshare/exit_code.h"
#include "loadshare/request.h"

namespace loadshare {

/// How the packets of one cluster address are shared: the same on every node.
struct Filter {
  std::string interface;
  MacAddress mac;
  HashMode hash_mode = HashMode::source_ip_source_port;
  std::uint32_t seed = 0;
  unsigned total = 1;
  bool lease = false;  ///< buckets can expire

  bool operator==(const Filter&) const = default;
};

/// Packets to the address that came by since its rule was installed; nothing where the backend does
/// not tell them apart.
struct Counters {
  std::optional<std::uint64_t> seen, dropped;
  std::map<unsigned, std::uint64_t> accepted;  ///< by bucket, since it was taken
};

/// What a backend reads back for one address.
struct FilterState {
  std::vector<Filter> filters;      ///< healthy: exactly one
  std::vector<std::string> faults;  ///< why it does not do its whole work, in words
  std::set<unsigned> buckets;       ///< owned here
  Counters counters;
  std::map<unsigned, std::chrono::milliseconds> expiring;  ///< buckets, and what is left of them
};

/// The address as it sits on an interface.
struct HeldAddress {
  std::string interface;
  unsigned prefix_length = 0;

  bool operator==(const HeldAddress&) const = default;
};

struct Interface {
  std::string name;
  unsigned index = 0;
  bool up = false;
  bool carrier = false;
  bool loopback = false;
  bool multicast = false;
  std::set<MacAddress> joined;  ///< multicast MACs that it receives
};

/// A directly connected network that contains the address.
struct ConnectedNetwork {
  std::string interface;
  unsigned prefix_length = 0;
  std::optional<IpAddress> broadcast;  ///< of this node's own address in it
};

/// What the kernel holds for one address: read back, never remembered.
struct Observed {
  FilterState filter;
  std::vector<HeldAddress> addresses;
  std::optional<ConnectedNetwork> network;
  std::optional<Interface> interface;  ///< the one asked for, or else the network's
};

/// The request with everything filled in that was left to the kernel.
struct Target {
  IpAddress address;
  Filter filter;
  HeldAddress held;
  std::optional<IpAddress> broadcast;
  std::optional<std::string> label;
  bool no_prefix_route = false;
};

// The steps. Each is one change that the kernel makes at once.
struct RaiseInterface {
  std::string interface;
};
/// The rule, the owned buckets, the cluster MAC among those that the interface receives, and in
/// all that the node says of itself by ARP and NDP.
struct InstallFilter {
  IpAddress address;
  Filter filter;
  std::set<unsigned> buckets;
};
/// All of that goes, however often and wherever it was installed.
struct RemoveFilter {
  IpAddress address;
};
/// With a lifetime, the kernel gives the bucket up by itself when that is over; taking it again
/// begins a new one.
struct TakeBucket {
  IpAddress address;
  unsigned bucket;
  std::optional<std::chrono::milliseconds> lifetime = std::nullopt;
};
struct ReleaseBucket {
  IpAddress address;
  unsigned bucket;
};
struct AddAddress {
  Target target;
};
struct RemoveAddress {
  IpAddress address;
  HeldAddress held;
};
struct Announce {
  IpAddress address;
  std::string interface;
  MacAddress mac;
  Announcement how;
};

using Step = std::variant<RaiseInterface, InstallFilter, RemoveFilter, TakeBucket, ReleaseBucket,
                          AddAddress, RemoveAddress, Announce>;
/// In order. Stopping after any of them leaves a node that answers for no bucket it does not own.
using Plan = std::vector<Step>;

/// One step as a line for a person.
std::string describe(const Step& step);

/// Which part of the whole differs.
enum class Part { interface, carrier, filter, bucket, membership, address };
struct Difference {
  Part part;
  std::string text;
};

/// Throws not_installed where the interface or the netmask is neither given nor to be found.
Target resolve(const Request& request, const Observed& observed);

/// Everything in which the kernel differs from a healthy, owned bucket; empty: all is well.
std::vector<Difference> compare(const Request& request, const Target& target,
                                const Observed& observed);

/// The steps to own the bucket. Throws what makes it impossible on this node.
Plan plan_start(const Request& request, const Observed& observed);

/// The steps to give the bucket up, and with the last one everything. Never throws.
Plan plan_stop(const Request& request, const Observed& observed);

/// The steps to own these buckets, too, of an address that is held, and nothing else. Throws
/// not_running where it is not held, not_configured for a bucket beyond its total and generic_error
/// where its rule has faults.
Plan plan_claim(const IpAddress& address, const std::set<unsigned>& buckets,
                const Observed& observed);

/// The steps to give these buckets up. With the last one the node is silent, but the address and
/// its rule stay. Throws like plan_claim, but minds no faults: giving up is always safe.
Plan plan_release(const IpAddress& address, const std::set<unsigned>& buckets,
                  const Observed& observed);

/// What a recurring monitor of a leased bucket does besides: it renews the lease, for two intervals
/// and a timeout, so that a monitor that comes late, or once not at all, costs no bucket.
Plan plan_renewal(const Request& request);

struct Verdict {
  ExitCode code;
  std::string reason;  ///< empty on success
};

/// success only for this very bucket, served; not_running where it is not here; else generic_error.
Verdict judge(const Request& request, const Observed& observed);

}  // namespace loadshare
