// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/link/links.h"

#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "loadshare/error.h"

namespace loadshare::link {
namespace {

// Entry of an array of 32-bit numbers; 0 where the kernel's is shorter.
int number_at(const nlattr& array, unsigned place) {
  int number = 0;
  if (mnl_attr_get_payload_len(&array) < (place + 1) * sizeof number) return 0;
  std::memcpy(&number, static_cast<const int*>(mnl_attr_get_payload(&array)) + place,
              sizeof number);
  return number;
}

// IPv4's numbers begin at 1 (IPV4_DEVCONF_FORWARDING), IPv6's at 0.
void read_ip4(const nlattr& protocol, Link& link) {
  for (const auto* attribute : netlink::attributes(protocol)) {
    if (mnl_attr_get_type(attribute) != IFLA_INET_CONF) continue;
    const auto setting = [&](unsigned number) { return number_at(*attribute, number - 1); };
    link.ip4 = {.guard = setting(IPV4_DEVCONF_DROP_UNICAST_IN_L2_MULTICAST),
                .arp_ignore = setting(IPV4_DEVCONF_ARP_IGNORE),
                .route_localnet = setting(IPV4_DEVCONF_ROUTE_LOCALNET)};
  }
}

void read_ip6(const nlattr& protocol, Link& link) {
  for (const auto* attribute : netlink::attributes(protocol)) {
    if (mnl_attr_get_type(attribute) != IFLA_INET6_CONF) continue;
    link.ip6 = WaySettings{.guard = number_at(*attribute, DEVCONF_DROP_UNICAST_IN_L2_MULTICAST)};
  }
}

void read_protocols(const nlattr& protocols, Link& link) {
  for (const auto* protocol : netlink::attributes(protocols)) {
    if (mnl_attr_get_type(protocol) == AF_INET) read_ip4(*protocol, link);
    if (mnl_attr_get_type(protocol) == AF_INET6) read_ip6(*protocol, link);
  }
}

void read_kind(const nlattr& info, Link& link) {
  for (const auto* attribute : netlink::attributes(info)) {
    if (mnl_attr_get_type(attribute) == IFLA_INFO_KIND) link.kind = netlink::text_of(*attribute);
    if (mnl_attr_get_type(attribute) != IFLA_INFO_DATA) continue;
    if (link.kind != "macvlan" && link.kind != "macvtap") continue;
    for (const auto* data : netlink::attributes(*attribute)) {
      if (mnl_attr_get_type(data) == IFLA_MACVLAN_MODE) {
        link.macvlan_mode = mnl_attr_get_u32(data);
      }
    }
  }
}

std::optional<MacAddress> read_mac(const nlattr& attribute) {
  MacAddress mac;
  if (mnl_attr_get_payload_len(&attribute) != mac.bytes.size()) return std::nullopt;
  std::memcpy(mac.bytes.data(), mnl_attr_get_payload(&attribute), mac.bytes.size());
  return mac;
}

}  // namespace

Link parse_link(const nlmsghdr& message) {
  const auto& fixed = *static_cast<const ifinfomsg*>(mnl_nlmsg_get_payload(&message));
  Link link;
  link.index = static_cast<unsigned>(fixed.ifi_index);
  link.loopback = (fixed.ifi_flags & IFF_LOOPBACK) != 0;
  bool elsewhere = false;
  for (const auto* attribute : netlink::attributes(message, sizeof fixed)) {
    switch (mnl_attr_get_type(attribute)) {
      case IFLA_IFNAME:
        link.name = netlink::text_of(*attribute);
        break;
      case IFLA_ADDRESS:
        link.mac = read_mac(*attribute);
        break;
      case IFLA_MASTER:
        link.master = mnl_attr_get_u32(attribute);
        break;
      case IFLA_LINK:
        link.lower = mnl_attr_get_u32(attribute);
        break;
      case IFLA_LINK_NETNSID:
        elsewhere = true;
        break;
      case IFLA_LINKINFO:
        read_kind(*attribute, link);
        break;
      case IFLA_AF_SPEC:
        read_protocols(*attribute, link);
        break;
    }
  }
  // The other end of a veth pair is not below it.
  if (elsewhere || link.kind == "veth") link.lower = 0;
  return link;
}

std::vector<Link> all_links(netlink::Socket& route) {
  netlink::Message message(RTM_GETLINK, NLM_F_DUMP);
  message.extra<ifinfomsg>().ifi_family = AF_UNSPEC;
  mnl_attr_put_u32(&message.header(), IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
  const auto answer = route.ask(message);
  if (answer.error_number != 0) throw kernel_error("list the interfaces", answer.error_number);
  std::vector<Link> links;
  for (const auto& reply : answer.replies) links.push_back(parse_link(reply.header()));
  return links;
}

const Link* find_link(const std::vector<Link>& links, const std::string& name) {
  const auto found =
      std::find_if(links.begin(), links.end(), [&](const Link& link) { return link.name == name; });
  return found == links.end() ? nullptr : &*found;
}

const Link* find_link(const std::vector<Link>& links, unsigned index) {
  const auto found = std::find_if(links.begin(), links.end(),
                                  [&](const Link& link) { return link.index == index; });
  return found == links.end() ? nullptr : &*found;
}

std::string taker_of(const Link& link, const std::vector<Link>& links) {
  if (const auto* master = find_link(links, link.master); master && master->kind != "vrf") {
    return "a port of " + master->kind + (master->kind.empty() ? "" : " ") + master->name;
  }
  for (const auto& other : links) {
    if (other.lower != link.index) continue;
    if (other.macvlan_mode == MACVLAN_MODE_PASSTHRU) {
      return "below " + other.kind + " " + other.name + " in mode passthru";
    }
    if (other.macvlan_mode == MACVLAN_MODE_SOURCE) {
      return "below " + other.kind + " " + other.name + " in mode source";
    }
  }
  return "";
}

}  // namespace loadshare::link
