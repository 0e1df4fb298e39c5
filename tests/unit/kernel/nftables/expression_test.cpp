// SPDX-License-Identifier: GPL-2.0-or-later
// Every nf_tables expression there and back, and what must not be taken for one of ours.
#include "kernel/nftables/expression.h"

#include <gtest/gtest.h>
#include <libnftnl/common.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netlink.h>

#include <array>

#include "kernel/nftables/handles.h"
#include "kernel/nftables/reader.h"

namespace loadshare::nftables {
namespace {

// As the kernel would send it: through a netlink message.
Rule there_and_back(const Rule& rule) {
  const RuleHandle handle(nftnl_rule_alloc());
  nftnl_rule_set_str(handle.get(), NFTNL_RULE_TABLE, "loadshare");
  nftnl_rule_set_str(handle.get(), NFTNL_RULE_CHAIN, "prerouting");
  encode(rule, *handle);
  alignas(nlmsghdr) std::array<char, 4096> buffer{};
  auto* message = nftnl_nlmsg_build_hdr(buffer.data(), NFT_MSG_NEWRULE, NFPROTO_IPV4, 0, 1);
  nftnl_rule_nlmsg_build_payload(message, handle.get());
  return parse_rule(*message).value();
}

class EveryExpression : public testing::TestWithParam<Expression> {};

TEST_P(EveryExpression, ComesBackAsItWas) {
  EXPECT_EQ(there_and_back({GetParam()}), Rule{GetParam()});
}

const std::vector<Expression> expressions = {
    LoadPayload{Header::network, 12, 4, 8},
    LoadPayload{Header::transport, 0, 2, 9},
    LoadPayload{Header::network, 8, 16, 0},
    LoadMeta{Meta::l4_protocol, 0},
    LoadMeta{Meta::interface_name, 4},
    StoreMeta{Meta::packet_type, 0},
    LoadValue{{0}, 0},
    LoadValue{std::vector<std::uint8_t>(4), 13},
    Mask{0, {0x1f, 0xff}},
    ToHostOrder{8},
    Hash{8, 12, 4, 0, 3},
    Hash{8, 24, 4, 0xdeadbeef, 1024},
    Compare{0, true, {6}},
    Compare{0, false, std::vector<std::uint8_t>(16, 'x')},
    FindInSet{4, "owned-10.0.0.100"},
    FollowMap{0, "addresses"},
    Accept{},
    Drop{},
    GoTo{"errors-10.0.0.100"},
    Counter{},
    TransparentProxy{2},
    TransparentProxy{10},
};

INSTANTIATE_TEST_SUITE_P(Codec, EveryExpression, testing::ValuesIn(expressions));

TEST(Codec, KeepsTheOrderOfExpressions) {
  const Rule rule{LoadMeta{Meta::l4_protocol, 0}, Compare{0, true, {17}}, Drop{}};
  EXPECT_EQ(there_and_back(rule), rule);
}

TEST(Codec, TakesAllSixteenRegisters) {
  for (Register number = 0; number < 16; ++number) {
    const Expression load = LoadPayload{Header::network, 0, 4, number};
    EXPECT_EQ(there_and_back({load}), Rule{load}) << number;
  }
}

// The kernel shows registers 0, 4, 8 and 12 as the 16-byte registers 1 to 4.
TEST(Codec, KnowsTheOldNamesOfRegisters) {
  auto* expression = nftnl_expr_alloc("payload");
  nftnl_expr_set_u32(expression, NFTNL_EXPR_PAYLOAD_DREG, NFT_REG_3);
  nftnl_expr_set_u32(expression, NFTNL_EXPR_PAYLOAD_BASE, NFT_PAYLOAD_NETWORK_HEADER);
  nftnl_expr_set_u32(expression, NFTNL_EXPR_PAYLOAD_OFFSET, 12);
  nftnl_expr_set_u32(expression, NFTNL_EXPR_PAYLOAD_LEN, 4);
  EXPECT_EQ(decode(*expression), Expression(LoadPayload{Header::network, 12, 4, 8}));
  nftnl_expr_free(expression);
}

/// An expression that differs from one of ours in a single attribute.
struct Stranger {
  const char* name;
  std::vector<std::pair<std::uint16_t, std::uint32_t>> numbers;
};

class EveryStranger : public testing::TestWithParam<Stranger> {};

TEST_P(EveryStranger, IsNotTakenForOurs) {
  auto* expression = nftnl_expr_alloc(GetParam().name);
  for (const auto& [attribute, value] : GetParam().numbers) {
    nftnl_expr_set_u32(expression, attribute, value);
  }
  EXPECT_TRUE(std::holds_alternative<Foreign>(decode(*expression))) << GetParam().name;
  nftnl_expr_free(expression);
}

const Stranger strangers[] = {
    {"limit", {}},
    {"limit", {}},
    {"hash", {{NFTNL_EXPR_HASH_TYPE, NFT_HASH_SYM}, {NFTNL_EXPR_HASH_OFFSET, 1}}},
    // Without a seed of ours the kernel drew one.
    {"hash", {{NFTNL_EXPR_HASH_TYPE, NFT_HASH_JENKINS}, {NFTNL_EXPR_HASH_OFFSET, 1}}},
    {"hash",
     {{NFTNL_EXPR_HASH_TYPE, NFT_HASH_JENKINS},
      {NFTNL_EXPR_HASH_OFFSET, 0},
      {NFTNL_EXPR_HASH_SEED, 0}}},
    {"cmp", {{NFTNL_EXPR_CMP_SREG, NFT_REG_1}, {NFTNL_EXPR_CMP_OP, NFT_CMP_LT}}},
    {"lookup", {{NFTNL_EXPR_LOOKUP_SREG, NFT_REG_1}, {NFTNL_EXPR_LOOKUP_FLAGS, NFT_LOOKUP_F_INV}}},
    {"lookup", {{NFTNL_EXPR_LOOKUP_SREG, NFT_REG_1}, {NFTNL_EXPR_LOOKUP_DREG, NFT_REG_2}}},
    {"immediate",
     {{NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT},
      {NFTNL_EXPR_IMM_VERDICT, static_cast<std::uint32_t>(NFT_JUMP)}}},
    {"immediate",
     {{NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT},
      {NFTNL_EXPR_IMM_VERDICT, static_cast<std::uint32_t>(NFT_RETURN)}}},
    {"byteorder",
     {{NFTNL_EXPR_BYTEORDER_SREG, NFT_REG_1},
      {NFTNL_EXPR_BYTEORDER_DREG, NFT_REG_1},
      {NFTNL_EXPR_BYTEORDER_OP, NFT_BYTEORDER_NTOH},
      {NFTNL_EXPR_BYTEORDER_LEN, 4},
      {NFTNL_EXPR_BYTEORDER_SIZE, 2}}},
    {"bitwise", {{NFTNL_EXPR_BITWISE_SREG, NFT_REG_1}, {NFTNL_EXPR_BITWISE_DREG, NFT_REG_2}}},
    {"payload", {{NFTNL_EXPR_PAYLOAD_SREG, NFT_REG_1}}},
};

INSTANTIATE_TEST_SUITE_P(Codec, EveryStranger, testing::ValuesIn(strangers));

TEST(Codec, NeverFindsForeignExpressionsEqual) {
  EXPECT_NE(Rule{Foreign{"counter"}}, Rule{Foreign{"counter"}});
}

}  // namespace
}  // namespace loadshare::nftables
