// SPDX-License-Identifier: GPL-2.0-or-later
// The rules of one address as values: names, parameters in the comment, and what they decide.
#include <gtest/gtest.h>

#include <algorithm>

#include "builders.h"
#include "nftables/ruleset.h"

namespace loadshare::nftables {
namespace {

using test::ip;
using test::mac;

const HashMode all_modes[] = {HashMode::source_ip, HashMode::source_ip_source_port,
                              HashMode::source_ip_source_port_dest_port};

Filter a_filter(HashMode mode) { return {"cluster0", mac("01:00:5e:00:00:64"), mode, 7, 5}; }

template <class Kind>
std::vector<Kind> all(const std::vector<Rule>& rules) {
  std::vector<Kind> found;
  for (const auto& rule : rules) {
    for (const auto& expression : rule) {
      if (const auto* kind = std::get_if<Kind>(&expression)) found.push_back(*kind);
    }
  }
  return found;
}

bool ends_in_drop(const std::vector<Rule>& rules) { return rules.back() == Rule{Drop{}}; }

TEST(ChainNames, AreWhatNftCanReadBack) {
  EXPECT_EQ(address_chain_name(ip("10.0.0.100")), "cluster-10.0.0.100");
  EXPECT_EQ(address_chain_name(ip("2001:DB8::1")), "cluster-2001_db8__1");
  EXPECT_EQ(errors_chain_name(ip("fd77::64")), "errors-fd77__64");
  EXPECT_EQ(owned_set_name(ip("10.0.0.100")), "owned-10.0.0.100");
}

TEST(ChainNames, TellTheAddress) {
  for (const char* text : {"10.0.0.100", "fd77::64", "2001:db8::1"}) {
    EXPECT_EQ(address_of_chain(address_chain_name(ip(text))), ip(text)) << text;
  }
  for (const char* name : {"", "cluster-", "cluster-10.0.0", "prerouting", "errors-10.0.0.1"}) {
    EXPECT_EQ(address_of_chain(name), std::nullopt) << name;
  }
}

TEST(Comment, HoldsAllParameters) {
  for (const auto mode : all_modes) {
    EXPECT_EQ(filter_of(comment_of(a_filter(mode))), a_filter(mode));
  }
  const Filter extreme{"a23456789012345", mac("ff:ff:ff:ff:ff:fe"),
                       HashMode::source_ip_source_port_dest_port, 0xffffffff, most_buckets};
  EXPECT_EQ(filter_of(comment_of(extreme)), extreme);
  EXPECT_LT(comment_of(extreme).size(), 128u) << "the longest comment that nft takes";
}

TEST(Comment, IsOursToTheLetterOrNotAtAll) {
  const std::string good = "eth0 01:00:5e:00:00:64 sourceip seed 0 total 3";
  ASSERT_TRUE(filter_of(good));
  for (const char* bad :
       {"", "eth0", "eth0 01:00:5e:00:00:64 sourceip seed 0 total",
        "eth0 x sourceip seed 0 total 3", "eth0 00:00:5e:00:00:64 sourceip seed 0 total 3",
        "eth0 01:00:5e:00:00:64 bogus seed 0 total 3",
        "eth0 01:00:5e:00:00:64 sourceip seed -1 total 3",
        "eth0 01:00:5e:00:00:64 sourceip seed 0 total 0",
        "eth0 01:00:5e:00:00:64 sourceip seed 0 total 1025",
        "eth0 01:00:5e:00:00:64 sourceip salt 0 total 3",
        "eth0 01:00:5e:00:00:64 sourceip seed 0 total 3 more",
        "eth0 01:00:5E:00:00:64 sourceip seed 0 total 3",
        "eth0  01:00:5e:00:00:64 sourceip seed 0 total 3",
        "eth0 01:00:5e:00:00:64 sourceip seed 00 total 3"}) {
    EXPECT_EQ(filter_of(bad), std::nullopt) << bad;
  }
}

class EveryAddressAndMode : public testing::TestWithParam<std::tuple<const char*, HashMode>> {
 protected:
  IpAddress address_ = ip(std::get<0>(GetParam()));
  HashMode mode_ = std::get<1>(GetParam());
  Filter filter_ = a_filter(mode_);
};

TEST_P(EveryAddressAndMode, DropsWhateverNoRuleTook) {
  EXPECT_TRUE(ends_in_drop(address_rules(address_, filter_)));
  EXPECT_TRUE(ends_in_drop(errors_rules(address_, filter_)));
}

TEST_P(EveryAddressAndMode, HashesWithItsOwnParametersOnly) {
  auto rules = address_rules(address_, filter_);
  const auto errors = errors_rules(address_, filter_);
  rules.insert(rules.end(), errors.begin(), errors.end());
  const std::uint32_t ports = mode_ == HashMode::source_ip ? 0 : mode_ == all_modes[1] ? 1 : 2;
  const auto hashes = all<Hash>(rules);
  ASSERT_FALSE(hashes.empty());
  for (const auto& hash : hashes) {
    EXPECT_EQ(hash.seed, 7u);
    EXPECT_EQ(hash.total, 5u);
    EXPECT_EQ(hash.size, address_.bits() / 8 + 4 * ports);
  }
  // IPv4 is hashed as a number: without this step it would choose other buckets than CLUSTERIP.
  EXPECT_EQ(all<ToHostOrder>(rules).size(), address_.version == 4 ? hashes.size() : 0);
}

TEST_P(EveryAddressAndMode, LooksForBucketsInItsOwnSetOnly) {
  for (const auto& find : all<FindInSet>(address_rules(address_, filter_))) {
    EXPECT_TRUE(find.set == owned_set_name(address_) || find.set == ports_set_name ||
                find.set == errors_set_name)
        << find.set;
  }
}

// A packet that is taken without becoming one for this host would die by the sysctl.
TEST_P(EveryAddressAndMode, MakesEveryTakenPacketOneForThisHost) {
  auto rules = address_rules(address_, filter_);
  const auto errors = errors_rules(address_, filter_);
  rules.erase(rules.begin());  // other interfaces
  rules.insert(rules.end(), errors.begin(), errors.end());
  for (const auto& rule : rules) {
    if (rule.back() != Expression(Accept{})) continue;
    ASSERT_GE(rule.size(), 3u);
    EXPECT_EQ(rule[rule.size() - 2], Expression(StoreMeta{Meta::packet_type, 0}));
    EXPECT_EQ(rule[rule.size() - 3], Expression(LoadValue{{0}, 0}));
  }
}

TEST_P(EveryAddressAndMode, LeavesOtherInterfacesAlone) {
  const auto first = address_rules(address_, filter_).front();
  std::vector<std::uint8_t> padded{'c', 'l', 'u', 's', 't', 'e', 'r', '0'};
  padded.resize(16);
  EXPECT_EQ(first, (Rule{LoadMeta{Meta::interface_name, 0}, Compare{0, false, padded}, Accept{}}));
}

INSTANTIATE_TEST_SUITE_P(Rules, EveryAddressAndMode,
                         testing::Combine(testing::Values("10.0.0.100", "fd77::64"),
                                          testing::ValuesIn(all_modes)));

TEST(BaseRules, AskTheMapOnceForAnyAddress) {
  EXPECT_EQ(
      base_rules(4),
      (std::vector<Rule>{{LoadPayload{Header::network, 16, 4, 0}, FollowMap{0, "addresses"}}}));
  EXPECT_EQ(
      base_rules(6),
      (std::vector<Rule>{{LoadPayload{Header::network, 24, 16, 0}, FollowMap{0, "addresses"}}}));
}

TEST(AddressRules, AcceptNeighbourAdvertisementsOnEveryNode) {
  const auto rules = address_rules(ip("fd77::64"), a_filter(HashMode::source_ip));
  EXPECT_TRUE(std::any_of(rules.begin(), rules.end(), [](const Rule& rule) {
    return std::find(rule.begin(), rule.end(), Expression(Compare{0, true, {136}})) != rule.end() &&
           rule.back() == Expression(Accept{});
  }));
}

}  // namespace
}  // namespace loadshare::nftables
