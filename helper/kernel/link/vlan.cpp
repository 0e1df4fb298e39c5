// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/link/vlan.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cerrno>

#include "loadshare/error.h"

namespace loadshare::link {
namespace {

const nlattr* find(const std::vector<const nlattr*>& attributes, std::uint16_t type) {
  for (const auto* attribute : attributes) {
    if (mnl_attr_get_type(attribute) == type) return attribute;
  }
  return nullptr;
}

const nlattr* find_nested(const nlattr* nest, std::uint16_t type) {
  return nest != nullptr ? find(netlink::attributes(*nest), type) : nullptr;
}

// With or without a NUL at its end.
std::string text_of(const nlattr& attribute) {
  const std::string bytes(static_cast<const char*>(mnl_attr_get_payload(&attribute)),
                          mnl_attr_get_payload_len(&attribute));
  return bytes.c_str();
}

}  // namespace

std::optional<unsigned> parse_vlan(const nlmsghdr& link) {
  const auto all = netlink::attributes(link, sizeof(ifinfomsg));
  const auto* kind_of_link = find(all, IFLA_LINKINFO);
  const auto* kind = find_nested(kind_of_link, IFLA_INFO_KIND);
  if (kind == nullptr || text_of(*kind) != "vlan") return std::nullopt;
  const auto* id = find_nested(find_nested(kind_of_link, IFLA_INFO_DATA), IFLA_VLAN_ID);
  if (id == nullptr) return std::nullopt;
  return mnl_attr_get_u16(id);
}

std::optional<unsigned> vlan_of(netlink::Socket& route, const std::string& interface) {
  netlink::Message message(RTM_GETLINK, 0);
  message.extra<ifinfomsg>().ifi_family = AF_UNSPEC;
  mnl_attr_put_strz(&message.header(), IFLA_IFNAME, interface.c_str());
  const auto answer = route.ask(message);
  if (answer.error_number == ENODEV) return std::nullopt;
  if (answer.error_number != 0) {
    throw kernel_error("read interface " + interface, answer.error_number);
  }
  if (answer.replies.empty()) return std::nullopt;
  return parse_vlan(answer.replies.front().header());
}

}  // namespace loadshare::link
