// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/link/network_route.h"

#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "loadshare/error.h"

namespace loadshare::link {
namespace {

// Nobody else's in rtnetlink.h, nor in /etc/iproute2/rt_protos of any distribution we know.
constexpr unsigned char our_protocol = 76;
// Behind the routes of the kernel (0, IPv6 256) and of network managers (up to some 20100).
constexpr std::uint32_t our_metric = 60000;

int socket_family(int version) { return version == 4 ? AF_INET : AF_INET6; }

bool contains(const Network& network, const IpAddress& address) {
  return same_network(network.address, address, network.prefix_length);
}

rtmsg& put_fixed(netlink::Message& message, int version) {
  auto& fixed = message.extra<rtmsg>();
  fixed.rtm_family = static_cast<std::uint8_t>(socket_family(version));
  fixed.rtm_protocol = our_protocol;
  fixed.rtm_type = RTN_UNICAST;
  return fixed;
}

// All that tells it from others.
void put_route(netlink::Message& message, const NetworkRoute& route, unsigned interface_index) {
  const auto& [network, interface, table] = route;
  auto& fixed = put_fixed(message, network.address.version);
  fixed.rtm_dst_len = static_cast<std::uint8_t>(network.prefix_length);
  fixed.rtm_scope = network.address.version == 4 ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
  auto* header = &message.header();
  const auto octets = network.address.octets();
  mnl_attr_put(header, RTA_DST, octets.size(), octets.data());
  mnl_attr_put_u32(header, RTA_OIF, interface_index);
  mnl_attr_put_u32(header, RTA_PRIORITY, our_metric);
  mnl_attr_put_u32(header, RTA_TABLE, table);
}

std::optional<NetworkRoute> read_route(const nlmsghdr& header, int version) {
  const auto& fixed = *static_cast<const rtmsg*>(mnl_nlmsg_get_payload(&header));
  NetworkRoute route{{{version, {}}, fixed.rtm_dst_len}, "", fixed.rtm_table};
  std::uint32_t metric = 0, interface_index = 0;
  for (const auto* attribute : netlink::attributes(header, sizeof fixed)) {
    auto octets = route.network.address.octets();
    switch (mnl_attr_get_type(attribute)) {
      case RTA_DST:
        if (mnl_attr_get_payload_len(attribute) < octets.size()) return std::nullopt;
        std::memcpy(octets.data(), mnl_attr_get_payload(attribute), octets.size());
        break;
      case RTA_OIF:
        interface_index = mnl_attr_get_u32(attribute);
        break;
      case RTA_PRIORITY:
        metric = mnl_attr_get_u32(attribute);
        break;
      case RTA_TABLE:
        route.table = mnl_attr_get_u32(attribute);
        break;
    }
  }
  char name[IF_NAMESIZE]{};
  if (fixed.rtm_protocol != our_protocol || metric != our_metric ||
      if_indextoname(interface_index, name) == nullptr) {
    return std::nullopt;
  }
  route.interface = name;
  return route;
}

int try_to_add(netlink::Socket& route, const NetworkRoute& wanted, unsigned interface_index,
               const std::optional<IpAddress>& source) {
  netlink::Message message(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_APPEND);
  put_route(message, wanted, interface_index);
  if (source) {
    const auto octets = source->octets();
    mnl_attr_put(&message.header(), RTA_PREFSRC, octets.size(), octets.data());
  }
  return route.ask(message).error_number;
}

void remove_route(netlink::Socket& route, const NetworkRoute& ours) {
  const auto index = if_nametoindex(ours.interface.c_str());
  if (index == 0) return;
  netlink::Message message(RTM_DELROUTE, 0);
  put_route(message, ours, index);
  const int error = route.ask(message).error_number;
  if (error == 0 || error == ESRCH || error == ENODEV) return;
  throw kernel_error("remove the route to " + to_string(ours), error);
}

}  // namespace

std::vector<NetworkRoute> routes_of_ours(netlink::Socket& route, const IpAddress& address) {
  route.let_kernel_choose();
  netlink::Message message(RTM_GETROUTE, NLM_F_DUMP);
  put_fixed(message, address.version);
  const auto answer = route.ask(message);
  // The kernel has no such IP version.
  if (answer.error_number == EOPNOTSUPP) return {};
  if (answer.error_number != 0) throw kernel_error("read routes", answer.error_number);
  std::vector<NetworkRoute> found;
  for (const auto& reply : answer.replies) {
    const auto one = read_route(reply.header(), address.version);
    if (one && contains(one->network, address)) found.push_back(*one);
  }
  return found;
}

void add_route(netlink::Socket& route, const NetworkRoute& wanted,
               const std::optional<IpAddress>& source) {
  const auto index = if_nametoindex(wanted.interface.c_str());
  int error = try_to_add(route, wanted, index, source);
  // The source may be tentative, or have gone meanwhile.
  if (error == EINVAL && source) error = try_to_add(route, wanted, index, std::nullopt);
  if (error == 0 || error == EEXIST) return;
  throw kernel_error("add a route to " + to_string(wanted), error);
}

void remove_routes_of(netlink::Socket& route, const IpAddress& address, const HeldAddress& held,
                      const std::vector<NodeAddress>& addresses) {
  for (const auto& ours : routes_of_ours(route, address)) {
    const bool needed =
        std::any_of(addresses.begin(), addresses.end(), [&](const NodeAddress& other) {
          const bool leaves = other.address == address && other.held.interface == held.interface;
          return !leaves && other.held.cluster_form && contains(ours.network, other.address);
        });
    if (!needed) remove_route(route, ours);
  }
}

}  // namespace loadshare::link
