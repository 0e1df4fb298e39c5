// SPDX-License-Identifier: GPL-2.0-or-later
// What ctnetlink tells of connections: whole messages, truncated and hostile ones.
#include "kernel/connections/connections.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>

#include <cstring>

#include "builders.h"
#include "kernel/netlink/socket.h"

namespace loadshare::connections {
namespace {

using test::ip;

class Nest {
 public:
  Nest(nlmsghdr& header, std::uint16_t type)
      : header_(header), nest_(mnl_attr_nest_start(&header, type)) {}
  ~Nest() { mnl_attr_nest_end(&header_, nest_); }
  Nest(const Nest&) = delete;

 private:
  nlmsghdr& header_;
  nlattr* nest_;
};

void put_tuple(nlmsghdr& header, std::uint16_t type, const IpAddress& source,
               const IpAddress& destination, std::uint16_t source_port, std::uint16_t dest_port) {
  const bool v4 = source.version == 4;
  const Nest tuple(header, type);
  {
    const Nest addresses(header, CTA_TUPLE_IP);
    mnl_attr_put(&header, v4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC, source.octets().size(),
                 source.bytes.data());
    mnl_attr_put(&header, v4 ? CTA_IP_V4_DST : CTA_IP_V6_DST, destination.octets().size(),
                 destination.bytes.data());
  }
  const Nest protocol(header, CTA_TUPLE_PROTO);
  mnl_attr_put_u8(&header, CTA_PROTO_NUM, IPPROTO_TCP);
  mnl_attr_put_u16(&header, CTA_PROTO_SRC_PORT, htons(source_port));
  mnl_attr_put_u16(&header, CTA_PROTO_DST_PORT, htons(dest_port));
}

/// As the kernel tells of a client's connection from port 40001 to port 80.
netlink::Message a_connection(const IpAddress& client, const IpAddress& cluster,
                              std::uint8_t tcp_state = TCP_CONNTRACK_ESTABLISHED) {
  netlink::Message message(NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW, 0);
  message.extra<nfgenmsg>().nfgen_family = client.version == 4 ? AF_INET : AF_INET6;
  auto& header = message.header();
  put_tuple(header, CTA_TUPLE_ORIG, client, cluster, 40001, 80);
  // Of the way back, which NAT may have changed; whose names are the same.
  put_tuple(header, CTA_TUPLE_REPLY, ip("192.0.2.1"), ip("192.0.2.2"), 1, 2);
  mnl_attr_put_u32(&header, CTA_STATUS, 0);
  {
    const Nest info(header, CTA_PROTOINFO);
    const Nest tcp(header, CTA_PROTOINFO_TCP);
    mnl_attr_put_u8(&header, CTA_PROTOINFO_TCP_WSCALE_ORIGINAL, 7);
    mnl_attr_put_u8(&header, CTA_PROTOINFO_TCP_STATE, tcp_state);
  }
  mnl_attr_put_u16(&header, CTA_ZONE, htons(9));  // with padding behind it
  mnl_attr_put_u32(&header, CTA_ID, 0x01020304);
  return message;
}

const IpAddress client4 = ip("10.0.0.7"), cluster4 = ip("10.0.0.100");
const IpAddress client6 = ip("fd77::7"), cluster6 = ip("fd77::64");

/// The first bytes of a message and not one more: the sanitizer sees whoever reads on.
std::optional<Connection> parse_cut(const nlmsghdr& header, std::size_t size) {
  std::vector<char> bytes(size);
  std::memcpy(bytes.data(), &header, size);
  auto& cut = *reinterpret_cast<nlmsghdr*>(bytes.data());
  cut.nlmsg_len = static_cast<std::uint32_t>(size);
  return parse(cut);
}

TEST(Connection, IsWhatItsClientBegan) {
  for (const auto& [client, cluster] :
       {std::pair{client4, cluster4}, std::pair{client6, cluster6}}) {
    auto message = a_connection(client, cluster);
    const auto found = parse(message.header());
    ASSERT_TRUE(found);
    EXPECT_EQ(found->source, client);
    EXPECT_EQ(found->destination, cluster);
    EXPECT_EQ(found->source_port, 40001);
    EXPECT_EQ(found->dest_port, 80);
    EXPECT_EQ(found->protocol, IPPROTO_TCP);
    EXPECT_EQ(found->tcp_state, TCP_CONNTRACK_ESTABLISHED);
  }
}

// Deleted by less, another connection of the same tuple in another zone, or a newer one, would go.
TEST(Connection, IsNamedByTupleIdAndZone) {
  auto message = a_connection(client4, cluster4);
  const auto found = parse(message.header());
  ASSERT_TRUE(found);
  netlink::Message named(0, 0);
  std::memcpy(mnl_nlmsg_get_payload_tail(&named.header()), found->message.data(),
              found->message.size());
  named.header().nlmsg_len += static_cast<std::uint32_t>(found->message.size());
  std::vector<int> types;
  for (const auto* attribute : netlink::attributes(named.header(), 0)) {
    types.push_back(mnl_attr_get_type(attribute));
  }
  EXPECT_THAT(types, testing::ElementsAre(CTA_TUPLE_ORIG, CTA_ZONE, CTA_ID));
}

TEST(Connection, IsOpenFromTheFirstPacketToTheLast) {
  const auto open_in = [](std::uint8_t state) {
    auto message = a_connection(client4, cluster4, state);
    return parse(message.header())->is_open();
  };
  for (const std::uint8_t state :
       {TCP_CONNTRACK_SYN_SENT, TCP_CONNTRACK_SYN_RECV, TCP_CONNTRACK_ESTABLISHED,
        TCP_CONNTRACK_FIN_WAIT, TCP_CONNTRACK_CLOSE_WAIT, TCP_CONNTRACK_LAST_ACK}) {
    EXPECT_TRUE(open_in(state)) << int{state};
  }
  for (const std::uint8_t state :
       {TCP_CONNTRACK_NONE, TCP_CONNTRACK_TIME_WAIT, TCP_CONNTRACK_CLOSE, TCP_CONNTRACK_LISTEN}) {
    EXPECT_FALSE(open_in(state)) << int{state};
  }
}

TEST(Connection, WithoutATupleIsNone) {
  netlink::Message message(NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW, 0);
  message.extra<nfgenmsg>();
  EXPECT_FALSE(parse(message.header()));
  put_tuple(message.header(), CTA_TUPLE_REPLY, client4, cluster4, 40001, 80);
  EXPECT_FALSE(parse(message.header()));
}

TEST(Connection, OfAnotherProtocolHasNoState) {
  netlink::Message message(NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW, 0);
  message.extra<nfgenmsg>();
  put_tuple(message.header(), CTA_TUPLE_ORIG, client4, cluster4, 40001, 80);
  const auto found = parse(message.header());
  ASSERT_TRUE(found);
  EXPECT_EQ(found->tcp_state, TCP_CONNTRACK_NONE);
  EXPECT_FALSE(found->is_open());
}

TEST(Connection, CutShortAnywhereIsReadAsFarAsItGoes) {
  for (const auto& [client, cluster] :
       {std::pair{client4, cluster4}, std::pair{client6, cluster6}}) {
    auto message = a_connection(client, cluster);
    const auto& header = message.header();
    for (std::size_t size = sizeof header; size < header.nlmsg_len; ++size) {
      const auto found = parse_cut(header, size);
      if (size < sizeof header + sizeof(nfgenmsg)) {
        EXPECT_FALSE(found) << size;
      }
      if (found) {
        EXPECT_EQ(found->source, client) << "tuples are whole or not there: " << size;
      }
    }
  }
}

TEST(Connection, WithAttributesTooShortHasZerosInTheirPlace) {
  netlink::Message message(NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW, 0);
  message.extra<nfgenmsg>();
  auto& header = message.header();
  {
    const Nest tuple(header, CTA_TUPLE_ORIG);
    {
      const Nest addresses(header, CTA_TUPLE_IP);
      mnl_attr_put(&header, CTA_IP_V4_SRC, 3, "\x0a\x00\x00");
      mnl_attr_put(&header, CTA_IP_V6_DST, 4, "\x0a\x00\x00\x07");
    }
    const Nest protocol(header, CTA_TUPLE_PROTO);
    mnl_attr_put(&header, CTA_PROTO_NUM, 0, "");
    mnl_attr_put_u8(&header, CTA_PROTO_SRC_PORT, 7);
  }
  const auto found = parse(header);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->source, (IpAddress{4, {}}));
  EXPECT_EQ(found->destination, (IpAddress{6, {}}));
  EXPECT_EQ(found->protocol, 0);
  EXPECT_EQ(found->source_port, 0);
}

// It would not fit into the message that asks the kernel to forget it.
TEST(Connection, OfABoundlessNameIsNone) {
  netlink::Message message(NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW, 0);
  message.extra<nfgenmsg>();
  const std::vector<char> junk(3000);
  mnl_attr_put(&message.header(), CTA_TUPLE_ORIG, junk.size(), junk.data());
  EXPECT_FALSE(parse(message.header()));
}

netlink::Message a_fill(std::uint32_t entries) {
  netlink::Message message(NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET_STATS, 0);
  message.extra<nfgenmsg>();
  mnl_attr_put_u32(&message.header(), CTA_STATS_GLOBAL_ENTRIES, htonl(entries));
  return message;
}

TEST(Fill, IsWhatConntrackHoldsAndMayHold) {
  auto message = a_fill(70000);
  EXPECT_EQ(parse_fill(message.header())->entries, 70000u);
  EXPECT_EQ(parse_fill(message.header())->most, 0u) << "before Linux 4.18";
  mnl_attr_put_u32(&message.header(), CTA_STATS_GLOBAL_MAX_ENTRIES, htonl(262144));
  EXPECT_EQ(parse_fill(message.header())->entries, 70000u);
  EXPECT_EQ(parse_fill(message.header())->most, 262144u);
}

TEST(Fill, OfSomethingElseIsNone) {
  netlink::Message message(NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET_STATS, 0);
  EXPECT_FALSE(parse_fill(message.header()));
  message.extra<nfgenmsg>();
  EXPECT_FALSE(parse_fill(message.header()));
}

}  // namespace
}  // namespace loadshare::connections
