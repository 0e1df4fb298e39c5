// SPDX-License-Identifier: GPL-2.0-or-later
// Netlink attributes: whole, truncated and hostile messages.
#include "kernel/netlink/socket.h"

#include <gtest/gtest.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

#include <cstring>

#include "builders.h"

namespace loadshare::test {
namespace {

using netlink::attributes;
using testing::ElementsAre;
using testing::IsEmpty;

// Three attributes behind an ifaddrmsg: types 1, 2, 3 with 4, 1 and 8 octets.
netlink::Message a_message() {
  netlink::Message message(RTM_NEWADDR, NLM_F_CREATE);
  message.extra<ifaddrmsg>().ifa_prefixlen = 24;
  mnl_attr_put_u32(&message.header(), 1, 0x01020304);
  mnl_attr_put_u8(&message.header(), 2, 5);
  mnl_attr_put_u64(&message.header(), 3, 6);
  return message;
}

// The first octets of a message and not one more: the sanitizer sees whoever reads on.
class Cut {
 public:
  Cut(const nlmsghdr& header, std::size_t size) : bytes_(size) {
    std::memcpy(bytes_.data(), &header, size);
    this->header().nlmsg_len = static_cast<std::uint32_t>(size);
  }
  nlmsghdr& header() { return *reinterpret_cast<nlmsghdr*>(bytes_.data()); }

 private:
  std::vector<char> bytes_;
};

std::vector<int> types(const std::vector<const nlattr*>& found) {
  std::vector<int> numbers;
  for (const auto* attribute : found) numbers.push_back(mnl_attr_get_type(attribute));
  return numbers;
}

TEST(NetlinkMessage, AsksForAnAcknowledgement) {
  auto message = a_message();
  EXPECT_EQ(message.header().nlmsg_type, RTM_NEWADDR);
  EXPECT_EQ(message.header().nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE);
  EXPECT_EQ(message.header().nlmsg_len, 16u + sizeof(ifaddrmsg) + 8 + 8 + 12);
}

TEST(NetlinkAttributes, AreAllFoundInOrder) {
  auto message = a_message();
  const auto found = attributes(message.header(), sizeof(ifaddrmsg));
  ASSERT_THAT(types(found), ElementsAre(1, 2, 3));
  EXPECT_EQ(mnl_attr_get_u32(found[0]), 0x01020304u);
  EXPECT_EQ(mnl_attr_get_u8(found[1]), 5);
  EXPECT_EQ(mnl_attr_get_u64(found[2]), 6u);
}

TEST(NetlinkAttributes, AreFoundOnlyWhereTheyAreWhole) {
  auto message = a_message();
  const std::size_t start = sizeof(nlmsghdr) + sizeof(ifaddrmsg);
  for (std::size_t size = sizeof(nlmsghdr); size < message.header().nlmsg_len; ++size) {
    Cut cut(message.header(), size);
    // The second attribute is whole with 5 octets; 3 more only fill up.
    const std::size_t whole = size < start + 8 ? 0 : size < start + 13 ? 1 : 2;
    EXPECT_EQ(attributes(cut.header(), sizeof(ifaddrmsg)).size(), whole) << size << " octets";
  }
}

TEST(NetlinkAttributes, AreNoneWhereTheLengthIsALie) {
  for (const int length : {0, 1, 3, 29, 1000, 65535}) {
    auto message = a_message();
    Cut copy(message.header(), message.header().nlmsg_len);
    auto* first = reinterpret_cast<nlattr*>(reinterpret_cast<char*>(&copy.header()) +
                                            sizeof(nlmsghdr) + sizeof(ifaddrmsg));
    first->nla_len = static_cast<std::uint16_t>(length);
    EXPECT_THAT(attributes(copy.header(), sizeof(ifaddrmsg)), IsEmpty()) << length;
  }
}

TEST(NetlinkAttributes, AreFoundInsideANest) {
  netlink::Message message(RTM_NEWADDR, 0);
  message.extra<ifaddrmsg>();
  auto& header = message.header();
  auto* nest = mnl_attr_nest_start(&header, 7);
  mnl_attr_put_u32(&header, 1, 11);
  mnl_attr_put_u32(&header, 2, 12);
  mnl_attr_nest_end(&header, nest);
  mnl_attr_put_u32(&header, 3, 13);

  const auto outer = attributes(header, sizeof(ifaddrmsg));
  ASSERT_THAT(types(outer), ElementsAre(7, 3));
  EXPECT_THAT(types(attributes(*outer[0])), ElementsAre(1, 2));
}

TEST(NetlinkAttributes, AreNoneInsideAnEmptyNest) {
  netlink::Message message(RTM_NEWADDR, 0);
  message.extra<ifaddrmsg>();
  auto& header = message.header();
  mnl_attr_nest_end(&header, mnl_attr_nest_start(&header, 7));
  const auto outer = attributes(header, sizeof(ifaddrmsg));
  ASSERT_EQ(outer.size(), 1u);
  EXPECT_THAT(attributes(*outer[0]), IsEmpty());
}

TEST(NetlinkReply, IsACopy) {
  auto message = a_message();
  const netlink::Reply reply(message.header());
  message.header().nlmsg_type = 0;
  EXPECT_EQ(reply.header().nlmsg_type, RTM_NEWADDR);
  EXPECT_THAT(types(attributes(reply.header(), sizeof(ifaddrmsg))), ElementsAre(1, 2, 3));
}

}  // namespace
}  // namespace loadshare::test
