// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/link/address.h"

#include <linux/if_addr.h>
#include <linux/membarrier.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>
#include <thread>

#include "loadshare/error.h"

namespace loadshare::link {
namespace {

// An ARP or NDP request that came while the address was there is still being answered on another
// processor; that answer must meet all that gives it the cluster's MAC, or it tells the node's own.
// Seen on an emulated 6.1: one of 68,871. The kernel receives under RCU, and MEMBARRIER_CMD_GLOBAL
// is its synchronize_rcu for everybody, some 10 ms (kernel/sched/membarrier.c); where processors
// run without ticks (nohz_full) it has none.
void await_answers_on_their_way() {
  if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) != 0) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

constexpr std::uint32_t for_ever = 0xffffffff;  // INFINITY_LIFE_TIME, net/addrconf.h

int socket_family(int version) { return version == 4 ? AF_INET : AF_INET6; }

std::optional<IpAddress> read_ip(const nlattr* attribute, int version) {
  IpAddress address{version, {}};
  if (mnl_attr_get_payload_len(attribute) < address.octets().size()) return std::nullopt;
  std::memcpy(address.bytes.data(), mnl_attr_get_payload(attribute), address.octets().size());
  return address;
}

/// Asks for each name once: hundreds of addresses can be on one interface.
class InterfaceNames {
 public:
  const std::string& of(unsigned index) {
    auto& known = names_[index];
    if (known.empty()) known = ask(index);
    return known;
  }

 private:
  static std::string ask(unsigned index) {
    char name[IF_NAMESIZE]{};
    return if_indextoname(index, name) != nullptr ? name : "interface " + std::to_string(index);
  }

  std::map<unsigned, std::string> names_;
};

struct Marks {
  std::uint32_t flags = 0;
  unsigned scope = RT_SCOPE_UNIVERSE;
};

bool has_cluster_form(const IpAddress& address, unsigned prefix_length, const Marks& marks) {
  constexpr std::uint32_t silent = IFA_F_DEPRECATED | IFA_F_NODAD;
  if (prefix_length != address.bits()) return false;
  return address.version == 4 ? marks.scope == RT_SCOPE_HOST : (marks.flags & silent) == silent;
}

bool expires(const nlattr& attribute) {
  ifa_cacheinfo lifetimes{};
  if (mnl_attr_get_payload_len(&attribute) < sizeof lifetimes) return false;
  std::memcpy(&lifetimes, mnl_attr_get_payload(&attribute), sizeof lifetimes);
  return lifetimes.ifa_valid != for_ever;
}

std::optional<NodeAddress> read_address(const nlmsghdr& header, int version,
                                        InterfaceNames& names) {
  const auto& fixed = *static_cast<const ifaddrmsg*>(mnl_nlmsg_get_payload(&header));
  std::optional<IpAddress> local, peer, broadcast;
  bool expiring = false;
  Marks marks{fixed.ifa_flags, fixed.ifa_scope};
  for (const auto* attribute : netlink::attributes(header, sizeof fixed)) {
    switch (mnl_attr_get_type(attribute)) {
      case IFA_LOCAL:
        local = read_ip(attribute, version);
        break;
      case IFA_ADDRESS:
        peer = read_ip(attribute, version);
        break;
      case IFA_BROADCAST:
        broadcast = read_ip(attribute, version);
        break;
      case IFA_CACHEINFO:
        expiring = expires(*attribute);
        break;
      case IFA_FLAGS:
        marks.flags = mnl_attr_get_u32(attribute);
        break;
    }
  }
  // IPv6 has no IFA_LOCAL but on point-to-point links.
  const auto address = local ? local : peer;
  if (!address) return std::nullopt;
  return NodeAddress{*address,
                     {names.of(fixed.ifa_index), fixed.ifa_prefixlen, expiring,
                      has_cluster_form(*address, fixed.ifa_prefixlen, marks)},
                     broadcast};
}

void put_ip(nlmsghdr& header, std::uint16_t type, const IpAddress& address) {
  mnl_attr_put(&header, type, address.octets().size(), address.bytes.data());
}

// Message of either change; its interface must exist.
void put_fixed(netlink::Message& message, const IpAddress& address, const HeldAddress& held,
               unsigned interface_index) {
  auto& fixed = message.extra<ifaddrmsg>();
  fixed.ifa_family = static_cast<std::uint8_t>(socket_family(address.version));
  fixed.ifa_prefixlen = static_cast<std::uint8_t>(held.prefix_length);
  fixed.ifa_index = interface_index;
  fixed.ifa_scope = held.cluster_form && address.version == 4 ? RT_SCOPE_HOST : RT_SCOPE_UNIVERSE;
  put_ip(message.header(), IFA_LOCAL, address);
  put_ip(message.header(), IFA_ADDRESS, address);
}

// All nodes hold the address: duplicate address detection would fail on all but one. An IPv6 route
// to the network would expire with it.
void put_flags(nlmsghdr& header, const IpAddress& address, bool no_route) {
  if (address.version != 6) return;
  mnl_attr_put_u32(&header, IFA_FLAGS, IFA_F_NODAD | (no_route ? IFA_F_NOPREFIXROUTE : 0));
}

// Deprecated from the start, where it is IPv6 and in our form.
void put_lifetime(nlmsghdr& header, const IpAddress& address, const HeldAddress& held,
                  std::uint32_t seconds) {
  ifa_cacheinfo lifetimes{};
  lifetimes.ifa_valid = seconds;
  lifetimes.ifa_prefered = address.version == 6 && held.cluster_form ? 0 : seconds;
  mnl_attr_put(&header, IFA_CACHEINFO, sizeof lifetimes, &lifetimes);
}

// Whether the kernel deletes others with it: those of its network that came later
// (__inet_del_ifa in net/ipv4/devinet.c).
bool has_secondaries(netlink::Socket& route, const IpAddress& address, const HeldAddress& held) {
  if (address.version != 4 || held.prefix_length == address.bits()) return false;
  const auto all = node_addresses(route, address.version);
  return std::any_of(all.begin(), all.end(), [&](const NodeAddress& other) {
    return other.address != address && other.held.interface == held.interface &&
           other.held.prefix_length == held.prefix_length &&
           same_network(other.address, address, held.prefix_length);
  });
}

/// As long as it lives, secondary addresses of the interface stay when their primary goes. The
/// setting stays so where we are killed before its end; that costs nobody an address.
class KeepSecondaries {
 public:
  explicit KeepSecondaries(const std::string& interface)
      : path_("/proc/sys/net/ipv4/conf/" + interface + "/promote_secondaries") {
    std::ifstream(path_) >> before_;
    write(1);
  }
  ~KeepSecondaries() {
    try {
      write(before_);
    } catch (const Error&) {
      // Then a later primary's secondaries stay, too.
    }
  }
  KeepSecondaries(const KeepSecondaries&) = delete;
  KeepSecondaries& operator=(const KeepSecondaries&) = delete;

