// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/every_way.h"

#include <algorithm>

#include "base/namespace_lock.h"
#include "kernel/clusterip/backend.h"
#include "kernel/kernel.h"
#include "kernel/neighbour/rewriter.h"
#include "loadshare/error.h"

namespace loadshare {
namespace {

// Settings are read and written by each address's calls for all interfaces.
FileLock lock_ways(std::chrono::seconds longest_wait) {
  return lock_in_namespace("ways", LockMode::exclusive, longest_wait);
}

bool others_need_them(const IpAddress& leaving) {
  const auto addresses = cluster_addresses();
  return std::any_of(addresses.begin(), addresses.end(), [&](const IpAddress& address) {
    return address.version == leaving.version && address != leaving;
  });
}

bool holds_nothing(const Observed& observed) {
  return observed.filter.filters.empty() && observed.filter.faults.empty() &&
         observed.addresses.empty();
}

// The rewriter at its egress tells that an interface is one of ebpf's.
bool serves_ip4(const std::string& interface, const std::optional<IpAddress>& leaving) {
  const auto announced = neighbour::announced_on(interface);
  return std::any_of(announced.begin(), announced.end(), [&](const auto& one) {
    return one.first.version == 4 && one.first != leaving;
  });
}

// Only where ARP is answered: elsewhere nobody has to be spared.
link::Nics nics_now(const link::Ways& ways, const std::string& own,
                    const std::optional<IpAddress>& leaving = std::nullopt) {
  link::Nics nics;
  if (ways.ip_version != 4) return nics;
  nics.unguarded = clusterip::interfaces_in_use();
  for (const auto& link : ways.links) {
    if (nics.unguarded.contains(link.name) || !link.ip4) continue;
    if (link.name != own && link.ip4->arp_ignore != 0) continue;
    if (serves_ip4(link.name, leaving)) nics.guarded.insert(link.name);
  }
  return nics;
}

link::Ways ways_now(netlink::Socket& route, int ip_version, const std::string& nic) {
  auto ways = link::read_ways(route, ip_version, {});
  ways.nics = nics_now(ways, nic);
  return ways;
}

}  // namespace

void observe_ways(netlink::Socket& route, const IpAddress& address, Observed& observed) {
  const auto nic = observed.interface ? observed.interface->name : "";
  const auto ways = ways_now(route, address.version, nic);
  if (const auto* link = link::find_link(ways.links, nic)) {
    observed.interface->taker = link::taker_of(*link, ways.links);
  }
  observed.ways.faults = ways.faults(nic);
  observed.ways.left_closed =
      holds_nothing(observed) && ways.closed_by_us() && !others_need_them(address);
}

void check_ways(netlink::Socket& route, const IpAddress& address, const std::string& nic,
                BackendChoice backend) {
  auto ways = ways_now(route, address.version, nic);
  (backend == BackendChoice::clusterip ? ways.nics.unguarded : ways.nics.guarded).insert(nic);
  const auto faults = ways.lasting_faults(nic);
  if (!faults.empty()) throw Error(ExitCode::generic_error, faults.front());
}

void apply(netlink::Socket& route, const CloseWays& step, std::chrono::seconds lock_wait) {
  const auto lock = lock_ways(lock_wait);
  const int version = step.address.version;
  link::close_ways(route, version, ways_now(route, version, step.interface).nics);
  const auto open = ways_now(route, version, step.interface).faults(step.interface);
  if (!open.empty()) throw Error(ExitCode::generic_error, open.front());
}

FileLock apply(netlink::Socket& route, const ReopenWays& step, std::chrono::seconds lock_wait) {
  auto lock = lock_ways(lock_wait);
  const int version = step.address.version;
  if (!others_need_them(step.address)) {
    link::reopen_ways(route, version);
    return lock;
  }
  try {
    // What was this address's nic may be one of the other ways now.
    const auto ways = link::read_ways(route, version, {});
    link::close_ways(route, version, nics_now(ways, "", step.address));
  } catch (const Error&) {
    // The other addresses' monitors tell it.
  }
  return lock;
}

std::string hinders_clusterip(netlink::Socket& route, const std::string& interface) {
  if (!neighbour::announced_on(interface).empty()) return "ebpf serves cluster addresses there";
  const auto ways = link::read_ways(route, 4, {});
  const auto* nic = link::find_link(ways.links, interface);
  return nic != nullptr ? ways.hinders_clusterip(*nic) : "";
}

}  // namespace loadshare
