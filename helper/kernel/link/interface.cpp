// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/link/interface.h"

#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <sstream>

#include "base/file_descriptor.h"
#include "loadshare/error.h"

namespace loadshare::link {
namespace {

// linux/if.h, whose other names are those of net/if.h, and differ: one program cannot have both.
constexpr unsigned carrier_is_there = 1U << 16;  // IFF_LOWER_UP

constexpr std::uint16_t long_name = 53;  // IFLA_ALT_IFNAME, from Linux 5.5

std::optional<std::string> first_name(const nlmsghdr& header) {
  for (const auto* attribute : netlink::attributes(header, sizeof(ifinfomsg))) {
    if (mnl_attr_get_type(attribute) == IFLA_IFNAME) return netlink::text_of(*attribute);
  }
  return std::nullopt;
}

std::string read_file(const char* path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

// dev_mcast has no colons.
std::optional<MacAddress> parse_bare_mac(std::string hex) {
  for (std::size_t at = 2; at < hex.size(); at += 3) hex.insert(at, ":");
  return parse_mac_address(hex);
}

void change_membership(unsigned long request, const std::string& interface, const MacAddress& mac,
                       const char* tried, std::initializer_list<int> harmless_errors) {
  const FileDescriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq what{};
  std::memcpy(what.ifr_name, interface.data(),
              std::min(interface.size(), sizeof what.ifr_name - 1));
  std::memcpy(what.ifr_hwaddr.sa_data, mac.bytes.data(), mac.bytes.size());
  if (socket && ioctl(socket.number(), request, &what) == 0) return;
  const int error = errno;
  if (std::find(harmless_errors.begin(), harmless_errors.end(), error) != harmless_errors.end()) {
    return;
  }
  throw kernel_error(std::string(tried) + " " + to_string(mac) + " on " + interface, error);
}

std::string name_of(unsigned index) {
  char name[IF_NAMESIZE]{};
  return if_indextoname(index, name) != nullptr ? name : "";
}

// Where the routes of a VRF are.
void read_vrf(const nlattr& data, Interface& link) {
  for (const auto* attribute : netlink::attributes(data)) {
    if (mnl_attr_get_type(attribute) == IFLA_VRF_TABLE) {
      link.route_table = mnl_attr_get_u32(attribute);
    }
  }
}

void read_kind(const nlattr& info, const std::string& master, Interface& link) {
  std::string kind;
  for (const auto* attribute : netlink::attributes(info)) {
    switch (mnl_attr_get_type(attribute)) {
      case IFLA_INFO_KIND:
        kind = netlink::text_of(*attribute);
        break;
      case IFLA_INFO_DATA:  // behind the kind
        if (kind == "vrf") read_vrf(*attribute, link);
        break;
      case IFLA_INFO_SLAVE_KIND:
        if (netlink::text_of(*attribute) == "vrf" && !master.empty()) link.vrf = master;
        break;
    }
  }
}

void read_kind(const nlmsghdr& header, Interface& link) {
  std::string master;
  const nlattr* info = nullptr;
  for (const auto* attribute : netlink::attributes(header, sizeof(ifinfomsg))) {
    if (mnl_attr_get_type(attribute) == IFLA_MASTER) master = name_of(mnl_attr_get_u32(attribute));
    if (mnl_attr_get_type(attribute) == IFLA_LINKINFO) info = attribute;
  }
  if (info != nullptr) read_kind(*info, master, link);
}

}  // namespace

std::optional<Interface> find_interface(netlink::Socket& route, const std::string& name) {
  netlink::Message message(RTM_GETLINK, 0);
  message.extra<ifinfomsg>().ifi_family = AF_UNSPEC;
  // Either attribute takes an alternative name as well (ip link property).
  std::uint16_t kind = IFLA_IFNAME;
  if (name.size() >= IF_NAMESIZE) kind = long_name;
  mnl_attr_put_strz(&message.header(), kind, name.c_str());
  const auto answer = route.ask(message);
  if (answer.error_number == ENODEV) return std::nullopt;
  if (answer.error_number != 0) throw kernel_error("read interface " + name, answer.error_number);
  if (answer.replies.empty()) return std::nullopt;
  const auto& header = answer.replies.front().header();
  const auto& found = *static_cast<const ifinfomsg*>(mnl_nlmsg_get_payload(&header));
  const auto index = static_cast<unsigned>(found.ifi_index);
  const auto flag = [&](unsigned bit) { return (found.ifi_flags & bit) != 0; };
  Interface link;
  link.name = first_name(header).value_or(name);
  link.index = index;
  link.up = flag(IFF_UP);
  link.carrier = flag(carrier_is_there);
  link.loopback = flag(IFF_LOOPBACK);
  link.multicast = flag(IFF_MULTICAST);
  link.arp = !flag(IFF_NOARP);
  link.joined = parse_joined(read_file("/proc/net/dev_mcast"), index);
  read_kind(header, link);
  return link;
}

void raise_interface(netlink::Socket& route, const std::string& name) {
  netlink::Message message(RTM_NEWLINK, 0);
  auto& link = message.extra<ifinfomsg>();
  link.ifi_family = AF_UNSPEC;
  link.ifi_flags = link.ifi_change = IFF_UP;
  mnl_attr_put_strz(&message.header(), IFLA_IFNAME, name.c_str());
  const auto answer = route.ask(message);
  if (answer.error_number != 0) throw kernel_error("set " + name + " up", answer.error_number);
}

std::set<MacAddress> parse_joined(const std::string& text, unsigned interface_index) {
  std::set<MacAddress> joined;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    unsigned index = 0, users = 0, global = 0;
    std::string name, hex;
    if (!(words >> index >> name >> users >> global >> hex) || index != interface_index) continue;
    if (const auto mac = parse_bare_mac(hex)) joined.insert(*mac);
  }
  return joined;
}

std::set<MacAddress> joined_macs(const std::string& interface) {
  return parse_joined(read_file("/proc/net/dev_mcast"), if_nametoindex(interface.c_str()));
}

void join_mac(const std::string& interface, const MacAddress& mac) {
  change_membership(SIOCADDMULTI, interface, mac, "join", {EEXIST});
}

void leave_mac(const std::string& interface, const MacAddress& mac) {
  change_membership(SIOCDELMULTI, interface, mac, "leave", {ENOENT, ENODEV});
}

}  // namespace loadshare::link
