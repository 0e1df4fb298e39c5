// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/decider/predecessor.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string>
#include <vector>

#include "kernel/bpf/hook.h"
#include "kernel/bpf/object.h"
#include "kernel/netlink/socket.h"
#include "loadshare/error.h"

namespace loadshare::decider::predecessor {
namespace {

constexpr char table_name[] = "loadshare";
constexpr std::uint32_t early_drop_value_size = 140;

nfgenmsg& begin(netlink::Message& message, std::uint8_t family) {
  auto& fixed = message.extra<nfgenmsg>();
  fixed.nfgen_family = family;
  fixed.version = NFNETLINK_V0;
  return fixed;
}

std::string text_in(const nlmsghdr& header, int type) {
  for (const auto* attribute : netlink::attributes(header, sizeof(nfgenmsg))) {
    if (mnl_attr_get_type(attribute) == type) return netlink::text_of(*attribute);
  }
  return "";
}

// Somebody else may have a table of that name; ours had a chain for each address.
bool is_ours(const nlmsghdr& chain) {
  return text_in(chain, NFTA_CHAIN_TABLE) == table_name &&
         text_in(chain, NFTA_CHAIN_NAME).starts_with("cluster-");
}

bool has_table(netlink::Socket& socket, std::uint8_t family) {
  netlink::Message message(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETCHAIN, NLM_F_DUMP);
  begin(message, family);
  const auto answer = socket.ask(message);
  return std::any_of(answer.replies.begin(), answer.replies.end(),
                     [](const auto& reply) { return is_ours(reply.header()); });
}

void append(netlink::Message& message, std::vector<char>& batch) {
  const auto* bytes = reinterpret_cast<const char*>(&message.header());
  batch.insert(batch.end(), bytes, bytes + message.header().nlmsg_len);
}

void append_border(std::uint16_t type, std::vector<char>& batch) {
  netlink::Message message(type, 0);
  message.header().nlmsg_flags = NLM_F_REQUEST;
  begin(message, AF_UNSPEC).res_id = htons(NFNL_SUBSYS_NFTABLES);
  append(message, batch);
}

void delete_table(netlink::Socket& socket, std::uint8_t family) {
  std::vector<char> batch;
  append_border(NFNL_MSG_BATCH_BEGIN, batch);
  netlink::Message message(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_DELTABLE, 0);
  begin(message, family);
  mnl_attr_put_strz(&message.header(), NFTA_TABLE_NAME, table_name);
  append(message, batch);
  append_border(NFNL_MSG_BATCH_END, batch);
  const int error_number = socket.send_batch(batch.data(), batch.size());
  if (error_number != 0 && error_number != ENOENT) {
    throw kernel_error("delete the nf_tables of an earlier version", error_number);
  }
}

std::optional<netlink::Socket> open_nf_tables() {
  try {
    return netlink::Socket(NETLINK_NETFILTER);
  } catch (const Error& error) {
    if (error.code() == ExitCode::not_installed) return std::nullopt;
    throw;
  }
}

void delete_tables() {
  auto socket = open_nf_tables();
  if (!socket) return;
  for (const std::uint8_t family : {NFPROTO_NETDEV, NFPROTO_IPV6, NFPROTO_IPV4}) {
    if (has_table(*socket, family)) delete_table(*socket, family);
  }
}

bool is_early_drop(const bpf::Seat& seat) {
  const auto program = bpf::inspect(seat.program_id);
  if (!program || program->name != "loadshare_early") return false;
  return std::any_of(program->tables.begin(), program->tables.end(), [](std::uint32_t id) {
    const auto table = bpf::open_table(id);
    return table && table->key_size == sizeof(address_key) &&
           table->value_size == early_drop_value_size;
  });
}

void take_off_early_drops() {
  for (const auto& interface : bpf::all_interfaces()) {
    const bpf::Hook ingress(interface, bpf::Direction::ingress);
    for (const auto& seat : ingress.seats()) {
      if (is_early_drop(seat)) ingress.take_off(seat);
    }
  }
}

}  // namespace

void retire() {
  delete_tables();
  take_off_early_drops();
}

}  // namespace loadshare::decider::predecessor
