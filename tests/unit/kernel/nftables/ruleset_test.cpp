// SPDX-License-Identifier: GPL-2.0-or-later
// The rules of one address as values: names, parameters in the comment, and what they decide.
#include "kernel/nftables/ruleset.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "builders.h"

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

bool ends_in_drop(const std::vector<Rule>& rules) {
  return rules.back() == Rule{Counter{}, Drop{}};
}

TEST(ChainNames, AreWhatNftCanReadBack) {
  EXPECT_EQ(address_chain_name(ip("10.0.0.100")), "cluster-10.0.0.100");
  EXPECT_EQ(address_chain_name(ip("2001:DB8::1")), "cluster-2001_db8__1");
  EXPECT_EQ(address_chain_names(ip("fd77::64")),
            (std::vector<std::string>{"ports-fd77__64", "errors-fd77__64", "cluster-fd77__64"}));
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
        "eth0 01:00:5e:00:00:64 sourceip seed 0 total 3 lease more",
        "eth0 01:00:5E:00:00:64 sourceip seed 0 total 3",
        "eth0  01:00:5e:00:00:64 sourceip seed 0 total 3",
        "eth0 01:00:5e:00:00:64 sourceip seed 00 total 3"}) {
    EXPECT_EQ(filter_of(bad), std::nullopt) << bad;
  }
}

std::vector<Stage> stages(const IpAddress& address) {
  if (address.version == 4) return {Stage::prerouting};
  return {Stage::ingress, Stage::prerouting};
}

class EveryAddressAndMode : public testing::TestWithParam<std::tuple<const char*, HashMode>> {
 protected:
  std::vector<Rule> all_rules(Stage stage) const {
    std::vector<Rule> rules;
    for (const auto& chain : address_chains(stage, address_, filter_)) {
      rules.insert(rules.end(), chain.rules.begin(), chain.rules.end());
    }
    return rules;
  }

  Rule first_rule(Stage stage) const {
    return address_chains(stage, address_, filter_).back().rules.front();
  }

  IpAddress address_ = ip(std::get<0>(GetParam()));
  HashMode mode_ = std::get<1>(GetParam());
  Filter filter_ = a_filter(mode_);
};

TEST_P(EveryAddressAndMode, DropsWhateverNoRuleTook) {
  for (const auto stage : stages(address_)) {
    for (const auto& chain : address_chains(stage, address_, filter_)) {
      EXPECT_TRUE(ends_in_drop(chain.rules)) << chain.name;
    }
  }
}

TEST_P(EveryAddressAndMode, GoesOnlyToChainsThatStandBefore) {
  for (const auto stage : stages(address_)) {
    std::set<std::string> known;
    for (const auto& chain : address_chains(stage, address_, filter_)) {
      for (const auto& jump : all<GoTo>(chain.rules)) EXPECT_TRUE(known.contains(jump.chain));
      known.insert(chain.name);
    }
    const auto names = address_chain_names(address_);
    EXPECT_EQ(address_chains(stage, address_, filter_).back().name, address_chain_name(address_));
    for (const auto& name : known) {
      EXPECT_NE(std::find(names.begin(), names.end(), name), names.end()) << name;
    }
  }
}

TEST_P(EveryAddressAndMode, CountsWhatItDrops) {
  for (const auto& rule : all_rules(Stage::prerouting)) {
    if (rule.back() != Expression(Drop{})) continue;
    ASSERT_GE(rule.size(), 2u);
    EXPECT_EQ(rule[rule.size() - 2], Expression(Counter{}));
  }
}

TEST_P(EveryAddressAndMode, HashesWithItsOwnParametersOnly) {
  const auto rules = all_rules(Stage::prerouting);
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
  for (const auto& find : all<FindInSet>(all_rules(stages(address_).front()))) {
    EXPECT_TRUE(find.set == owned_set_name(address_) || find.set == ports_set_name ||
                find.set == errors_set_name || find.set == extensions_set_name)
        << find.set;
  }
}

// A packet that is taken without becoming one for this host would die by the sysctl.
TEST_P(EveryAddressAndMode, MakesEveryTakenPacketOneForThisHost) {
  const auto other_interface = first_rule(Stage::prerouting);
  for (const auto& rule : all_rules(stages(address_).front())) {
    if (rule.back() != Expression(Accept{}) || rule == other_interface) continue;
    ASSERT_GE(rule.size(), 3u);
    EXPECT_EQ(rule[rule.size() - 2], Expression(StoreMeta{Meta::packet_type, 0}));
    EXPECT_EQ(rule[rule.size() - 3], Expression(LoadValue{{0}, 0}));
  }
}

TEST_P(EveryAddressAndMode, LeavesOtherInterfacesAlone) {
  const auto first = first_rule(stages(address_).front());
  std::vector<std::uint8_t> padded{'c', 'l', 'u', 's', 't', 'e', 'r', '0'};
  padded.resize(16);
  EXPECT_EQ(first, (Rule{LoadMeta{Meta::interface_name, 0}, Compare{0, false, padded}, Accept{}}));
}

INSTANTIATE_TEST_SUITE_P(Rules, EveryAddressAndMode,
                         testing::Combine(testing::Values("10.0.0.100", "fd77::64"),
                                          testing::ValuesIn(all_modes)));

TEST(BaseRules, AskTheMapOnceForAnyAddress) {
  EXPECT_EQ(
      base_rules(Stage::prerouting, 4),
      (std::vector<Rule>{{LoadPayload{Header::network, 16, 4, 0}, FollowMap{0, "addresses"}}}));
  EXPECT_EQ(
      base_rules(Stage::prerouting, 6),
      (std::vector<Rule>{{LoadPayload{Header::network, 24, 16, 0}, FollowMap{0, "addresses"}}}));
}

TEST(BaseRules, OfIngressLetEverythingButMulticastFramesWithIPv6Pass) {
  const auto rule = base_rules(Stage::ingress, 6).front();
  EXPECT_EQ(rule[0], Expression(LoadMeta{Meta::packet_type, 0}));
  EXPECT_EQ(rule[1], Expression(Compare{0, true, {2}}));  // PACKET_MULTICAST
  EXPECT_EQ(rule[2], Expression(LoadMeta{Meta::protocol, 0}));
  EXPECT_EQ(rule[3], Expression(Compare{0, true, {0x86, 0xdd}}));
  EXPECT_EQ(Rule(rule.begin() + 4, rule.end()), base_rules(Stage::prerouting, 6).front());
}

TEST(AddressRules, OfIngressLeaveFragmentsAndOtherExtensionsToPrerouting) {
  const auto at = [](Stage stage) {
    return address_chains(stage, ip("fd77::64"), a_filter(HashMode::source_ip)).back().rules;
  };
  auto ingress = at(Stage::ingress);
  EXPECT_EQ(ingress[1][1], Expression(FindInSet{0, "extension-headers"}));
  ingress.erase(ingress.begin() + 1);
  EXPECT_EQ(ingress, at(Stage::prerouting));
}

TEST(AddressRules, AcceptNeighbourAdvertisementsOnEveryNode) {
  const auto chains = address_chains(Stage::ingress, ip("fd77::64"), a_filter(HashMode::source_ip));
  const auto& rules = chains.back().rules;
  EXPECT_TRUE(std::any_of(rules.begin(), rules.end(), [](const Rule& rule) {
    return std::find(rule.begin(), rule.end(), Expression(Compare{0, true, {136}})) != rule.end() &&
           rule.back() == Expression(Accept{});
  }));
}

}  // namespace
}  // namespace loadshare::nftables
