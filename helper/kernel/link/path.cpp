// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/link/path.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>

#include "kernel/link/route_lookup.h"

namespace loadshare::link {
namespace {

constexpr int strict = 1;  // net.ipv4.conf.NIC.rp_filter

std::optional<int> setting(int version, const std::string& interface, const char* key) {
  const auto family = version == 4 ? "ipv4/conf/" : "ipv6/conf/";
  std::ifstream file(std::string("/proc/sys/net/") + family + interface + "/" + key);
  int value = 0;
  if (file >> value) return value;
  return std::nullopt;
}

// Of "all" and the interface the higher one counts.
int highest_setting(const std::string& interface, const char* key) {
  const auto own = setting(4, interface, key).value_or(0);
  return std::max(own, setting(4, "all", key).value_or(0));
}

bool filters_strictly(const std::string& interface) {
  return highest_setting(interface, "rp_filter") == strict;
}

// IPv6 is off by a setting, or below its smallest MTU, where the kernel has no such settings.
std::optional<std::string> without_ip6(const PathQuestion& question) {
  const auto& name = question.interface.name;
  if (question.address.version != 6 || setting(6, "all", "disable_ipv6") == std::nullopt) {
    return std::nullopt;
  }
  const auto off = setting(6, name, "disable_ipv6");
  if (off == 0) return std::nullopt;
  return off ? "net.ipv6.conf." + name + ".disable_ipv6 is on: " + name + " takes no IPv6"
             : name + " takes no IPv6: its MTU is below 1280, or the kernel has none for it";
}

// 3: for none of scope host; 8: for none. 2: only who is in a network of one of the interface's
// addresses.
std::optional<std::string> without_arp(const PathQuestion& question, bool has_own_address) {
  const int ignore = question.interface.arp_ignore;
  const bool answers = ignore != 3 && ignore != 8 && (ignore != 2 || has_own_address);
  if (question.address.version != 4 || answers) return std::nullopt;
  return "net.ipv4.conf." + question.interface.name + ".arp_ignore is " + std::to_string(ignore) +
         ", there or for all: ARP requests for " + to_string(question.address) +
         " are not answered";
}

bool has_host_bits(const IpAddress& address, unsigned prefix_length, bool set) {
  for (unsigned bit = prefix_length; bit < address.bits(); ++bit) {
    if ((address.bytes[bit / 8] >> (7 - bit % 8) & 1) != (set ? 1 : 0)) return false;
  }
  return true;
}

// Each differs in one bit from the address, so that they are all over the network.
std::vector<IpAddress> possible_clients(const IpAddress& address, unsigned prefix_length) {
  std::vector<IpAddress> clients;
  for (unsigned bit = address.bits(); bit > prefix_length; --bit) {
    auto client = address;
    client.bytes[(bit - 1) / 8] ^= static_cast<std::uint8_t>(0x80 >> (bit - 1) % 8);
    const bool is_host =
        !has_host_bits(client, prefix_length, false) && !has_host_bits(client, prefix_length, true);
    if (is_host) clients.push_back(client);
  }
  return clients;
}

std::string such_as(const IpAddress& client) { return "clients such as " + to_string(client); }

/// Why nobody gets an answer from `to`, or nothing.
class Clients {
 public:
  Clients(netlink::Socket& route, const PathQuestion& question)
      : route_(route), question_(question) {}

  std::optional<std::string> unserved_by(const IpAddress& to) const {
    std::optional<std::string> reason;
    for (const auto& client : possible_clients(question_.address, *question_.prefix_length)) {
      const auto back = look_up_outgoing(route_, client, to, question_.interface.vrf);
      if (back.is_local()) continue;  // one of this node's own
      const auto why = unserved(client, to, back);
      if (!why) return std::nullopt;
      if (!reason) reason = why;  // one may be banned by a route of its own; all are by no accident
    }
    return reason;
  }

 private:
  std::optional<std::string> unserved(const IpAddress& client, const IpAddress& to,
                                      const Lookup& back) const {
    const auto& nic = question_.interface;
    if (!back.is_sent()) {
      return "there is no way back to " + such_as(client) + ": " + cause_of(back);
    }
    const auto way_in = look_up_incoming(route_, to, client, nic.index);
    if (way_in.is_local()) return std::nullopt;
    if (is_filtered(way_in, back)) {
      return "net.ipv4.conf." + nic.name + ".rp_filter drops what " + such_as(client) +
             " send: the way back to them is another";
    }
    return "by its rules and routes this node does not take packets to " + to_string(to) +
           " that come in on " + nic.name;
  }

  // A rule or route can refuse, and says so in its own number.
  static std::string cause_of(const Lookup& back) {
    return back.error_number == EINVAL ? "a route drops it" : std::strerror(back.error_number);
  }

  // The kernel's word for a source that is not where its packet came from was EXDEV, and is EINVAL.
  bool is_filtered(const Lookup& way_in, const Lookup& back) const {
    const bool refused = way_in.error_number == EXDEV || way_in.error_number == EINVAL;
    return question_.address.version == 4 && refused &&
           back.interface != question_.interface.index &&
           filters_strictly(question_.interface.name);
  }

  netlink::Socket& route_;
  const PathQuestion& question_;
};

std::optional<IpAddress> own_address_on(const PathQuestion& question,
                                        const std::vector<NodeAddress>& own) {
  for (const auto& one : own) {
    const bool is_it = one.held.interface == question.interface.name &&
                       !(one.address == question.address) &&
                       same_network(one.address, question.address, *question.prefix_length);
    if (is_it) return one.address;
  }
  return std::nullopt;
}

}  // namespace

int arp_ignore_of(const std::string& interface) { return highest_setting(interface, "arp_ignore"); }

// What keeps the node's own address in that network from its clients, too, is none of ours.
Path look_along_path(netlink::Socket& route, const PathQuestion& question,
                     const std::vector<NodeAddress>& own) {
  if (const auto reason = without_ip6(question)) return {{*reason}, {}};
  if (!question.prefix_length) return {};
  const auto self = own_address_on(question, own);
  if (const auto reason = without_arp(question, self.has_value())) return {{*reason}, {}};
  const Clients clients(route, question);
  std::optional<std::string> gap;
  if (question.is_held && !(gap = clients.unserved_by(question.address))) return {};
  if (self) {
    if (const auto reason = clients.unserved_by(*self)) return {{*reason}, {}};
  }
  return gap ? Path{{}, {*gap}} : Path{};
}

}  // namespace loadshare::link
