// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/kernel.h"

#include <linux/netlink.h>

#include "base/namespace_lock.h"
#include "kernel/clusterip/backend.h"
#include "kernel/decider/backend.h"
#include "kernel/decider/observation.h"
#include "kernel/decider/program.h"
#include "kernel/every_way.h"
#include "kernel/link/address.h"
#include "kernel/link/announcement.h"
#include "kernel/link/interface.h"
#include "kernel/link/local_route.h"
#include "kernel/link/network_route.h"
#include "kernel/link/path.h"
#include "loadshare/error.h"

namespace loadshare {
namespace {

// Measured: up to 30 ms, and once more than 2 s while many network namespaces were being made and
// removed, which the kernel does under the same lock (rtnl).
constexpr std::chrono::milliseconds longest_wait{5000};

struct Apply {
  Backend& backend;
  netlink::Socket& route;
  std::chrono::seconds lock_wait;
  std::optional<FileLock>& ways;  ///< until the end of the plan

  void operator()(const InstallFilter& step) const { backend.apply(step); }
  void operator()(const RemoveFilter& step) const { backend.apply(step); }
  void operator()(const CloseWays& step) const { loadshare::apply(route, step, lock_wait); }
  void operator()(const ReopenWays& step) const { ways = loadshare::apply(route, step, lock_wait); }
  void operator()(const TakeBucket& step) const { backend.apply(step); }
  void operator()(const ReleaseBucket& step) const { backend.apply(step); }
  void operator()(const DrainBucket& step) const { backend.apply(step); }
  void operator()(const EndDrain& step) const { backend.apply(step); }
  void operator()(const SpareConnections& step) const { backend.apply(step); }
  void operator()(const EndMoves& step) const { backend.apply(step); }
  void operator()(const ForgetConnections& step) const { backend.apply(step); }
  void operator()(const RaiseInterface& step) const {
    link::raise_interface(route, step.interface);
  }
  // The route before the address goes, and behind the address when it comes: whoever is killed
  // between leaves what the next call finds.
  void operator()(const AddAddress& step) const {
    const auto lock = lock_routes();
    const auto& target = step.target;
    link::add_address(route, target.address, target.held, target.label);
    if (target.route) link::add_route(route, *target.route, target.route_source);
    if (target.address.version != 6) return;
    link::await_local_route(route, target.address, target.filter.interface, longest_wait);
  }
  void operator()(const LimitAddress& step) const { link::limit_address(route, step); }
  void operator()(const RemoveAddress& step) const {
    const auto lock = lock_routes();
    if (step.held.cluster_form) {
      link::remove_routes_of(route, step.address, step.held,
                             link::node_addresses(route, step.address.version));
    }
    link::remove_address(route, step.address, step.held);
  }
  void operator()(const Announce& step) const { link::announce(step); }

