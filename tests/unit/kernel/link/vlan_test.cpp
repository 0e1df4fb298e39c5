// SPDX-License-Identifier: GPL-2.0-or-later
// The VLAN in what the kernel says of an interface.
#include "kernel/link/vlan.h"

#include <gtest/gtest.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

namespace loadshare::link::test {
namespace {

// As rtnl_fill_ifinfo of net/core/rtnetlink.c writes it, with one attribute before the interesting.
std::optional<unsigned> parsed(const char* kind, std::optional<std::uint16_t> vlan) {
  netlink::Message message(RTM_NEWLINK, 0);
  message.extra<ifinfomsg>().ifi_index = 2;
  mnl_attr_put_strz(&message.header(), IFLA_IFNAME, "eth0.20");
  auto* info = mnl_attr_nest_start(&message.header(), IFLA_LINKINFO);
  mnl_attr_put_strz(&message.header(), IFLA_INFO_KIND, kind);
  if (vlan) {
    auto* data = mnl_attr_nest_start(&message.header(), IFLA_INFO_DATA);
    mnl_attr_put_u16(&message.header(), IFLA_VLAN_ID, *vlan);
    mnl_attr_nest_end(&message.header(), data);
  }
  mnl_attr_nest_end(&message.header(), info);
  return parse_vlan(message.header());
}

TEST(ParseVlan, FindsTheNumberOfAVlanDevice) {
  EXPECT_EQ(parsed("vlan", 20), 20u);
  EXPECT_EQ(parsed("vlan", 4094), 4094u);
}

TEST(ParseVlan, FindsNoneInOtherDevices) {
  EXPECT_EQ(parsed("macvlan", 20), std::nullopt);
  EXPECT_EQ(parsed("vlan", std::nullopt), std::nullopt);
  netlink::Message plain(RTM_NEWLINK, 0);
  plain.extra<ifinfomsg>().ifi_index = 1;
  EXPECT_EQ(parse_vlan(plain.header()), std::nullopt);
}

}  // namespace
}  // namespace loadshare::link::test
