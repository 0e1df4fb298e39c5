// SPDX-License-Identifier: GPL-2.0-or-later
#include "checks/link_kind.h"

#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include <algorithm>

namespace loadshare::checks {
namespace {

// Whatever its size, in host byte order; 0 where it is none.
unsigned number_of(const nlattr& attribute) {
  switch (mnl_attr_get_payload_len(&attribute)) {
    case 1:
      return mnl_attr_get_u8(&attribute);
    case 4:
      return mnl_attr_get_u32(&attribute);
  }
  return 0;
}

// The kernel shows an address only of a querier that is at work (br_multicast_dump_querier_state).
bool names_querier(const nlattr& state) {
  const auto parts = netlink::attributes(state);
  return std::any_of(parts.begin(), parts.end(), [](const nlattr* part) {
    const auto type = mnl_attr_get_type(part);
    return type == BRIDGE_QUERIER_IP_ADDRESS || type == BRIDGE_QUERIER_IPV6_ADDRESS;
  });
}

void read_bridge(const nlattr& data, LinkKind& link) {
  for (const auto* attribute : netlink::attributes(data)) {
    switch (mnl_attr_get_type(attribute)) {
      case IFLA_BR_MCAST_SNOOPING:
        link.snooping = number_of(*attribute) != 0;
        break;
      case IFLA_BR_MCAST_QUERIER:
        link.querier = link.querier || number_of(*attribute) != 0;
        break;
      case IFLA_BR_MCAST_QUERIER_STATE:
        link.querier = link.querier || names_querier(*attribute);
        break;
    }
  }
}

void read_bond(const nlattr& data, LinkKind& link) {
  for (const auto* attribute : netlink::attributes(data)) {
    if (mnl_attr_get_type(attribute) == IFLA_BOND_MODE) link.bond_mode = number_of(*attribute);
  }
}

void read_info(const nlattr& info, LinkKind& link) {
  const nlattr* data = nullptr;
  for (const auto* attribute : netlink::attributes(info)) {
    switch (mnl_attr_get_type(attribute)) {
      case IFLA_INFO_KIND:
        link.kind = netlink::text_of(*attribute);
        break;
      case IFLA_INFO_SLAVE_KIND:
        link.port_of = netlink::text_of(*attribute);
        break;
      case IFLA_INFO_DATA:
        data = attribute;
        break;
    }
  }
  if (data != nullptr && link.kind == "bridge") read_bridge(*data, link);
  if (data != nullptr && link.kind == "bond") read_bond(*data, link);
}

}  // namespace

LinkKind parse_link_kind(const nlmsghdr& message) {
  LinkKind link;
  bool elsewhere = false;
  for (const auto* attribute : netlink::attributes(message, sizeof(ifinfomsg))) {
    switch (mnl_attr_get_type(attribute)) {
      case IFLA_IFNAME:
        link.name = netlink::text_of(*attribute);
        break;
      case IFLA_LINK:
        link.above = number_of(*attribute);
        break;
      case IFLA_LINK_NETNSID:
        elsewhere = true;
        break;
      case IFLA_MASTER:
        link.master = number_of(*attribute);
        break;
      case IFLA_LINKINFO:
        read_info(*attribute, link);
        break;
    }
  }
  // The other end of a veth pair is not below it.
  if (elsewhere || link.kind == "veth") link.above = 0;
  return link;
}

std::optional<LinkKind> find_link_kind(netlink::Socket& route, unsigned index) {
  netlink::Message message(RTM_GETLINK, 0);
  auto& fixed = message.extra<ifinfomsg>();
  fixed.ifi_family = AF_UNSPEC;
  fixed.ifi_index = static_cast<int>(index);
  const auto answer = route.ask(message);
  if (answer.error_number != 0 || answer.replies.empty()) return std::nullopt;
  return parse_link_kind(answer.replies.front().header());
}

}  // namespace loadshare::checks
