// SPDX-License-Identifier: GPL-2.0-or-later
// Which nf_tables rules of others share out the same address.
#include "checks/foreign_rules.h"

#include <gtest/gtest.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>

#include <cstring>
#include <vector>

#include "builders.h"
#include "kernel/netlink/socket.h"

namespace loadshare::checks {
namespace {

using test::ip;

/// A rule in chain INPUT of table filter, as the kernel tells it: an address that is compared, and
/// an expression of that name, or a match of iptables-nft.
netlink::Message a_rule(const IpAddress& address, const std::string& name,
                        const std::string& match = "") {
  netlink::Message message(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWRULE, 0);
  message.extra<nfgenmsg>();
  auto* header = &message.header();
  mnl_attr_put_strz(header, NFTA_RULE_TABLE, "filter");
  mnl_attr_put_strz(header, NFTA_RULE_CHAIN, "INPUT");
  auto* expressions = mnl_attr_nest_start(header, NFTA_RULE_EXPRESSIONS);
  auto* compared = mnl_attr_nest_start(header, NFTA_LIST_ELEM);
  mnl_attr_put_strz(header, NFTA_EXPR_NAME, "cmp");
  mnl_attr_put(header, NFTA_EXPR_DATA, address.octets().size(), address.octets().data());
  mnl_attr_nest_end(header, compared);
  auto* expression = mnl_attr_nest_start(header, NFTA_LIST_ELEM);
  mnl_attr_put_strz(header, NFTA_EXPR_NAME, name.c_str());
  auto* data = mnl_attr_nest_start(header, NFTA_EXPR_DATA);
  if (!match.empty()) mnl_attr_put_strz(header, NFTA_MATCH_NAME, match.c_str());
  mnl_attr_nest_end(header, data);
  mnl_attr_nest_end(header, expression);
  mnl_attr_nest_end(header, expressions);
  return message;
}

TEST(ForeignRule, ThatNamesTheAddressAndHashesIsTold) {
  for (const auto& address : {ip("10.0.0.100"), ip("fd77::100")}) {
    EXPECT_EQ(foreign_rule(a_rule(address, "hash").header(), address),
              "a rule with a hash in chain INPUT of table filter");
    EXPECT_EQ(foreign_rule(a_rule(address, "match", "cluster").header(), address),
              "a rule with xt_cluster in chain INPUT of table filter");
  }
}

TEST(ForeignRule, OfAnotherKindOrAddressIsNone) {
  const auto address = ip("10.0.0.100");
  EXPECT_EQ(foreign_rule(a_rule(ip("10.0.0.101"), "hash").header(), address), "");
  EXPECT_EQ(foreign_rule(a_rule(address, "counter").header(), address), "");
  EXPECT_EQ(foreign_rule(a_rule(address, "match", "conntrack").header(), address), "");
  EXPECT_EQ(foreign_rule(a_rule(address, "match").header(), address), "");
}

TEST(ForeignRule, CutShortAnywhereIsNoneOrTheSame) {
  const auto address = ip("10.0.0.100");
  auto message = a_rule(address, "match", "cluster");
  const auto& whole = message.header();
  for (std::size_t size = sizeof whole; size < whole.nlmsg_len; ++size) {
    std::vector<char> bytes(size);
    std::memcpy(bytes.data(), &whole, size);
    auto& cut = *reinterpret_cast<nlmsghdr*>(bytes.data());
    cut.nlmsg_len = static_cast<std::uint32_t>(size);
    EXPECT_EQ(foreign_rule(cut, address), "") << size;
  }
}

}  // namespace
}  // namespace loadshare::checks
