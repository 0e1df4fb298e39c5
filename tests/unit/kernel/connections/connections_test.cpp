// SPDX-License-Identifier: GPL-2.0-or-later
// What sock_diag tells of TCP sockets: whole messages, truncated and hostile ones, and this very
// kernel's own.
#include "kernel/connections/connections.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <cstring>

#include "builders.h"
#include "clients/bucket_hash.h"
#include "kernel/netlink/socket.h"
#include "tcp_connection.h"

namespace loadshare::connections {
namespace {

using test::ip;

const IpAddress client4 = ip("10.0.0.7"), cluster4 = ip("10.0.0.100");
const IpAddress client6 = ip("fd77::7"), cluster6 = ip("fd77::64");
constexpr std::uint8_t new_syn_received = 12;  // the kernel's TCP_NEW_SYN_RECV

/// As the kernel tells of a client's connection from port 40001 to port 80; octets as they stand.
netlink::Message a_socket(int family, std::span<const std::uint8_t> client,
                          std::span<const std::uint8_t> service,
                          std::uint8_t state = TCP_ESTABLISHED) {
  netlink::Message message(SOCK_DIAG_BY_FAMILY, 0);
  auto& told = message.extra<inet_diag_msg>();
  told.idiag_family = static_cast<std::uint8_t>(family);
  told.idiag_state = state;
  told.id.idiag_sport = htons(80);
  told.id.idiag_dport = htons(40001);
  std::memcpy(told.id.idiag_dst, client.data(), client.size());
  std::memcpy(told.id.idiag_src, service.data(), service.size());
  return message;
}

netlink::Message a_socket(const IpAddress& client, const IpAddress& service,
                          std::uint8_t state = TCP_ESTABLISHED) {
  return a_socket(client.version == 4 ? AF_INET : AF_INET6, client.octets(), service.octets(),
                  state);
}

std::vector<std::uint8_t> mapped(const IpAddress& address) {
  std::vector<std::uint8_t> octets(16);
  octets[10] = octets[11] = 0xff;
  std::copy(address.octets().begin(), address.octets().end(), octets.begin() + 12);
  return octets;
}

void expect_flow(const std::optional<Connection>& found, const IpAddress& client,
                 const IpAddress& service) {
  ASSERT_TRUE(found);
  EXPECT_EQ(found->client, client);
  EXPECT_EQ(found->service, service);
  EXPECT_EQ(found->client_port, 40001);
  EXPECT_EQ(found->service_port, 80);
}

TEST(Connection, IsReadFromASocket) {
  expect_flow(parse(a_socket(client4, cluster4).header()), client4, cluster4);
  expect_flow(parse(a_socket(client6, cluster6).header()), client6, cluster6);
  EXPECT_EQ(parse(a_socket(client4, cluster4, TCP_LAST_ACK).header())->state, TCP_LAST_ACK);
}

// A server that listens on :: has them.
TEST(Connection, OfAnIp4ClientWithAnIp6SocketIsAnIp4One) {
  expect_flow(parse(a_socket(AF_INET6, mapped(client4), mapped(cluster4)).header()), client4,
              cluster4);
}

TEST(Connection, OfAnAddressThatOnlyResemblesAMappedOneStaysAsItIs) {
  auto octets = mapped(client4);
  octets[11] = 0xfe;
  auto expected = IpAddress{6, {}};
  std::copy(octets.begin(), octets.end(), expected.octets().begin());
  expect_flow(parse(a_socket(AF_INET6, octets, cluster6.octets()).header()), expected, cluster6);
}

// What stands behind an IPv4 address in its field means nothing.
TEST(Connection, OfIp4ReadsFourOctets) {
  auto octets = mapped(client4);
  std::fill(octets.begin() + 10, octets.end(), std::uint8_t{0xff});
  const auto first = ip("0.0.0.0");
  expect_flow(parse(a_socket(AF_INET, octets, cluster4.octets()).header()), first, cluster4);
}

TEST(Connection, IsOpenFromTheFirstPacketToTheLast) {
  const auto open_in = [](std::uint8_t state) {
    return parse(a_socket(client4, cluster4, state).header())->is_open();
  };
  constexpr std::uint8_t open[] = {TCP_SYN_RECV,  new_syn_received, TCP_ESTABLISHED, TCP_FIN_WAIT1,
                                   TCP_FIN_WAIT2, TCP_CLOSE_WAIT,   TCP_LAST_ACK,    TCP_CLOSING};
  for (const auto state : open) EXPECT_TRUE(open_in(state)) << int{state};
  constexpr std::uint8_t others[] = {0,  TCP_SYN_SENT, TCP_TIME_WAIT, TCP_CLOSE, TCP_LISTEN,
                                     13, 255};
  for (const auto state : others) EXPECT_FALSE(open_in(state)) << int{state};
}

TEST(Connection, OfAnotherFamilyIsNone) {
  for (const int family : {AF_UNSPEC, AF_UNIX, AF_NETLINK, AF_PACKET, 255}) {
    EXPECT_FALSE(parse(a_socket(family, client4.octets(), cluster4.octets()).header())) << family;
  }
}

/// The first bytes of a message and not one more: the sanitizer sees whoever reads on.
std::optional<Connection> parse_cut(const nlmsghdr& header, std::size_t size) {
  std::vector<char> bytes(size);
  std::memcpy(bytes.data(), &header, size);
  auto& cut = *reinterpret_cast<nlmsghdr*>(bytes.data());
  cut.nlmsg_len = static_cast<std::uint32_t>(size);
  return parse(cut);
}

TEST(Connection, CutShortIsNone) {
  auto message = a_socket(client6, cluster6);
  const auto& header = message.header();
  ASSERT_EQ(header.nlmsg_len, sizeof header + sizeof(inet_diag_msg));
  for (std::size_t size = sizeof header; size < header.nlmsg_len; ++size) {
    EXPECT_FALSE(parse_cut(header, size)) << size;
  }
  expect_flow(parse_cut(header, header.nlmsg_len), client6, cluster6);
}

TEST(Connection, WithJunkBehindItIsReadAsIfThereWereNone) {
  auto message = a_socket(client4, cluster4);
  const std::vector<char> junk(3000, '\xff');
  mnl_attr_put(&message.header(), 0xffff, junk.size(), junk.data());
  expect_flow(parse(message.header()), client4, cluster4);
}

Filter by_all_ports(unsigned total) {
  return {"lo", {}, HashMode::source_ip_source_port_dest_port, 3, total};
}

unsigned bucket_of(const test::TcpConnection& connection, const Filter& filter) {
  return loadshare::bucket_of(
      {connection.client(), connection.client_port(), connection.service_port()}, filter.hash_mode,
      filter.seed, filter.total);
}

bool is_among(const std::vector<Connection>& found, const test::TcpConnection& connection) {
  return std::any_of(found.begin(), found.end(), [&](const Connection& one) {
    return one.client == connection.client() && one.client_port == connection.client_port() &&
           one.service_port == connection.service_port();
  });
}

// The kernel itself is asked, as anybody may. An address of loopback that nobody else uses.
void expect_found(const test::TcpConnection& connection) {
  const auto filter = by_all_ports(7);
  const unsigned own = bucket_of(connection, filter), other = own % 7 + 1;
  const auto found = connections_of(connection.service(), filter, {own});
  ASSERT_TRUE(found);
  EXPECT_TRUE(is_among(*found, connection));
  EXPECT_FALSE(is_among(*connections_of(connection.service(), filter, {other}), connection));
  EXPECT_EQ(std::ranges::count_if(*found, &Connection::is_open), 1);
  EXPECT_EQ(found->front().bucket(filter), own);
}

TEST(Connections, AreThoseThatTheKernelHas) {
  if (!can_tell()) GTEST_SKIP() << "this kernel does not tell its TCP sockets";
  expect_found(test::TcpConnection(ip("127.9.8.7")));
  expect_found(test::TcpConnection(ip("127.9.8.7"), test::Listener::on_any_ip6));
}

}  // namespace
}  // namespace loadshare::connections
