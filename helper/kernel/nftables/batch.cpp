// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/nftables/batch.h"

#include <libmnl/libmnl.h>
#include <libnftnl/common.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <array>
#include <cerrno>

#include "kernel/netlink/socket.h"
#include "kernel/nftables/handles.h"
#include "kernel/nftables/ruleset.h"
#include "loadshare/error.h"

namespace loadshare::nftables {
namespace {

constexpr std::size_t most_message_size = 4096;  // a rule has a dozen expressions of 60 bytes
constexpr std::uint32_t verdict_data_type = 0xffffff00;  // NFT_DATA_VERDICT

/// Type-length-value list that `nft` reads: comments, byte order of keys.
class UserDataBuffer {
 public:
  UserDataBuffer() : buffer_(nftnl_udata_buf_alloc(NFT_USERDATA_MAXLEN)) {}
  nftnl_udata_buf* get() const { return buffer_.get(); }
  const void* data() const { return nftnl_udata_buf_data(buffer_.get()); }
  std::uint32_t size() const { return nftnl_udata_buf_len(buffer_.get()); }

 private:
  std::unique_ptr<nftnl_udata_buf, ReleaseWith<nftnl_udata_buf_free>> buffer_;
};

SetHandle make_set(const SetSpec& spec) {
  SetHandle set(nftnl_set_alloc());
  nftnl_set_set_str(set.get(), NFTNL_SET_TABLE, table_name);
  nftnl_set_set_str(set.get(), NFTNL_SET_NAME, spec.name.c_str());
  return set;
}

nftnl_set_elem* make_element(const Bytes& key) {
  auto* element = nftnl_set_elem_alloc();
  nftnl_set_elem_set(element, NFTNL_SET_ELEM_KEY, key.data(),
                     static_cast<std::uint32_t>(key.size()));
  return element;
}

ChainHandle make_chain(const std::string& name) {
  ChainHandle chain(nftnl_chain_alloc());
  nftnl_chain_set_str(chain.get(), NFTNL_CHAIN_TABLE, table_name);
  nftnl_chain_set_str(chain.get(), NFTNL_CHAIN_NAME, name.c_str());
  return chain;
}

RuleHandle make_rule(const std::string& chain) {
  RuleHandle rule(nftnl_rule_alloc());
  nftnl_rule_set_str(rule.get(), NFTNL_RULE_TABLE, table_name);
  nftnl_rule_set_str(rule.get(), NFTNL_RULE_CHAIN, chain.c_str());
  return rule;
}

}  // namespace

Batch::Batch() : bytes_(most_message_size) {
  nftnl_batch_begin(bytes_.data(), sequence_++);
  used_ = reinterpret_cast<nlmsghdr*>(bytes_.data())->nlmsg_len;
}

nlmsghdr& Batch::add_message(std::uint16_t type, std::uint16_t flags) {
  bytes_.resize(used_ + most_message_size);
  return *nftnl_nlmsg_build_hdr(bytes_.data() + used_, type, family_, flags, sequence_++);
}

void Batch::close_message(const nlmsghdr& message) { used_ += MNL_ALIGN(message.nlmsg_len); }

void Batch::add_table() {
  const TableHandle table(nftnl_table_alloc());
  nftnl_table_set_str(table.get(), NFTNL_TABLE_NAME, table_name);
  auto& message = add_message(NFT_MSG_NEWTABLE, NLM_F_CREATE);
  nftnl_table_nlmsg_build_payload(&message, table.get());
  close_message(message);
}

void Batch::delete_table() {
  add_table();  // deleting what is missing would be an error
  const TableHandle table(nftnl_table_alloc());
  nftnl_table_set_str(table.get(), NFTNL_TABLE_NAME, table_name);
  auto& message = add_message(NFT_MSG_DELTABLE, 0);
  nftnl_table_nlmsg_build_payload(&message, table.get());
  close_message(message);
}

void Batch::put_base_chain(nftnl_chain& chain, std::uint32_t hook, std::int32_t priority) {
  nftnl_chain_set_str(&chain, NFTNL_CHAIN_TYPE, "filter");
  nftnl_chain_set_u32(&chain, NFTNL_CHAIN_HOOKNUM, hook);
  nftnl_chain_set_s32(&chain, NFTNL_CHAIN_PRIO, priority);
  nftnl_chain_set_u32(&chain, NFTNL_CHAIN_POLICY, NF_ACCEPT);
  auto& message = add_message(NFT_MSG_NEWCHAIN, NLM_F_CREATE);
  nftnl_chain_nlmsg_build_payload(&message, &chain);
  close_message(message);
}

void Batch::add_prerouting_chain(const std::string& name, std::int32_t priority) {
  put_base_chain(*make_chain(name), NF_INET_PRE_ROUTING, priority);
}

void Batch::add_ingress_chain(const std::string& name, const std::string& interface,
                              std::int32_t priority) {
  const auto chain = make_chain(name);
  nftnl_chain_set_str(chain.get(), NFTNL_CHAIN_DEV, interface.c_str());
  put_base_chain(*chain, NF_NETDEV_INGRESS, priority);
}

void Batch::add_chain(const std::string& name, const std::string& comment) {
  const auto chain = make_chain(name);
  if (!comment.empty()) {
    const UserDataBuffer data;
    nftnl_udata_put_strz(data.get(), NFTNL_UDATA_CHAIN_COMMENT, comment.c_str());
    nftnl_chain_set_data(chain.get(), NFTNL_CHAIN_USERDATA, data.data(), data.size());
  }
  auto& message = add_message(NFT_MSG_NEWCHAIN, NLM_F_CREATE);
  nftnl_chain_nlmsg_build_payload(&message, chain.get());
  close_message(message);
}

void Batch::delete_chain(const std::string& name) {
  const auto chain = make_chain(name);
  auto& message = add_message(NFT_MSG_DELCHAIN, 0);
  nftnl_chain_nlmsg_build_payload(&message, chain.get());
  close_message(message);
}

void Batch::add_set(const SetSpec& spec) {
  const auto set = make_set(spec);
  // The number only has to differ within the batch.
  nftnl_set_set_u32(set.get(), NFTNL_SET_ID, sequence_);
  nftnl_set_set_u32(set.get(), NFTNL_SET_KEY_TYPE, static_cast<std::uint32_t>(spec.key_type));
  nftnl_set_set_u32(set.get(), NFTNL_SET_KEY_LEN, spec.key_size);
  const std::uint32_t flags = (spec.expiring ? NFT_SET_TIMEOUT : 0) |
                              (spec.filled_by_rules ? NFT_SET_EVAL : 0) |
                              (spec.verdict_map ? NFT_SET_MAP : 0);
  if (flags != 0) nftnl_set_set_u32(set.get(), NFTNL_SET_FLAGS, flags);
  if (spec.verdict_map) {
    nftnl_set_set_u32(set.get(), NFTNL_SET_DATA_TYPE, verdict_data_type);
  }
  if (spec.counted) nftnl_set_add_expr(set.get(), encode(Counter{}));
  if (spec.most_elements > 0) {
    nftnl_set_set_u32(set.get(), NFTNL_SET_DESC_SIZE, spec.most_elements);
  }
  const UserDataBuffer data;
  if (spec.key_type == KeyType::bucket) {
    constexpr std::uint32_t host_byte_order = 1;  // BYTEORDER_HOST_ENDIAN of nft
    nftnl_udata_put_u32(data.get(), NFTNL_UDATA_SET_KEYBYTEORDER, host_byte_order);
    nftnl_set_set_data(set.get(), NFTNL_SET_USERDATA, data.data(), data.size());
  }
  auto& message = add_message(NFT_MSG_NEWSET, NLM_F_CREATE);
  nftnl_set_nlmsg_build_payload(&message, set.get());
  close_message(message);
}

void Batch::delete_set(const SetSpec& spec) {
  const auto set = make_set(spec);
  auto& message = add_message(NFT_MSG_DELSET, 0);
  nftnl_set_nlmsg_build_payload(&message, set.get());
  close_message(message);
}

void Batch::put_set_elements(std::uint16_t type, std::uint16_t flags, nftnl_set& set) {
  auto& message = add_message(type, flags);
  nftnl_set_elems_nlmsg_build_payload(&message, &set);
  close_message(message);
}

void Batch::add_element(const SetSpec& spec, const Bytes& key) {
  const auto set = make_set(spec);
  nftnl_set_elem_add(set.get(), make_element(key));
  put_set_elements(NFT_MSG_NEWSETELEM, NLM_F_CREATE, *set);
}

void Batch::renew_element(const SetSpec& spec, const Bytes& key, std::chrono::milliseconds lifetime,
                          std::uint64_t packets) {
  make_sure_of_no_element(spec, key);
  add_expiring_element(spec, key, lifetime, packets);
}

void Batch::make_sure_of_no_element(const SetSpec& spec, const Bytes& key) {
  add_element(spec, key);  // deleting what is missing would be an error
  delete_element(spec, key);
}

void Batch::add_expiring_element(const SetSpec& spec, const Bytes& key,
                                 std::chrono::milliseconds lifetime, std::uint64_t packets) {
  const auto set = make_set(spec);
  auto* element = make_element(key);
  nftnl_set_elem_set_u64(element, NFTNL_SET_ELEM_TIMEOUT,
                         static_cast<std::uint64_t>(lifetime.count()));
  if (spec.counted) nftnl_set_elem_add_expr(element, encode(Counter{packets}));
  nftnl_set_elem_add(set.get(), element);
  put_set_elements(NFT_MSG_NEWSETELEM, NLM_F_CREATE, *set);
}

void Batch::add_jump(const SetSpec& map, const Bytes& key, const std::string& chain) {
  const auto set = make_set(map);
  auto* element = make_element(key);
  nftnl_set_elem_set_u32(element, NFTNL_SET_ELEM_VERDICT, static_cast<std::uint32_t>(NFT_GOTO));
  nftnl_set_elem_set_str(element, NFTNL_SET_ELEM_CHAIN, chain.c_str());
  nftnl_set_elem_add(set.get(), element);
  put_set_elements(NFT_MSG_NEWSETELEM, NLM_F_CREATE, *set);
}

void Batch::delete_element(const SetSpec& spec, const Bytes& key) {
  const auto set = make_set(spec);
  nftnl_set_elem_add(set.get(), make_element(key));
  put_set_elements(NFT_MSG_DELSETELEM, 0, *set);
}

void Batch::delete_elements(const SetSpec& spec) {
  // No element in the message: all of them.
  const auto set = make_set(spec);
  put_set_elements(NFT_MSG_DELSETELEM, 0, *set);
}

void Batch::delete_rules(const std::string& chain) {
  const auto any_rule = make_rule(chain);
  auto& message = add_message(NFT_MSG_DELRULE, 0);
  nftnl_rule_nlmsg_build_payload(&message, any_rule.get());
  close_message(message);
}

void Batch::replace_rules(const std::string& chain, const std::vector<Rule>& rules) {
  delete_rules(chain);
  for (const auto& expressions : rules) {
    const auto rule = make_rule(chain);
    encode(expressions, *rule);
    auto& message = add_message(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
    nftnl_rule_nlmsg_build_payload(&message, rule.get());
    close_message(message);
  }
}

int Batch::commit(netlink::Socket& socket) {
  bytes_.resize(used_ + most_message_size);
  const auto* end = nftnl_batch_end(bytes_.data() + used_, sequence_++);
  return socket.send_batch(bytes_.data(), used_ + end->nlmsg_len);
}

}  // namespace loadshare::nftables
