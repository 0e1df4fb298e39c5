// SPDX-License-Identifier: GPL-2.0-or-later
// switch-config: what the network has to be told. Changes nothing.
#include "output/switch_config.h"

#include <linux/netlink.h>

#include <iostream>

#include "commands/commands.h"
#include "commands/steps.h"
#include "kernel/link/vlan.h"
#include "loadshare/error.h"

namespace loadshare::commands {
namespace {

Request request_of(const Invocation& call) {
  Request request = call.request;
  request.address = address_operand(call);
  check(request);
  return request;
}

/// An entry and the interface that it is about, if that is known.
struct Found {
  SwitchEntry entry;
  std::optional<std::string> interface;
};

Found as_given(const Request& request) {
  return {{.address = request.address,
           .mac = request.mac.value_or(MacAddress{}),
           .origin = "as given",
           .vlan = std::nullopt,
           .prefix_length = request.prefix_length},
          request.interface};
}

Found as_held(const Request& request, const Observed& observed) {
  const auto& filter = observed.filter.filters.front();
  auto found = as_given(request);
  found.entry.mac = filter.mac;
  found.entry.origin = "held here on " + filter.interface;
  if (const auto length = network_length(observed)) found.entry.prefix_length = *length;
  found.interface = filter.interface;
  return found;
}

// With the same result as start, so that this can be asked before anything is there.
Found as_start_would(const Request& request, const Observed& observed) {
  const auto target = resolve(request, observed);
  auto found = as_given(request);
  found.entry.mac = target.filter.mac;
  found.entry.prefix_length = target.prefix_length;
  found.entry.origin = "derived from the address, /" + std::to_string(target.prefix_length) +
                       " and broadcast " +
                       (target.broadcast ? to_string(*target.broadcast) : "none");
  found.interface = target.filter.interface;
  return found;
}

Found find(const Request& request, const Invocation& call) {
  if (request.mac) return as_given(request);
  const auto observed = Kernel(request, call.lock_wait).observe(request);
  return observed.filter.filters.empty() ? as_start_would(request, observed)
                                         : as_held(request, observed);
}

}  // namespace

void switch_config(const Invocation& call) {
  const auto request = request_of(call);
  enter_namespace(call);
  auto found = find(request, call);
  found.entry.vlan = call.vlan;
  if (!call.vlan && found.interface) {
    netlink::Socket route(NETLINK_ROUTE);
    found.entry.vlan = link::vlan_of(route, *found.interface);
  }
  for (const auto& language : switch_languages()) {
    if (call.vendor != language.vendor) continue;
    std::cout << loadshare::switch_config(language, found.entry);
  }
  if (!call.vendor) std::cout << loadshare::switch_config(found.entry);
}

}  // namespace loadshare::commands
