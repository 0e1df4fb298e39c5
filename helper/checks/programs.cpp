// SPDX-License-Identifier: GPL-2.0-or-later
// Other people's programs that meet the interface's frames.
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "checks/checks.h"
#include "kernel/bpf/hook.h"
#include "kernel/bpf/object.h"

namespace loadshare::checks {
namespace {

std::uint32_t program_in(const nlattr& xdp) {
  for (const auto* attribute : netlink::attributes(xdp)) {
    if (mnl_attr_get_type(attribute) == IFLA_XDP_PROG_ID) return mnl_attr_get_u32(attribute);
  }
  return 0;
}

/// 0: none.
std::uint32_t xdp_program_of(unsigned interface) {
  netlink::Socket route(NETLINK_ROUTE);
  netlink::Message message(RTM_GETLINK, 0);
  auto& fixed = message.extra<ifinfomsg>();
  fixed.ifi_family = AF_UNSPEC;
  fixed.ifi_index = static_cast<int>(interface);
  for (const auto& reply : route.ask(message).replies) {
    for (const auto* attribute : netlink::attributes(reply.header(), sizeof(ifinfomsg))) {
      if (mnl_attr_get_type(attribute) == IFLA_XDP) return program_in(*attribute);
    }
  }
  return 0;
}

}  // namespace

Findings programs(const Place& place) {
  if (!place.observed.interface) return {};
  const auto& link = *place.observed.interface;
  const auto xdp = xdp_program_of(link.index);
  if (xdp == 0) return {};
  return {warn("an XDP program is on " + link.name + ": " + in_words(bpf::Seat{xdp, std::nullopt}) +
                   " meets frames before all else, and may drop or redirect them",
               "see to it that it passes those to the cluster MAC, and ARP and NDP")};
}

}  // namespace loadshare::checks