  // Several addresses of a network need one and the same route.
  FileLock lock_routes() const {
    return lock_in_namespace("routes", LockMode::exclusive, lock_wait);
  }
};

Observed network_of(netlink::Socket& route, const Request& request) {
  Observed observed;
  observed.network =
      link::connected_network(link::node_addresses(route, request.address.version), request.address,
                              request.interface, request.prefix_length);
  return observed;
}

// Where nobody named the interface: the network's, or the one that the filter already uses.
std::optional<std::string> likely_interface(const Request& request, const Observed& observed) {
  if (request.interface) return request.interface;
  if (observed.network) return observed.network->interface;
  if (!observed.filter.filters.empty()) return observed.filter.filters.front().interface;
  return std::nullopt;
}

BackendChoice choose(netlink::Socket& route, const Request& request) {
  if (request.backend != BackendChoice::automatic) return request.backend;
  if (const auto holder = holder_of(request.address)) return *holder;
  try {
    clusterip::make_backend({})->check(request);
    const auto nic = likely_interface(request, network_of(route, request));
    return nic && !hinders_clusterip(route, *nic).empty() ? BackendChoice::ebpf
                                                          : BackendChoice::clusterip;
  } catch (const Error&) {
    return BackendChoice::ebpf;
  }
}

// Also where the interface is gone for the moment.
std::string holder_for(const std::optional<Interface>& interface) {
  return interface && interface->vrf ? *interface->vrf : "lo";
}

}  // namespace

std::optional<BackendChoice> holder_of(const IpAddress& address) {
  if (decider::holds(address)) return BackendChoice::ebpf;
  if (clusterip::holds(address)) return BackendChoice::clusterip;
  return std::nullopt;
}

std::set<IpAddress> cluster_addresses() {
  auto all = decider::addresses();
  all.merge(clusterip::addresses());
  return all;
}

Kernel::Kernel(const Request& request, std::chrono::seconds lock_wait)
    : route_(NETLINK_ROUTE), choice_(choose(route_, request)), lock_wait_(lock_wait) {
  backend_ = choice_ == BackendChoice::ebpf ? decider::make_backend(lock_wait)
                                            : clusterip::make_backend(lock_wait);
}

Observed Kernel::observe(const Request& request) {
  Observed observed;
  observed.filter = backend_->observe(request.address);
  observed.connections = decider::draining_connections(request.address, observed.filter);
  const auto addresses = link::node_addresses(route_, request.address.version);
  for (const auto& own : addresses) {
    if (own.address == request.address) observed.addresses.push_back(own.held);
  }
  const auto asked_for =
      request.interface ? link::find_interface(route_, *request.interface) : std::nullopt;
  observed.network = link::connected_network(addresses, request.address,
                                             asked_for ? asked_for->name : request.interface,
                                             request.prefix_length);
  if (!observed.network) observed.routes = link::routes_of_ours(route_, request.address);
  if (const auto name = likely_interface(request, observed)) {
    observed.interface = asked_for ? asked_for : link::find_interface(route_, *name);
    observed.holder = link::find_interface(route_, holder_for(observed.interface));
    observed.link_local = link::link_local_of(addresses, *name);
    if (observed.interface && request.address.version == 4) {
      observed.interface->arp_ignore = link::arp_ignore_of(observed.interface->name);
    }
    observed.path = path_of(request, observed, addresses);
  }
  observe_ways(route_, request.address, observed);
  return observed;
}

// Where the interface is not at work, that is what keeps clients away.
Path Kernel::path_of(const Request& request, const Observed& observed,
                     const std::vector<link::NodeAddress>& addresses) {
  const auto& interface = observed.interface;
  if (!interface || !interface->up || !interface->carrier) return {};
  auto prefix_length = request.prefix_length;
  if (!prefix_length && observed.network) prefix_length = observed.network->prefix_length;
  return link::look_along_path(route_,
                               {.address = request.address,
                                .prefix_length = prefix_length,
                                .is_held = !observed.addresses.empty(),
                                .interface = *interface},
                               addresses);
}

void Kernel::check(const Request& request, const Observed& observed) {
  backend_->check(request);
  if (!observed.interface) return;
  const auto& name = observed.interface->name;
  const auto hindrance = choice_ == BackendChoice::clusterip ? hinders_clusterip(route_, name) : "";
  if (!hindrance.empty()) {
    throw Error(ExitCode::generic_error,
                "backend: CLUSTERIP cannot work on " + name + " while " + hindrance);
  }
  check_ways(route_, request.address, name, choice_);
  if (choice_ == BackendChoice::ebpf && clusterip::interfaces_in_use().contains(name)) {
    throw Error(ExitCode::generic_error, "backend: ebpf would silence the CLUSTERIP addresses on " +
                                             name + ": stop those first");
  }
  if (choice_ == BackendChoice::ebpf) decider::check_places(name);
}

void Kernel::apply(const Plan& plan, const std::function<void(const std::string&)>& say) {
  std::optional<FileLock> ways;
  for (const auto& step : plan) {
    say(describe(step));
    std::visit(Apply{*backend_, route_, lock_wait_, ways}, step);
  }
  ways.reset();
  backend_->finish();
}

}  // namespace loadshare
