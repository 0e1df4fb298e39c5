// SPDX-License-Identifier: GPL-2.0-or-later
// The heart: what the kernel holds against what is asked, and the steps between.
#pragma once

#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "loadshare/exit_code.h"
#include "loadshare/observed.h"
#include "loadshare/request.h"

namespace loadshare {

/// The request with everything filled in that was left to the kernel.
struct Target {
  IpAddress address;
  Filter filter;
  unsigned prefix_length = 0;  ///< of the network; the address itself is held as `held`
  std::optional<IpAddress> broadcast;
  HeldAddress held;
  std::optional<std::string> label;
  std::optional<NetworkRoute> route;
  std::optional<IpAddress> route_source;  ///< so that it is not the address itself
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
/// All interfaces but the address's own are kept from answering for it, those of later, too.
struct CloseWays {
  IpAddress address;
  std::string interface;
};
/// As they were, unless another cluster address of this node still needs them closed.
struct ReopenWays {
  IpAddress address;
};
/// With a lifetime, the kernel gives the bucket up by itself when that is over; taking it again
/// begins a new one.
struct TakeBucket {
  IpAddress address;
  unsigned bucket;
  std::optional<std::chrono::milliseconds> lifetime = std::nullopt;
  bool draining = false;  ///< here, until now
};
struct ReleaseBucket {
  IpAddress address;
  unsigned bucket;
};
/// Gives the bucket up but for its established TCP connections; these, too, when the time is over.
struct DrainBucket {
  IpAddress address;
  unsigned bucket;
  std::chrono::milliseconds lifetime;
};
/// Ends that before its time.
struct EndDrain {
  IpAddress address;
  unsigned bucket;
};
/// Another node may be draining these buckets for so long: packets of connections that this node
/// does not know are dropped, not answered with a reset, whenever it owns one of them.
struct SpareConnections {
  IpAddress address;
  std::set<unsigned> buckets;
  std::chrono::milliseconds lifetime;
};
/// Sockets that this node still has in these buckets, of an earlier time, are none of their
/// clients' any more. Behind InstallFilter, and in front of TakeBucket.
struct ForgetConnections {
  IpAddress address;
  Filter filter;
  std::set<unsigned> buckets;
};
/// No bucket moves: packets take the way that they took before.
struct EndMoves {
  IpAddress address;
};
/// The kernel removes the address by itself when the time is over.
struct LimitAddress {
  IpAddress address;
  HeldAddress held;
  std::chrono::seconds lifetime;
};
/// For ever, also where it is there and would expire; and its route, if it needs one.
struct AddAddress {
  Target target;
};
/// Nothing else goes with it but a route that only it has needed.
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

using Step =
    std::variant<RaiseInterface, InstallFilter, RemoveFilter, CloseWays, ReopenWays, TakeBucket,
                 ReleaseBucket, DrainBucket, EndDrain, SpareConnections, ForgetConnections,
                 EndMoves, AddAddress, LimitAddress, RemoveAddress, Announce>;
/// In order. Stopping after any of them leaves a node that answers for no bucket it does not own.
using Plan = std::vector<Step>;

/// One step as a line for a person.
std::string describe(const Step& step);

/// Which part of the whole differs.
enum class Part {
  interface,
  carrier,
  filter,
  ways,
  bucket,
  membership,
  address,
  form,  ///< served, but held as earlier versions and IPaddr2 do it
  lifetime,
  route,
  gap,
  path
};
struct Difference {
  Part part;
  std::string text;
};

/// Throws not_installed where the interface or the netmask is neither given nor to be found, and
/// not_configured where no host can have the address in its network.
Target resolve(const Request& request, const Observed& observed);

/// The netmask of the address's network, where the node's own address there, or a route of ours,
/// tells it: the address itself is a host's.
std::optional<unsigned> network_length(const Observed& observed);

/// Everything in which the kernel differs from a healthy, owned bucket; empty: all is well.
std::vector<Difference> compare(const Request& request, const Target& target,
                                const Observed& observed);

/// What is wrong with an address that is held, whatever its buckets and with no configuration at
/// hand: what monitor would say, in words.
std::vector<std::string> faults_of(const IpAddress& address, const Observed& observed);

/// The steps to own the bucket, while other nodes may be draining some. Throws what makes it
/// impossible on this node.
Plan plan_start(const Request& request, const Observed& observed,
                const std::set<unsigned>& drained_by_others = {});

/// The steps to give the bucket up, and with the last one everything; but a bucket that moves to
/// another node keeps its connections for the drain's time, and so does the address. Never throws.
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

/// What this node has to know when other nodes may be draining these buckets: it may have to take
/// one that nobody has a record of any more. Nothing where it knows, or has no drain.
Plan plan_notify(const Request& request, const std::set<unsigned>& drained_by_others,
                 const Observed& observed);

/// What is left to do when buckets no longer move: drains without connections end, the rules for
/// moves go, and with the last bucket all. Nothing as long as some still do.
Plan plan_settle(const IpAddress& address, const Observed& observed);

/// What a recurring monitor of a leased bucket does besides: it renews the lease, for two intervals
/// and a timeout, so that a monitor that comes late, or once not at all, costs no bucket.
Plan plan_renewal(const Request& request);

struct Verdict {
  ExitCode code;
  std::string reason;  ///< empty on success
};

/// success only for this very bucket, served; not_running where it is not here; else generic_error.
/// What another agent has left in its own form, a probe finds served, so that it can be taken over
/// while it runs; a recurring monitor wants it in ours.
Verdict judge(const Request& request, const Observed& observed);

}  // namespace loadshare
