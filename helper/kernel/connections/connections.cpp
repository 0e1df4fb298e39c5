// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/connections/connections.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "clients/bucket_hash.h"
#include "kernel/netlink/socket.h"
#include "loadshare/error.h"

namespace loadshare::connections {
namespace {

constexpr std::uint8_t new_syn_received = 12;  // TCP_NEW_SYN_RECV, include/net/tcp_states.h
constexpr std::uint32_t all_but_listening = ~(1U << TCP_LISTEN | 1U << TCP_CLOSE);

constexpr std::uint8_t mapped_ip4[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

IpAddress address_of(const __be32* words, int family) {
  IpAddress address{family == AF_INET ? 4 : 6, {}};
  auto octets = address.octets();
  std::memcpy(octets.data(), words, octets.size());
  if (!std::equal(std::begin(mapped_ip4), std::end(mapped_ip4), address.bytes.begin()) ||
      family == AF_INET) {
    return address;
  }
  IpAddress ip4{4, {}};
  std::memcpy(ip4.octets().data(), words + 3, sizeof *words);
  return ip4;
}

netlink::Message question(int family) {
  netlink::Message message(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP);
  auto& fixed = message.extra<inet_diag_req_v2>();
  fixed.sdiag_family = static_cast<std::uint8_t>(family);
  fixed.sdiag_protocol = IPPROTO_TCP;
  fixed.idiag_states = all_but_listening;
  return message;
}

/// Nothing where the kernel cannot answer; ENOENT is its word for a family without sock_diag.
std::optional<std::vector<netlink::Reply>> sockets(int family) {
  auto message = question(family);
  auto answer = netlink::Socket(NETLINK_SOCK_DIAG).ask(message);
  if (answer.error_number == ENOENT || answer.error_number == EINVAL) return std::nullopt;
  if (answer.error_number != 0) throw kernel_error("read TCP sockets", answer.error_number);
  return std::move(answer.replies);
}

// IPv4 clients may be those of IPv6 sockets, too.
std::optional<std::vector<Connection>> connections_to(const IpAddress& address) {
  std::vector<Connection> found;
  for (const int family : {AF_INET, AF_INET6}) {
    if (family == AF_INET && address.version == 6) continue;
    const auto replies = sockets(family);
    if (!replies && family == AF_INET6 && address.version == 4) continue;  // a node without IPv6
    if (!replies) return std::nullopt;
    for (const auto& reply : *replies) {
      const auto connection = parse(reply.header());
      if (connection && connection->service == address) found.push_back(*connection);
    }
  }
  return found;
}

}  // namespace

bool Connection::is_open() const {
  return state == TCP_ESTABLISHED || state == TCP_SYN_RECV || state == new_syn_received ||
         state == TCP_FIN_WAIT1 || state == TCP_FIN_WAIT2 || state == TCP_CLOSE_WAIT ||
         state == TCP_LAST_ACK || state == TCP_CLOSING;
}

unsigned Connection::bucket(const Filter& filter) const {
  return bucket_of({client, client_port, service_port}, filter.hash_mode, filter.seed,
                   filter.total);
}

std::optional<Connection> parse(const nlmsghdr& message) {
  if (message.nlmsg_len < MNL_NLMSG_HDRLEN + sizeof(inet_diag_msg)) return std::nullopt;
  const auto& told = *static_cast<const inet_diag_msg*>(mnl_nlmsg_get_payload(&message));
  if (told.idiag_family != AF_INET && told.idiag_family != AF_INET6) return std::nullopt;
  return Connection{address_of(told.id.idiag_dst, told.idiag_family),
                    address_of(told.id.idiag_src, told.idiag_family), ntohs(told.id.idiag_dport),
                    ntohs(told.id.idiag_sport), told.idiag_state};
}

std::optional<std::vector<Connection>> connections_of(const IpAddress& address,
                                                      const Filter& filter,
                                                      const std::set<unsigned>& buckets) {
  auto found = connections_to(address);
  if (!found) return std::nullopt;
  std::erase_if(*found, [&](const Connection& connection) {
    return !buckets.contains(connection.bucket(filter));
  });
  return found;
}

bool can_tell() { return sockets(AF_INET).has_value(); }

}  // namespace loadshare::connections