 private:
  void write(int setting) const {
    if (before_ != 0) return;
    std::ofstream file(path_);
    file << setting << std::flush;
    if (!file) throw kernel_error("write " + path_, errno);
  }

  std::string path_;
  int before_ = 0;
};

}  // namespace

std::vector<NodeAddress> node_addresses(netlink::Socket& route, int version) {
  netlink::Message message(RTM_GETADDR, NLM_F_DUMP);
  message.extra<ifaddrmsg>().ifa_family = static_cast<std::uint8_t>(socket_family(version));
  const auto answer = route.ask(message);
  if (answer.error_number != 0) throw kernel_error("read addresses", answer.error_number);
  std::vector<NodeAddress> addresses;
  InterfaceNames names;
  for (const auto& reply : answer.replies) {
    if (auto address = read_address(reply.header(), version, names)) addresses.push_back(*address);
  }
  return addresses;
}

std::optional<ConnectedNetwork> connected_network(const std::vector<NodeAddress>& addresses,
                                                  const IpAddress& address,
                                                  const std::optional<std::string>& interface,
                                                  const std::optional<unsigned>& longest_prefix) {
  std::optional<ConnectedNetwork> best;
  for (const auto& own : addresses) {
    const auto length = own.held.prefix_length;
    if (own.address == address || !same_network(own.address, address, length)) continue;
    if (interface && own.held.interface != *interface) continue;
    if (longest_prefix && length > *longest_prefix) continue;
    if (best && best->prefix_length >= length) continue;
    best = {own.held.interface, length, own.broadcast};
  }
  return best;
}

std::optional<IpAddress> link_local_of(const std::vector<NodeAddress>& addresses,
                                       const std::string& interface) {
  const IpAddress first{6, {0xfe, 0x80}};
  for (const auto& own : addresses) {
    if (own.held.interface == interface && same_network(own.address, first, 10)) return own.address;
  }
  return std::nullopt;
}

void add_address(netlink::Socket& route, const IpAddress& address, const HeldAddress& held,
                 const std::optional<std::string>& label) {
  const auto tried = "add " + to_string(address) + to_string(held);
  const auto index = if_nametoindex(held.interface.c_str());
  if (index == 0) throw kernel_error(tried, errno);
  netlink::Message message(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE);
  put_fixed(message, address, held, index);
  auto& header = message.header();
  if (label) mnl_attr_put_strz(&header, IFA_LABEL, (held.interface + ":" + *label).c_str());
  put_flags(header, address, held.cluster_form);
  put_lifetime(header, address, held, for_ever);
  const auto answer = route.ask(message);
  if (answer.error_number != 0 && answer.error_number != EEXIST) {
    throw kernel_error(tried, answer.error_number);
  }
}

void limit_address(netlink::Socket& route, const LimitAddress& step) {
  const auto index = if_nametoindex(step.held.interface.c_str());
  if (index == 0) return;
  netlink::Message message(RTM_NEWADDR, NLM_F_REPLACE);
  put_fixed(message, step.address, step.held, index);
  auto& header = message.header();
  put_flags(header, step.address, true);
  put_lifetime(header, step.address, step.held, static_cast<std::uint32_t>(step.lifetime.count()));
  const auto answer = route.ask(message);
  if (answer.error_number != 0) throw kernel_error(describe(step), answer.error_number);
}

void remove_address(netlink::Socket& route, const IpAddress& address, const HeldAddress& held) {
  const auto index = if_nametoindex(held.interface.c_str());
  if (index == 0) return;
  std::optional<KeepSecondaries> others_stay;
  if (has_secondaries(route, address, held)) others_stay.emplace(held.interface);
  netlink::Message message(RTM_DELADDR, 0);
  put_fixed(message, address, held, index);
  const auto answer = route.ask(message);
  if (answer.error_number != 0 && answer.error_number != EADDRNOTAVAIL) {
    throw kernel_error(describe(RemoveAddress{address, held}), answer.error_number);
  }
  await_answers_on_their_way();
}

}  // namespace loadshare::link
