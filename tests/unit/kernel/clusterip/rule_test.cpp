// SPDX-License-Identifier: GPL-2.0-or-later
// The CLUSTERIP rule as bytes.
#include "kernel/clusterip/rule.h"

#include <gtest/gtest.h>
#include <linux/netfilter_ipv4/ip_tables.h>

#include <cstring>

#include "builders.h"

namespace loadshare::test {
namespace {

using clusterip::build;
using clusterip::parse;
using clusterip::Rule;
using testing::Each;
using testing::ElementsAre;

Rule a_rule() {
  return {ip("10.0.0.100"),
          {"eth0", cluster_mac, HashMode::source_ip_source_port_dest_port, 0x12345678, 16},
          {2, 5},
          false};
}

ipt_entry& entry_of(std::vector<std::byte>& bytes) {
  return *reinterpret_cast<ipt_entry*>(bytes.data());
}

std::optional<Rule> parsed(std::vector<std::byte>& bytes) { return parse(entry_of(bytes)); }

// struct ipt_entry (112 octets), xt_entry_target (32), ipt_clusterip_tgt_info (64):
//
//     0 src  4 dst  8 smsk  12 dmsk  16 iniface  32 outiface  48 iniface_mask  64 outiface_mask
//    80 proto  82 flags  83 invflags  84 nfcache  88 target_offset  90 next_offset  92 comefrom
//    96 counters
//   112 target_size  114 name[29]  143 revision
//   144 flags  148 mac[6]  154 total  156 node count  158 nodes[16]  192 mode  196 seed  200 config
class RuleBytes : public testing::Test {
 protected:
  std::vector<int> octets(std::size_t from, std::size_t size) const {
    std::vector<int> numbers;
    for (std::size_t i = from; i < from + size; ++i) {
      numbers.push_back(std::to_integer<int>(bytes_.at(i)));
    }
    return numbers;
  }
  template <class Number>
  Number number(std::size_t from) const {
    Number value{};
    std::memcpy(&value, &bytes_.at(from), sizeof value);
    return value;
  }
  std::string text(std::size_t from) const {
    return reinterpret_cast<const char*>(&bytes_.at(from));
  }

