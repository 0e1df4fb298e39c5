// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/connections/connections.h"

#include <arpa/inet.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>

#include <cerrno>
#include <cstring>

#include "clients/bucket_hash.h"
#include "kernel/netlink/socket.h"
#include "loadshare/error.h"

namespace loadshare::connections {
namespace {

// What a dump is limited to: by the tuple's destination and protocol (net/netfilter/nf_internals.h,
// CTA_FILTER_F_*, since Linux 5.8; older kernels send everything).
constexpr std::uint32_t by_destination = 1 << 1;
constexpr std::uint32_t by_protocol = 1 << 3;

constexpr std::size_t longest_name = 1024;  // an IPv6 tuple, CTA_ID and CTA_ZONE have 96 bytes

nfgenmsg& begin(netlink::Message& message, int ip_version) {
  auto& fixed = message.extra<nfgenmsg>();
  fixed.nfgen_family = ip_version == 4 ? AF_INET : AF_INET6;
  fixed.version = NFNETLINK_V0;
  return fixed;
}

constexpr std::uint16_t type_of(int message) {
  return static_cast<std::uint16_t>(NFNL_SUBSYS_CTNETLINK << 8 | message);
}

// Not by an IPv6 destination: there the kernel sends all but those that are asked for (measured on
// Linux 6.18; ctnetlink_filter_match_tuple takes ipv6_addr_cmp's 0 for different).
void put_wish(nlmsghdr& header, const IpAddress& address) {
  auto* tuple = mnl_attr_nest_start(&header, CTA_TUPLE_ORIG);
  auto* ip = mnl_attr_nest_start(&header, CTA_TUPLE_IP);
  mnl_attr_put(&header, address.version == 4 ? CTA_IP_V4_DST : CTA_IP_V6_DST,
               address.octets().size(), address.bytes.data());
  mnl_attr_nest_end(&header, ip);
  auto* protocol = mnl_attr_nest_start(&header, CTA_TUPLE_PROTO);
  mnl_attr_put_u8(&header, CTA_PROTO_NUM, IPPROTO_TCP);
  mnl_attr_nest_end(&header, protocol);
  mnl_attr_nest_end(&header, tuple);
  auto* filter = mnl_attr_nest_start(&header, CTA_FILTER);
  mnl_attr_put_u32(&header, CTA_FILTER_ORIG_FLAGS,
                   by_protocol | (address.version == 4 ? by_destination : 0));
  mnl_attr_put_u32(&header, CTA_FILTER_REPLY_FLAGS, 0);
  mnl_attr_nest_end(&header, filter);
}

IpAddress ip_of(const nlattr& attribute, int ip_version) {
  IpAddress address{ip_version, {}};
  const auto size = address.octets().size();
  if (mnl_attr_get_payload_len(&attribute) >= size) {
    std::memcpy(address.bytes.data(), mnl_attr_get_payload(&attribute), size);
  }
  return address;
}

// Of a malformed attribute, zero.
template <class Number>
Number number_of(const nlattr& attribute) {
  Number number = 0;
  if (mnl_attr_get_payload_len(&attribute) >= sizeof number) {
    std::memcpy(&number, mnl_attr_get_payload(&attribute), sizeof number);
  }
  return number;
}

void read_addresses(const nlattr& nest, Connection& to) {
  for (const auto* attribute : netlink::attributes(nest)) {
    switch (mnl_attr_get_type(attribute)) {
      case CTA_IP_V4_SRC:
        to.source = ip_of(*attribute, 4);
        break;
      case CTA_IP_V4_DST:
        to.destination = ip_of(*attribute, 4);
        break;
      case CTA_IP_V6_SRC:
        to.source = ip_of(*attribute, 6);
        break;
      case CTA_IP_V6_DST:
        to.destination = ip_of(*attribute, 6);
        break;
    }
  }
}

void read_ports(const nlattr& nest, Connection& to) {
  for (const auto* attribute : netlink::attributes(nest)) {
    switch (mnl_attr_get_type(attribute)) {
      case CTA_PROTO_NUM:
        to.protocol = number_of<std::uint8_t>(*attribute);
        break;
      case CTA_PROTO_SRC_PORT:
        to.source_port = ntohs(number_of<std::uint16_t>(*attribute));
        break;
      case CTA_PROTO_DST_PORT:
        to.dest_port = ntohs(number_of<std::uint16_t>(*attribute));
        break;
    }
  }
}

void read_tuple(const nlattr& nest, Connection& to) {
  for (const auto* attribute : netlink::attributes(nest)) {
    if (mnl_attr_get_type(attribute) == CTA_TUPLE_IP) read_addresses(*attribute, to);
    if (mnl_attr_get_type(attribute) == CTA_TUPLE_PROTO) read_ports(*attribute, to);
  }
}

std::uint8_t tcp_state_in(const nlattr& nest) {
  for (const auto* tcp : netlink::attributes(nest)) {
    if (mnl_attr_get_type(tcp) != CTA_PROTOINFO_TCP) continue;
    for (const auto* attribute : netlink::attributes(*tcp)) {
      if (mnl_attr_get_type(attribute) != CTA_PROTOINFO_TCP_STATE) continue;
      return number_of<std::uint8_t>(*attribute);
    }
  }
  return TCP_CONNTRACK_NONE;
}

// The last one may have no padding behind it.
void keep(const nlattr& attribute, std::vector<std::uint8_t>& message) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(&attribute);
  message.insert(message.end(), bytes, bytes + attribute.nla_len);
  message.resize(MNL_ALIGN(message.size()));
}

std::optional<std::vector<Connection>> connections_to(netlink::Socket& socket,
                                                      const IpAddress& address) {
  netlink::Message message(type_of(IPCTNL_MSG_CT_GET), NLM_F_DUMP);
  begin(message, address.version);
  put_wish(message.header(), address);
  const auto answer = socket.ask(message);
  // nfnetlink's word for a subsystem that it does not know (nfnetlink_rcv_msg).
  if (answer.error_number == EINVAL) return std::nullopt;
  if (answer.error_number != 0) throw kernel_error("read connections", answer.error_number);
  std::vector<Connection> found;
  for (const auto& reply : answer.replies) {
    auto connection = parse(reply.header());
    if (!connection || connection->protocol != IPPROTO_TCP) continue;
    if (connection->destination == address) found.push_back(std::move(*connection));
  }
  return found;
}

unsigned bucket_of(const Connection& connection, const Filter& filter) {
  return loadshare::bucket_of({connection.source, connection.source_port, connection.dest_port},
                              filter.hash_mode, filter.seed, filter.total);
}

void remove(netlink::Socket& socket, const Connection& connection) {
  netlink::Message message(type_of(IPCTNL_MSG_CT_DELETE), NLM_F_ACK);
  begin(message, connection.destination.version);
  auto& header = message.header();
  std::memcpy(mnl_nlmsg_get_payload_tail(&header), connection.message.data(),
              connection.message.size());
  header.nlmsg_len += static_cast<std::uint32_t>(connection.message.size());
  const auto answer = socket.ask(message);
  if (answer.error_number != 0 && answer.error_number != ENOENT) {
    throw kernel_error("forget a connection", answer.error_number);
  }
}

}  // namespace

