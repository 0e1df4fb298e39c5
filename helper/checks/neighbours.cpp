// SPDX-License-Identifier: GPL-2.0-or-later
#include "checks/neighbours.h"

#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <set>

#include "base/file_descriptor.h"
#include "checks/checks.h"
#include "kernel/link/announcement.h"
#include "kernel/link/links.h"
#include "loadshare/error.h"

namespace loadshare::checks {
namespace {

using Bytes = std::span<const std::uint8_t>;
using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

// RFC 5227, 1.1 has three probes as well, and seconds between; nobody waits for us to claim it.
constexpr int probes = 3;
constexpr auto probe_interval = 300ms;

MacAddress mac_at(Bytes frame, std::size_t at) {
  MacAddress mac;
  std::copy_n(frame.begin() + static_cast<std::ptrdiff_t>(at), mac.bytes.size(), mac.bytes.begin());
  return mac;
}

bool has_at(Bytes frame, std::size_t at, Bytes octets) {
  return frame.size() >= at + octets.size() &&
         std::equal(octets.begin(), octets.end(), frame.begin() + static_cast<std::ptrdiff_t>(at));
}

constexpr std::array<std::uint8_t, 2> arp_type{0x08, 0x06}, ip6_type{0x86, 0xdd};

// RFC 826 behind 14 bytes of Ethernet: sender's MAC at 22, its address at 28.
std::optional<Claim> read_arp(Bytes frame, const IpAddress& address) {
  if (!has_at(frame, 28, address.octets())) return std::nullopt;
  return Claim{mac_at(frame, 22), mac_at(frame, 6)};
}

// RFC 4861, 4.4 behind Ethernet and IPv6 (54 bytes): target at 62, options from 78 on.
std::optional<Claim> read_advertisement(Bytes frame, const IpAddress& address) {
  constexpr std::uint8_t advertisement = 136, target_option = 2;
  if (!has_at(frame, 62, address.octets()) || frame[20] != IPPROTO_ICMPV6 ||
      frame[54] != advertisement) {
    return std::nullopt;
  }
  const auto source = mac_at(frame, 6);
  const bool has_option = frame.size() >= 86 && frame[78] == target_option && frame[79] == 1;
  return Claim{has_option ? mac_at(frame, 80) : source, source};
}

/// Asks and listens on one interface.
class Ear {
 public:
  Ear(const std::string& interface, int ip_version)
      : interface_(interface),
        index_(static_cast<int>(if_nametoindex(interface.c_str()))),
        socket_(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0)) {
    if (!socket_) throw kernel_error("open a packet socket", errno);
    if (ip_version == 6) join_all_nodes();
    sockaddr_ll where{};
    where.sll_family = AF_PACKET;
    where.sll_protocol = htons(ip_version == 4 ? ETHERTYPE_ARP : ETHERTYPE_IPV6);
    where.sll_ifindex = index_;
    if (::bind(socket_.number(), reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0) {
      throw kernel_error("listen on " + interface, errno);
    }
  }

  void send(const std::vector<std::uint8_t>& frame) const {
    if (::send(socket_.number(), frame.data(), frame.size(), 0) < 0) {
      throw kernel_error("ask on " + interface_, errno);
    }
  }

  /// Adds what is claimed until then.
  void listen(const IpAddress& address, Clock::time_point until, std::set<Claim>& claims) const {
    for (auto now = Clock::now(); now < until; now = Clock::now()) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - now);
      pollfd question{socket_.number(), POLLIN, 0};
      if (poll(&question, 1, static_cast<int>(left.count()) + 1) != 1) continue;
      if (const auto claim = receive(address)) claims.insert(*claim);
    }
  }

 private:
  // The answers to a solicitation without a sender go to all nodes (RFC 4861, 7.2.4). Ends with
  // the socket.
  void join_all_nodes() const {
    packet_mreq membership{};
    membership.mr_ifindex = index_;
    membership.mr_type = PACKET_MR_MULTICAST;
    membership.mr_alen = ETH_ALEN;
    const MacAddress all_nodes{{0x33, 0x33, 0, 0, 0, 1}};
    std::copy(all_nodes.bytes.begin(), all_nodes.bytes.end(), membership.mr_address);
    setsockopt(socket_.number(), SOL_PACKET, PACKET_ADD_MEMBERSHIP, &membership, sizeof membership);
  }

  std::optional<Claim> receive(const IpAddress& address) const {
    std::array<std::uint8_t, 256> frame;
    sockaddr_ll from{};
    socklen_t size = sizeof from;
    const auto length = recvfrom(socket_.number(), frame.data(), frame.size(), MSG_DONTWAIT,
                                 reinterpret_cast<sockaddr*>(&from), &size);
    if (length < 0 || from.sll_pkttype == PACKET_OUTGOING) return std::nullopt;
    return read_claim(Bytes(frame).first(static_cast<std::size_t>(length)), address);
  }

  std::string interface_;
  int index_;
  FileDescriptor socket_;
};

std::set<Claim> ask(const std::string& interface, const IpAddress& address) {
  const Ear ear(interface, address.version);
  const auto probe = link::probe(interface, address);
  std::set<Claim> claims;
  for (int sent = 0; sent < probes; ++sent) {
    ear.send(probe);
    ear.listen(address, Clock::now() + probe_interval, claims);
  }
  return claims;
}

// Another port of this node's, on the same switch.
std::string own_port(const MacAddress& mac) {
  netlink::Socket route(NETLINK_ROUTE);
  for (const auto& link : link::all_links(route)) {
    if (link.mac == mac) return link.name;
  }
  return "";
}

Finding judge(const Claim& claim, const Place& place) {
  const auto address = to_string(place.request.address);
  const auto own = own_port(claim.source);
  if (!own.empty()) {
    return fail(
        "this node's " + own + " answers for " + address + ", too, at " + to_string(claim.mac),
        "stop and start the resource on this node");
  }
  const auto host = "the host with MAC " + to_string(claim.source);
  if (claim.mac == place.target->filter.mac) {
    return ok(host + " serves " + address + " with the cluster MAC");
  }
  if (claim.mac.is_multicast()) {
    return fail(host + " tells another cluster MAC for " + address + ": " + to_string(claim.mac),
                "give all nodes the same mac, cidr_netmask and broadcast");
  }
  return fail(host + " uses " + address + " already, at " + to_string(claim.mac),
              "take the address from that host, or choose another");
}

}  // namespace

std::optional<Claim> read_claim(std::span<const std::uint8_t> frame, const IpAddress& address) {
  if (has_at(frame, 12, arp_type) && address.version == 4) return read_arp(frame, address);
  if (has_at(frame, 12, ip6_type) && address.version == 6) {
    return read_advertisement(frame, address);
  }
  return std::nullopt;
}

Findings other_hosts(const Place& place) {
  const auto& nic = place.observed.interface;
  if (!place.target || !nic || !nic->up || !nic->carrier) return {};
  Findings findings;
  for (const auto& claim : ask(nic->name, place.request.address)) {
    findings.push_back(judge(claim, place));
  }
  if (findings.empty()) {
    findings.push_back(ok("no other host answers for " + to_string(place.request.address)));
  }
  return findings;
}

}  // namespace loadshare::checks
