// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/link/route_lookup.h"

#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

namespace loadshare::link {
namespace {

void put_ip(nlmsghdr& header, std::uint16_t type, const IpAddress& address) {
  mnl_attr_put(&header, type, address.octets().size(), address.bytes.data());
}

/// `interface` as RTA_IIF or RTA_OIF; 0: none.
Lookup look_up(netlink::Socket& route, const IpAddress& destination,
               const std::optional<IpAddress>& source, std::uint16_t side, unsigned interface) {
  netlink::Message message(RTM_GETROUTE, 0);
  auto& question = message.extra<rtmsg>();
  question.rtm_family = destination.version == 4 ? AF_INET : AF_INET6;
  question.rtm_dst_len = static_cast<std::uint8_t>(destination.bits());
  auto& header = message.header();
  put_ip(header, RTA_DST, destination);
  if (source) question.rtm_src_len = question.rtm_dst_len, put_ip(header, RTA_SRC, *source);
  if (interface != 0) mnl_attr_put_u32(&header, side, interface);
  const auto answer = route.ask(message);
  Lookup found{answer.error_number};
  if (answer.replies.empty()) return found;
  const auto& reply = answer.replies.front().header();
  found.type = static_cast<const rtmsg*>(mnl_nlmsg_get_payload(&reply))->rtm_type;
  for (const auto* attribute : netlink::attributes(reply, sizeof(rtmsg))) {
    if (mnl_attr_get_type(attribute) == RTA_OIF) found.interface = mnl_attr_get_u32(attribute);
  }
  return found;
}

}  // namespace

bool Lookup::is_local() const { return error_number == 0 && type == RTN_LOCAL; }
bool Lookup::is_sent() const { return error_number == 0 && type == RTN_UNICAST; }

Lookup look_up_incoming(netlink::Socket& route, const IpAddress& destination,
                        const std::optional<IpAddress>& source, unsigned interface) {
  return look_up(route, destination, source, RTA_IIF, interface);
}

Lookup look_up_outgoing(netlink::Socket& route, const IpAddress& destination,
                        const IpAddress& source, const std::optional<std::string>& vrf) {
  const auto index = vrf ? if_nametoindex(vrf->c_str()) : 0;
  return look_up(route, destination, source, RTA_OIF, index);
}

}  // namespace loadshare::link