bool Connection::is_open() const {
  return tcp_state >= TCP_CONNTRACK_SYN_SENT && tcp_state <= TCP_CONNTRACK_LAST_ACK;
}

std::optional<Connection> parse(const nlmsghdr& message) {
  if (message.nlmsg_len < MNL_NLMSG_HDRLEN + MNL_ALIGN(sizeof(nfgenmsg))) return std::nullopt;
  Connection connection;
  bool named = false;
  for (const auto* attribute : netlink::attributes(message, sizeof(nfgenmsg))) {
    switch (mnl_attr_get_type(attribute)) {
      case CTA_TUPLE_ORIG:
        read_tuple(*attribute, connection);
        keep(*attribute, connection.message);
        named = true;
        break;
      case CTA_PROTOINFO:
        connection.tcp_state = tcp_state_in(*attribute);
        break;
      case CTA_ID:
      case CTA_ZONE:
        keep(*attribute, connection.message);
        break;
    }
  }
  if (!named || connection.message.size() > longest_name) return std::nullopt;
  return connection;
}

std::optional<Fill> parse_fill(const nlmsghdr& message) {
  if (message.nlmsg_len < MNL_NLMSG_HDRLEN + MNL_ALIGN(sizeof(nfgenmsg))) return std::nullopt;
  Fill fill;
  bool told = false;
  for (const auto* attribute : netlink::attributes(message, sizeof(nfgenmsg))) {
    switch (mnl_attr_get_type(attribute)) {
      case CTA_STATS_GLOBAL_ENTRIES:
        fill.entries = ntohl(number_of<std::uint32_t>(*attribute));
        told = true;
        break;
      case CTA_STATS_GLOBAL_MAX_ENTRIES:
        fill.most = ntohl(number_of<std::uint32_t>(*attribute));
        break;
    }
  }
  return told ? std::optional(fill) : std::nullopt;
}

std::optional<Fill> fill() {
  netlink::Socket socket(NETLINK_NETFILTER);
  netlink::Message message(type_of(IPCTNL_MSG_CT_GET_STATS), NLM_F_ACK);
  begin(message, 4);
  const auto answer = socket.ask(message);
  if (answer.error_number == EINVAL || answer.replies.empty()) return std::nullopt;
  return parse_fill(answer.replies.front().header());
}

std::optional<std::map<unsigned, std::size_t>> count_open(const IpAddress& address,
                                                          const Filter& filter,
                                                          const std::set<unsigned>& buckets) {
  netlink::Socket socket(NETLINK_NETFILTER);
  const auto found = connections_to(socket, address);
  if (!found) return std::nullopt;
  std::map<unsigned, std::size_t> open;
  for (const unsigned bucket : buckets) open[bucket] = 0;
  for (const auto& connection : *found) {
    const auto counted = open.find(bucket_of(connection, filter));
    if (counted != open.end() && connection.is_open()) ++counted->second;
  }
  return open;
}

void forget(const IpAddress& address, const Filter& filter, const std::set<unsigned>& buckets) {
  netlink::Socket socket(NETLINK_NETFILTER);
  const auto found = connections_to(socket, address);
  if (!found) {
    throw Error(ExitCode::not_installed,
                "drain: this kernel does not tell its connections (no nf_conntrack_netlink)");
  }
  for (const auto& connection : *found) {
    if (buckets.contains(bucket_of(connection, filter))) remove(socket, connection);
  }
}

}  // namespace loadshare::connections
