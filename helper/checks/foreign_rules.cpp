// SPDX-License-Identifier: GPL-2.0-or-later
#include "checks/foreign_rules.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>

#include <algorithm>

#include "kernel/netlink/socket.h"
#include "loadshare/error.h"

namespace loadshare::checks {
namespace {

const nlattr* find(const std::vector<const nlattr*>& attributes, int type) {
  for (const auto* attribute : attributes) {
    if (mnl_attr_get_type(attribute) == type) return attribute;
  }
  return nullptr;
}

std::string text_in(const std::vector<const nlattr*>& attributes, int type) {
  const auto* found = find(attributes, type);
  return found != nullptr ? netlink::text_of(*found) : "";
}

// "hash" for a jhash of nf_tables, "xt_cluster" for that match behind iptables-nft.
std::string hashes_with(const nlattr& expression) {
  const auto parts = netlink::attributes(expression);
  const auto name = text_in(parts, NFTA_EXPR_NAME);
  if (name == "hash") return "a hash";
  const auto* data = find(parts, NFTA_EXPR_DATA);
  if (name != "match" || data == nullptr) return "";
  const auto match = text_in(netlink::attributes(*data), NFTA_MATCH_NAME);
  return match == "cluster" ? "xt_cluster" : "";
}

bool names(const nlattr& expressions, const IpAddress& address) {
  const auto* start = static_cast<const std::uint8_t*>(mnl_attr_get_payload(&expressions));
  const auto* end = start + mnl_attr_get_payload_len(&expressions);
  const auto octets = address.octets();
  return std::search(start, end, octets.begin(), octets.end()) != end;
}

}  // namespace

std::string foreign_rule(const nlmsghdr& message, const IpAddress& address) {
  const auto parts = netlink::attributes(message, sizeof(nfgenmsg));
  const auto table = text_in(parts, NFTA_RULE_TABLE);
  const auto* expressions = find(parts, NFTA_RULE_EXPRESSIONS);
  if (expressions == nullptr || !names(*expressions, address)) {
    return "";
  }
  for (const auto* expression : netlink::attributes(*expressions)) {
    const auto how = hashes_with(*expression);
    if (how.empty()) continue;
    return "a rule with " + how + " in chain " + text_in(parts, NFTA_RULE_CHAIN) + " of table " +
           table;
  }
  return "";
}

std::vector<std::string> foreign_rules(const IpAddress& address) {
  netlink::Message message(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETRULE, NLM_F_DUMP);
  message.extra<nfgenmsg>().nfgen_family = NFPROTO_UNSPEC;
  std::vector<std::string> found;
  for (const auto& reply : netlink::Socket(NETLINK_NETFILTER).ask(message).replies) {
    const auto text = foreign_rule(reply.header(), address);
    if (!text.empty()) found.push_back(text);
  }
  return found;
}

}  // namespace loadshare::checks