  std::vector<std::byte> bytes_ = build(a_rule());
};

TEST_F(RuleBytes, Are208) { EXPECT_EQ(bytes_.size(), 208u); }

TEST_F(RuleBytes, MatchTheOneDestinationFromAnySource) {
  EXPECT_THAT(octets(0, 4), Each(0));
  EXPECT_THAT(octets(4, 4), ElementsAre(10, 0, 0, 100));
  EXPECT_THAT(octets(8, 4), Each(0));
  EXPECT_THAT(octets(12, 4), Each(0xff));
}

TEST_F(RuleBytes, MatchTheWholeInterfaceNameWithItsEnd) {
  EXPECT_EQ(text(16), "eth0");
  EXPECT_THAT(octets(48, 5), Each(0xff));
  EXPECT_THAT(octets(53, 11), Each(0));
  EXPECT_THAT(octets(32, 16), Each(0)) << "outgoing interface";
  EXPECT_THAT(octets(64, 16), Each(0)) << "its mask";
}

TEST_F(RuleBytes, MatchAllProtocolsWithoutFlagsAndInversion) {
  EXPECT_THAT(octets(80, 4), Each(0));
}

TEST_F(RuleBytes, HaveTheTargetBehindTheEntry) {
  EXPECT_EQ(number<std::uint16_t>(88), 112);
  EXPECT_EQ(number<std::uint16_t>(90), 208);
  EXPECT_EQ(number<std::uint16_t>(112), 96);
  EXPECT_EQ(text(114), "CLUSTERIP");
  EXPECT_EQ(octets(143, 1), std::vector<int>{0}) << "revision";
}

TEST_F(RuleBytes, HoldTheParameters) {
  EXPECT_EQ(number<std::uint32_t>(144), 1u) << "CLUSTERIP_FLAG_NEW";
  EXPECT_THAT(octets(148, 6), ElementsAre(0x01, 0x00, 0x5e, 0x00, 0x01, 0x14));
  EXPECT_EQ(number<std::uint16_t>(154), 16) << "total";
  EXPECT_EQ(number<std::uint16_t>(156), 2) << "number of local nodes";
  EXPECT_EQ(number<std::uint16_t>(158), 2);
  EXPECT_EQ(number<std::uint16_t>(160), 5);
  EXPECT_THAT(octets(162, 28), Each(0));
  EXPECT_EQ(number<std::uint32_t>(192), 2u) << "hash mode";
  EXPECT_EQ(number<std::uint32_t>(196), 0x12345678u) << "seed";
}

TEST_F(RuleBytes, LeaveTheKernelsOwnPointerEmpty) {
  // Offset 56 of the info: it is not compared on deletion.
  EXPECT_THAT(octets(144 + 56, 8), Each(0));
}

TEST_F(RuleBytes, NumberTheHashModesAsTheKernelDoes) {
  auto rule = a_rule();
  const std::pair<HashMode, std::uint32_t> rows[] = {
      {HashMode::source_ip, 0},
      {HashMode::source_ip_source_port, 1},
      {HashMode::source_ip_source_port_dest_port, 2},
  };
  for (const auto& [mode, expected] : rows) {
    rule.filter.hash_mode = mode;
    bytes_ = build(rule);
    EXPECT_EQ(number<std::uint32_t>(192), expected);
  }
}

TEST_F(RuleBytes, HoldTheLongestInterfaceName) {
  auto rule = a_rule();
  rule.filter.interface = "abcdefghijklmno";
  bytes_ = build(rule);
  EXPECT_EQ(text(16), "abcdefghijklmno");
  EXPECT_THAT(octets(48, 16), Each(0xff));
  EXPECT_THAT(octets(64, 16), Each(0));
}

TEST(RuleCodec, ReadsBackWhatItWrote) {
  const std::set<unsigned> all{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
  for (const char* address : {"10.0.0.100", "0.0.0.1", "223.255.255.254"}) {
    for (const char* interface : {"e", "eth0", "eth0.100", "abcdefghijklmno"}) {
      for (const auto& group : {cluster_mac, mac("ff:fe:fd:fc:fb:fa")}) {
        for (const auto mode : {HashMode::source_ip, HashMode::source_ip_source_port,
                                HashMode::source_ip_source_port_dest_port}) {
          for (const std::uint32_t seed : {0u, 1u, 0xdeadbeefu, 0xffffffffu}) {
            for (const unsigned total : {1u, 3u, 16u}) {
              for (const auto& nodes : {std::set<unsigned>{1}, {16}, {1, 8, 16}, all}) {
                const Rule rule{ip(address), {interface, group, mode, seed, total}, nodes, false};
                auto bytes = build(rule);
                ASSERT_EQ(parsed(bytes), rule);
              }
            }
          }
        }
      }
    }
  }
}

TEST(RuleCodec, PassesOverOtherTargets) {
  for (const std::string name :
       {"", "ACCEPT", "CLUSTERI", "CLUSTERIP2", "clusterip", "CLUSTERIPCLUSTERIPCLUSTERIP"}) {
    auto bytes = build(a_rule());
    std::memset(&bytes[114], 0, 29);
    std::memcpy(&bytes[114], name.data(), name.size());
    EXPECT_EQ(parsed(bytes), std::nullopt) << name;
  }
}

TEST(RuleCodec, PassesOverTruncatedEntries) {
  // Nothing behind the octets given may be read: the sanitizer would see it.
  for (std::uint16_t size = sizeof(ipt_entry); size < 208; size += 8) {
    auto bytes = build(a_rule());
    bytes.resize(size);
    bytes.shrink_to_fit();
    entry_of(bytes).next_offset = size;
    EXPECT_EQ(parsed(bytes), std::nullopt) << size;
  }
}

TEST(RuleCodec, PassesOverOffsetsThatLeadElsewhere) {
  const struct {
    std::uint16_t target_offset, next_offset;
  } rows[] = {{0, 208},   {104, 208}, {120, 208}, {208, 208},     {65528, 208}, {112, 0},
              {112, 112}, {112, 200}, {112, 207}, {65528, 65535}, {200, 208}};
  for (const auto& row : rows) {
    auto bytes = build(a_rule());
    entry_of(bytes).target_offset = row.target_offset;
    entry_of(bytes).next_offset = row.next_offset;
    EXPECT_EQ(parsed(bytes), std::nullopt) << row.target_offset << " " << row.next_offset;
  }
}

TEST(RuleCodec, PassesOverAHashModeThatNoKernelKnows) {
  for (const std::uint32_t mode : {3u, 255u, 0x80000000u, 0xffffffffu}) {
    auto bytes = build(a_rule());
    std::memcpy(&bytes[192], &mode, sizeof mode);
    EXPECT_EQ(parsed(bytes), std::nullopt) << mode;
  }
}

TEST(RuleCodec, ReadsNoMoreLocalNodesThanThereIsRoomFor) {
  auto bytes = build(a_rule());
  const std::uint16_t count = 65535;
  std::memcpy(&bytes[156], &count, sizeof count);
  const auto rule = parsed(bytes);
  ASSERT_TRUE(rule);
  EXPECT_THAT(rule->local_nodes, ElementsAre(0, 2, 5));
}

TEST(RuleCodec, ShowsATotalThatOnlySomebodyElseCanHaveSet) {
  auto bytes = build(a_rule());
  const std::uint16_t total = 65535;
  std::memcpy(&bytes[154], &total, sizeof total);
  EXPECT_EQ(parsed(bytes)->filter.total, 65535u);
}

TEST(RuleCodec, ReadsAnInterfaceNameWithoutItsEnd) {
  auto bytes = build(a_rule());
  std::memset(entry_of(bytes).ip.iniface, 'x', IFNAMSIZ);
  EXPECT_EQ(parsed(bytes)->filter.interface, std::string(16, 'x'));
}

TEST(RuleCodec, CallsARuleNarrowedThatDoesNotTakeEveryPacket) {
  const struct {
    const char* what;
    void (*narrow)(ipt_ip&);
  } rows[] = {
      {"protocol", [](ipt_ip& ip) { ip.proto = 6; }},
      {"source", [](ipt_ip& ip) { ip.smsk.s_addr = 0xff; }},
      {"wider destination", [](ipt_ip& ip) { ip.dmsk.s_addr = 0xffffff; }},
      {"outgoing interface", [](ipt_ip& ip) { ip.outiface_mask[0] = 0xff; }},
      {"fragments only", [](ipt_ip& ip) { ip.flags = IPT_F_FRAG; }},
      {"not from the interface", [](ipt_ip& ip) { ip.invflags = IPT_INV_VIA_IN; }},
      {"not to the address", [](ipt_ip& ip) { ip.invflags = IPT_INV_DSTIP; }},
  };
  for (const auto& row : rows) {
    auto bytes = build(a_rule());
    row.narrow(entry_of(bytes).ip);
    const auto rule = parsed(bytes);
    ASSERT_TRUE(rule) << row.what;
    EXPECT_TRUE(rule->narrowed) << row.what;
  }
}

TEST(RuleCodec, CallsARuleWithAnotherMatchNarrowed) {
  auto bytes = build(a_rule());
  // 40 octets of a match between entry and target.
  bytes.insert(bytes.begin() + 112, 40, std::byte{0});
  entry_of(bytes).target_offset = 152;
  entry_of(bytes).next_offset = 248;
  const auto rule = parsed(bytes);
  ASSERT_TRUE(rule);
  EXPECT_TRUE(rule->narrowed);
  EXPECT_EQ(rule->filter, a_rule().filter);
}

}  // namespace
}  // namespace loadshare::test
