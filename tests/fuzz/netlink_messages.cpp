// SPDX-License-Identifier: GPL-2.0-or-later
// Fuzzes what reads back netlink: attributes as raw bytes; chains, expressions and elements as
// libnftnl hands them over, with any value in any attribute. (Raw bytes for those would only fuzz
// libnftnl, which trusts the kernel: it ends the process on an attribute of the wrong size.)
#include <fuzzer/FuzzedDataProvider.h>
#include <libnftnl/common.h>
#include <libnftnl/expr.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netlink.h>

#include <array>
#include <vector>

#include "kernel/connections/connections.h"
#include "kernel/netlink/socket.h"
#include "kernel/nftables/handles.h"
#include "kernel/nftables/reader.h"
#include "kernel/nftables/ruleset.h"

namespace {

using namespace loadshare;
using namespace loadshare::nftables;

/// An expression of ours and its attributes by their kind.
struct Kind {
  const char* name;
  std::vector<std::uint16_t> numbers, values, texts;
};
const std::vector<Kind> kinds = {
    {"payload",
     {NFTNL_EXPR_PAYLOAD_DREG, NFTNL_EXPR_PAYLOAD_BASE, NFTNL_EXPR_PAYLOAD_OFFSET,
      NFTNL_EXPR_PAYLOAD_LEN, NFTNL_EXPR_PAYLOAD_SREG},
     {},
     {}},
    {"meta", {NFTNL_EXPR_META_KEY, NFTNL_EXPR_META_DREG, NFTNL_EXPR_META_SREG}, {}, {}},
    {"immediate",
     {NFTNL_EXPR_IMM_DREG, NFTNL_EXPR_IMM_VERDICT},
     {NFTNL_EXPR_IMM_DATA},
     {NFTNL_EXPR_IMM_CHAIN}},
    {"bitwise",
     {NFTNL_EXPR_BITWISE_SREG, NFTNL_EXPR_BITWISE_DREG, NFTNL_EXPR_BITWISE_LEN,
      NFTNL_EXPR_BITWISE_OP},
     {NFTNL_EXPR_BITWISE_MASK, NFTNL_EXPR_BITWISE_XOR},
     {}},
    {"byteorder",
     {NFTNL_EXPR_BYTEORDER_DREG, NFTNL_EXPR_BYTEORDER_SREG, NFTNL_EXPR_BYTEORDER_OP,
      NFTNL_EXPR_BYTEORDER_LEN, NFTNL_EXPR_BYTEORDER_SIZE},
     {},
     {}},
    {"hash",
     {NFTNL_EXPR_HASH_SREG, NFTNL_EXPR_HASH_DREG, NFTNL_EXPR_HASH_LEN, NFTNL_EXPR_HASH_MODULUS,
      NFTNL_EXPR_HASH_SEED, NFTNL_EXPR_HASH_OFFSET, NFTNL_EXPR_HASH_TYPE},
     {},
     {}},
    {"cmp", {NFTNL_EXPR_CMP_SREG, NFTNL_EXPR_CMP_OP}, {NFTNL_EXPR_CMP_DATA}, {}},
    {"lookup",
     {NFTNL_EXPR_LOOKUP_SREG, NFTNL_EXPR_LOOKUP_DREG, NFTNL_EXPR_LOOKUP_FLAGS},
     {},
     {NFTNL_EXPR_LOOKUP_SET}},
    {"tproxy", {NFTNL_EXPR_TPROXY_FAMILY, NFTNL_EXPR_TPROXY_REG_PORT}, {}, {}},
    {"counter", {}, {}, {}},
    {"ct", {NFTNL_EXPR_CT_KEY, NFTNL_EXPR_CT_DREG, NFTNL_EXPR_CT_SREG}, {}, {}},
    {"dynset",
     {NFTNL_EXPR_DYNSET_SREG_KEY, NFTNL_EXPR_DYNSET_OP},
     {},
     {NFTNL_EXPR_DYNSET_SET_NAME}},
};

void require(bool holds) {
  if (!holds) __builtin_trap();
}

// What decodes as one of ours must be the same after another trip.
void decode_any_expression(FuzzedDataProvider& input) {
  const auto& kind = kinds[input.ConsumeIntegralInRange<std::size_t>(0, kinds.size() - 1)];
  auto* expression = nftnl_expr_alloc(kind.name);
  for (const auto attribute : kind.numbers) {
    if (!input.ConsumeBool()) continue;
    const auto small = input.ConsumeBool();
    nftnl_expr_set_u32(expression, attribute,
                       small ? input.ConsumeIntegralInRange<std::uint32_t>(0, 24)
                             : input.ConsumeIntegral<std::uint32_t>());
  }
  for (const auto attribute : kind.values) {
    const auto bytes =
        input.ConsumeBytes<std::uint8_t>(input.ConsumeIntegralInRange<std::size_t>(1, 16));
    if (!bytes.empty()) {
      nftnl_expr_set(expression, attribute, bytes.data(), static_cast<std::uint32_t>(bytes.size()));
    }
  }
  for (const auto attribute : kind.texts) {
    nftnl_expr_set_str(expression, attribute, input.ConsumeRandomLengthString(32).c_str());
  }
  const auto decoded = decode(*expression);
  nftnl_expr_free(expression);
  if (auto* again = encode(decoded)) {
    require(decode(*again) == decoded);
    nftnl_expr_free(again);
  }
}

void parse_any_chain(FuzzedDataProvider& input) {
  alignas(nlmsghdr) std::array<char, 4096> room{};
  auto* header = nftnl_nlmsg_build_hdr(room.data(), NFT_MSG_NEWCHAIN, NFPROTO_IPV4, 0, 1);
  const ChainHandle chain(nftnl_chain_alloc());
  const auto user_data =
      input.ConsumeBytes<std::uint8_t>(input.ConsumeIntegralInRange<std::size_t>(1, 250));
  if (user_data.empty()) return;
  nftnl_chain_set_str(chain.get(), NFTNL_CHAIN_TABLE, table_name);
  nftnl_chain_set_str(chain.get(), NFTNL_CHAIN_NAME, input.ConsumeRandomLengthString(64).c_str());
  nftnl_chain_set_data(chain.get(), NFTNL_CHAIN_USERDATA, user_data.data(),
                       static_cast<std::uint32_t>(user_data.size()));
  nftnl_chain_nlmsg_build_payload(header, chain.get());
  const auto parsed = parse_chain(*header);
  require(parsed.has_value());
  filter_of(parsed->comment);
  address_of_chain(parsed->name);
}

// Whatever is read has a name that fits into the message that asks the kernel to forget it.
void parse_any_connection(FuzzedDataProvider& input) {
  auto bytes = input.ConsumeBytes<std::uint8_t>(input.ConsumeIntegralInRange<std::size_t>(0, 2048));
  if (bytes.size() < sizeof(nlmsghdr)) return;
  bytes.shrink_to_fit();
  auto& header = *reinterpret_cast<nlmsghdr*>(bytes.data());
  header.nlmsg_len = static_cast<std::uint32_t>(bytes.size());
  const auto connection = connections::parse(header);
  if (connection) require(connection->message.size() <= 1024);
}

void walk_any_attributes(FuzzedDataProvider& input) {
  auto bytes = input.ConsumeRemainingBytes<std::uint8_t>();
  if (bytes.size() < sizeof(nlmsghdr) + 4) return;
  bytes.shrink_to_fit();
  auto& header = *reinterpret_cast<nlmsghdr*>(bytes.data());
  header.nlmsg_len = static_cast<std::uint32_t>(bytes.size());
  for (const auto* attribute : netlink::attributes(header, 4)) netlink::attributes(*attribute);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider input(data, size);
  decode_any_expression(input);
  parse_any_chain(input);
  parse_any_connection(input);
  walk_any_attributes(input);
  return 0;
}
