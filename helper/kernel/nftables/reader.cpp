// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/nftables/reader.h"

#include <libnftnl/common.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "kernel/nftables/handles.h"
#include "kernel/nftables/ruleset.h"
#include "loadshare/error.h"

namespace loadshare::nftables {
namespace {

/// Room for one request.
struct Request {
  alignas(nlmsghdr) std::array<char, 1024> bytes{};
  nlmsghdr& header(std::uint16_t type, std::uint16_t family, std::uint16_t flags) {
    const auto all_flags = static_cast<std::uint16_t>(NLM_F_ACK | flags);
    return *nftnl_nlmsg_build_hdr(bytes.data(), type, family, all_flags, 0);
  }
};

// A type-length-value list as Batch writes it; whatever else stands there reads as no comment.
std::string comment_in(const void* user_data, std::uint32_t size) {
  const auto* bytes = static_cast<const std::uint8_t*>(user_data);
  for (std::uint32_t at = 0; at + 2 <= size && at + 2 + bytes[at + 1] <= size;
       at += 2 + bytes[at + 1]) {
    if (bytes[at] != NFTNL_UDATA_CHAIN_COMMENT) continue;
    const auto* text = reinterpret_cast<const char*>(bytes + at + 2);
    return {text, strnlen(text, bytes[at + 1])};
  }
  return {};
}

std::uint64_t packets_of(nftnl_set_elem& element) {
  std::uint32_t size = 0;
  const auto* expression =
      static_cast<const nftnl_expr*>(nftnl_set_elem_get(&element, NFTNL_SET_ELEM_EXPR, &size));
  if (expression == nullptr) return 0;
  const auto decoded = decode(*expression);
  const auto* counter = std::get_if<Counter>(&decoded);
  return counter != nullptr ? counter->packets : 0;
}

}  // namespace

std::optional<Chain> parse_chain(const nlmsghdr& message) {
  const ChainHandle handle(nftnl_chain_alloc());
  if (nftnl_chain_nlmsg_parse(&message, handle.get()) < 0) return std::nullopt;
  const auto* table = nftnl_chain_get_str(handle.get(), NFTNL_CHAIN_TABLE);
  const auto* name = nftnl_chain_get_str(handle.get(), NFTNL_CHAIN_NAME);
  if (table == nullptr || name == nullptr || std::strcmp(table, table_name) != 0) {
    return std::nullopt;
  }
  Chain chain;
  chain.name = name;
  if (nftnl_chain_is_set(handle.get(), NFTNL_CHAIN_USERDATA)) {
    std::uint32_t size = 0;
    const auto* data = nftnl_chain_get_data(handle.get(), NFTNL_CHAIN_USERDATA, &size);
    chain.comment = comment_in(data, size);
  }
  if (nftnl_chain_is_set(handle.get(), NFTNL_CHAIN_HOOKNUM)) {
    chain.hook = nftnl_chain_get_u32(handle.get(), NFTNL_CHAIN_HOOKNUM);
    chain.priority = nftnl_chain_get_s32(handle.get(), NFTNL_CHAIN_PRIO);
    chain.policy = nftnl_chain_get_u32(handle.get(), NFTNL_CHAIN_POLICY);
  }
  return chain;
}

std::optional<Rule> parse_rule(const nlmsghdr& message) {
  const RuleHandle handle(nftnl_rule_alloc());
  if (nftnl_rule_nlmsg_parse(&message, handle.get()) < 0) return std::nullopt;
  return decode(*handle);
}

std::vector<Element> parse_elements(const nlmsghdr& message) {
  const SetHandle handle(nftnl_set_alloc());
  if (nftnl_set_elems_nlmsg_parse(&message, handle.get()) < 0) return {};
  const std::unique_ptr<nftnl_set_elems_iter, ReleaseWith<nftnl_set_elems_iter_destroy>> iterator(
      nftnl_set_elems_iter_create(handle.get()));
  std::vector<Element> elements;
  if (!iterator) return elements;  // libnftnl has no iterator over nothing
  while (auto* found = nftnl_set_elems_iter_next(iterator.get())) {
    Element element;
    std::uint32_t size = 0;
    const auto* key =
        static_cast<const std::uint8_t*>(nftnl_set_elem_get(found, NFTNL_SET_ELEM_KEY, &size));
    if (key != nullptr) element.key.assign(key, key + size);
    const bool jumps = nftnl_set_elem_is_set(found, NFTNL_SET_ELEM_VERDICT) &&
                       nftnl_set_elem_get_u32(found, NFTNL_SET_ELEM_VERDICT) ==
                           static_cast<std::uint32_t>(NFT_GOTO);
    const auto* chain = jumps ? nftnl_set_elem_get_str(found, NFTNL_SET_ELEM_CHAIN) : nullptr;
    if (chain != nullptr) element.chain = chain;
    element.packets = packets_of(*found);
    if (nftnl_set_elem_is_set(found, NFTNL_SET_ELEM_EXPIRATION)) {
      element.left =
          std::chrono::milliseconds(nftnl_set_elem_get_u64(found, NFTNL_SET_ELEM_EXPIRATION));
    }
    elements.push_back(std::move(element));
  }
  return elements;
}

Reader::Reader(netlink::Socket& socket, std::uint16_t family) : socket_(socket), family_(family) {}

netlink::Answer Reader::ask(nlmsghdr& request, const char* tried) {
  auto answer = socket_.ask(request);
  // nfnetlink's word for a subsystem that it does not know (nfnetlink_rcv_msg).
  if (answer.error_number == EINVAL) {
    throw Error(ExitCode::not_installed, "this kernel has no nf_tables");
  }
  if (answer.error_number != 0 && answer.error_number != ENOENT) {
    throw kernel_error(std::string("read ") + tried + " of nf_tables", answer.error_number);
  }
  return answer;
}

std::optional<Chain> Reader::chain(const std::string& name) {
  const ChainHandle wanted(nftnl_chain_alloc());
  nftnl_chain_set_str(wanted.get(), NFTNL_CHAIN_TABLE, table_name);
  nftnl_chain_set_str(wanted.get(), NFTNL_CHAIN_NAME, name.c_str());
  Request request;
  auto& header = request.header(NFT_MSG_GETCHAIN, family_, 0);
  nftnl_chain_nlmsg_build_payload(&header, wanted.get());
  const auto answer = ask(header, "a chain");
  if (answer.error_number == ENOENT || answer.replies.empty()) return std::nullopt;
  return parse_chain(answer.replies.front().header());
}

std::vector<Chain> Reader::chains() {
  Request request;
  const auto answer = ask(request.header(NFT_MSG_GETCHAIN, family_, NLM_F_DUMP), "the chains");
  std::vector<Chain> chains;
  for (const auto& reply : answer.replies) {
    if (auto chain = parse_chain(reply.header())) chains.push_back(std::move(*chain));
  }
  return chains;
}

std::vector<Rule> Reader::rules(const std::string& chain) {
  const RuleHandle wanted(nftnl_rule_alloc());
  nftnl_rule_set_str(wanted.get(), NFTNL_RULE_TABLE, table_name);
  nftnl_rule_set_str(wanted.get(), NFTNL_RULE_CHAIN, chain.c_str());
  Request request;
  auto& header = request.header(NFT_MSG_GETRULE, family_, NLM_F_DUMP);
  nftnl_rule_nlmsg_build_payload(&header, wanted.get());
  std::vector<Rule> rules;
  for (const auto& reply : ask(header, "the rules").replies) {
    // What cannot be read must not look like what was asked for.
    rules.push_back(parse_rule(reply.header()).value_or(Rule{Foreign{"unreadable"}}));
  }
  return rules;
}

bool Reader::has_set(const std::string& name) {
  const SetHandle wanted(nftnl_set_alloc());
  nftnl_set_set_str(wanted.get(), NFTNL_SET_TABLE, table_name);
  nftnl_set_set_str(wanted.get(), NFTNL_SET_NAME, name.c_str());
  Request request;
  auto& header = request.header(NFT_MSG_GETSET, family_, 0);
  nftnl_set_nlmsg_build_payload(&header, wanted.get());
  return ask(header, "a set").error_number != ENOENT;
}

std::optional<std::vector<Element>> Reader::elements(const std::string& set) {
  const SetHandle wanted(nftnl_set_alloc());
  nftnl_set_set_str(wanted.get(), NFTNL_SET_TABLE, table_name);
  nftnl_set_set_str(wanted.get(), NFTNL_SET_NAME, set.c_str());
  Request request;
  auto& header = request.header(NFT_MSG_GETSETELEM, family_, NLM_F_DUMP);
  nftnl_set_elems_nlmsg_build_payload(&header, wanted.get());
  const auto answer = ask(header, "a set");
  if (answer.error_number == ENOENT) return std::nullopt;
  std::vector<Element> elements;
  for (const auto& reply : answer.replies) {
    const auto part = parse_elements(reply.header());
    elements.insert(elements.end(), part.begin(), part.end());
  }
  return elements;
}

std::optional<Element> Reader::element(const std::string& set, const Bytes& key) {
  const SetHandle wanted(nftnl_set_alloc());
  nftnl_set_set_str(wanted.get(), NFTNL_SET_TABLE, table_name);
  nftnl_set_set_str(wanted.get(), NFTNL_SET_NAME, set.c_str());
  auto* one = nftnl_set_elem_alloc();
  nftnl_set_elem_set(one, NFTNL_SET_ELEM_KEY, key.data(), static_cast<std::uint32_t>(key.size()));
  nftnl_set_elem_add(wanted.get(), one);  // which releases it
  Request request;
  auto& header = request.header(NFT_MSG_GETSETELEM, family_, 0);
  nftnl_set_elems_nlmsg_build_payload(&header, wanted.get());
  for (const auto& reply : ask(header, "an element").replies) {
    for (auto& found : parse_elements(reply.header())) return std::move(found);
  }
  return std::nullopt;
}

}  // namespace loadshare::nftables
