// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/link/local_route.h"

#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include <cerrno>

#include "loadshare/error.h"

namespace loadshare::link {
namespace {

using Clock = std::chrono::steady_clock;

// Asked by incoming interface, so that an interface in a VRF is looked up in the VRF's tables.
bool is_local(netlink::Socket& route, const IpAddress& address, const std::string& interface) {
  netlink::Message message(RTM_GETROUTE, 0);
  auto& question = message.extra<rtmsg>();
  question.rtm_family = AF_INET6;
  question.rtm_dst_len = static_cast<std::uint8_t>(address.bits());
  mnl_attr_put(&message.header(), RTA_DST, address.octets().size(), address.bytes.data());
  mnl_attr_put_u32(&message.header(), RTA_IIF, if_nametoindex(interface.c_str()));
  const auto answer = route.ask(message);
  if (answer.replies.empty()) return false;
  const auto& found = answer.replies.front().header();
  return static_cast<const rtmsg*>(mnl_nlmsg_get_payload(&found))->rtm_type == RTN_LOCAL;
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
