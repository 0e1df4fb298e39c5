// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/link/local_route.h"

#include <linux/rtnetlink.h>
#include <net/if.h>

#include "kernel/link/route_lookup.h"
#include "loadshare/error.h"

namespace loadshare::link {
namespace {

using Clock = std::chrono::steady_clock;

// Asked by incoming interface, so that an interface in a VRF is looked up in the VRF's tables.
bool is_local(netlink::Socket& route, const IpAddress& address, const std::string& interface) {
  return look_up_incoming(route, address, std::nullopt, if_nametoindex(interface.c_str()))
      .is_local();
}

}  // namespace

void await_local_route(netlink::Socket& route, const IpAddress& address,
                       const std::string& interface, std::chrono::milliseconds longest_wait) {
  netlink::Socket changes(NETLINK_ROUTE);
  changes.listen_to(RTNLGRP_IPV6_ROUTE);
  const auto deadline = Clock::now() + longest_wait;
  while (!is_local(route, address, interface)) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    if (left.count() > 0 && changes.await_news(left)) continue;
    throw Error(ExitCode::generic_error, "the kernel did not put " + to_string(address) +
                                             " to use on " + interface + " within " +
                                             std::to_string(longest_wait.count()) + " ms");
  }
}

}  // namespace loadshare::link
