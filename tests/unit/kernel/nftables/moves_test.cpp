// SPDX-License-Identifier: GPL-2.0-or-later
// The rules for buckets that move, as values: what they let through, and who answers what.
#include "kernel/nftables/moves.h"

#include <gtest/gtest.h>
#include <netinet/in.h>

#include <algorithm>

#include "builders.h"

namespace loadshare::nftables {
namespace {

using test::ip;
using test::mac;
using testing::ElementsAre;
using testing::IsEmpty;

const IpAddress address4 = ip("10.0.0.100"), address6 = ip("fd77::64");

Filter a_filter(HashMode mode = HashMode::source_ip) {
  return {"cluster0", mac("01:00:5e:00:00:64"), mode, 7, 5, false, std::chrono::seconds(30)};
}

/// A rule as a line: registers are r0 to r15, values hexadecimal.
std::string in_words(const Rule& rule) {
  struct Words {
    static std::string at(Register number) { return "r" + std::to_string(number); }
    static std::string hex(const std::vector<std::uint8_t>& bytes) {
      std::string text;
      for (const auto byte : bytes) {
        text += "0123456789abcdef"[byte >> 4];
        text += "0123456789abcdef"[byte & 15];
      }
      return text;
    }
    std::string operator()(const LoadPayload& load) {
      return at(load.to) + " = " + (load.header == Header::network ? "network" : "transport") +
             " " + std::to_string(load.offset) + "+" + std::to_string(load.size);
    }
    std::string operator()(const LoadMeta& load) {
      return at(load.to) + (load.key == Meta::interface_name ? " = interface"
                            : load.key == Meta::l4_protocol  ? " = protocol"
                                                             : " = meta");
    }
    std::string operator()(const StoreMeta& store) { return "packet type = " + at(store.from); }
    std::string operator()(const LoadConnection& load) {
      return at(load.to) + (load.key == Connection::state ? " = state" : " = direction");
    }
    std::string operator()(const LoadValue& load) { return at(load.to) + " = " + hex(load.bytes); }
    std::string operator()(const Mask& mask) { return at(mask.at) + " &= " + hex(mask.mask); }
    std::string operator()(const ToHostOrder& order) { return at(order.at) + " to host order"; }
    std::string operator()(const Hash& hash) {
      return at(hash.to) + " = hash " + at(hash.from) + "+" + std::to_string(hash.size) + " seed " +
             std::to_string(hash.seed) + " total " + std::to_string(hash.total);
    }
    std::string operator()(const Compare& compare) {
      return at(compare.from) + (compare.equal ? " is " : " is not ") + hex(compare.bytes);
    }
    std::string operator()(const FindInSet& find) { return at(find.from) + " in " + find.set; }
    std::string operator()(const AddToSet& add) {
      return "add " + at(add.from) + " to " + add.set + " for " +
             std::to_string(add.lifetime.count()) + " ms";
    }
    std::string operator()(const DeleteFromSet& remove) {
      return "delete " + at(remove.from) + " from " + remove.set;
    }
    std::string operator()(const FollowMap& follow) {
      return at(follow.from) + " by map " + follow.map;
    }
    std::string operator()(const Accept&) { return "accept"; }
    std::string operator()(const Drop&) { return "drop"; }
    std::string operator()(const GoTo& jump) { return "goto " + jump.chain; }
    std::string operator()(const Counter&) { return "count"; }
    std::string operator()(const TransparentProxy&) { return "tproxy"; }
    std::string operator()(const Foreign&) { return "foreign"; }
  };
  std::string text;
  for (const auto& expression : rule) {
    text += (text.empty() ? "" : ", ") + std::visit(Words{}, expression);
  }
  return text;
}

std::vector<std::string> in_words(const std::vector<Rule>& rules) {
  std::vector<std::string> lines;
  for (const auto& rule : rules) lines.push_back(in_words(rule));
  return lines;
}

std::vector<Rule> rules_of(const std::string& chain, const IpAddress& address, const Filter& filter,
                           Stage stage = Stage::prerouting) {
  for (const auto& one : move_chains(stage, address, filter)) {
    if (one.name.starts_with(chain + "-")) return one.rules;
  }
  return {};
}

std::vector<std::string> lines_of(const std::string& chain, const IpAddress& address,
                                  const Filter& filter, Stage stage = Stage::prerouting) {
  return in_words(rules_of(chain, address, filter, stage));
}

const std::string other_interface =
    "r0 = interface, r0 is not 636c757374657230"
    "0000000000000000, accept";
const std::string bucket4 = "r8 = network 12+4, r8 to host order, r4 = hash r8+4 seed 7 total 5";
const std::string connection4 = "r8 = network 12+4, r9 = transport 0+2, r10 = transport 2+2";
const std::string taken = "r0 = 00, packet type = r0, accept";

TEST(MoveRules, LetThroughWhatMayBeOfADrainedConnection) {
  EXPECT_THAT(
      lines_of("moving", address4, a_filter()),
      ElementsAre(other_interface,
                  "r0 = protocol, r0 is 06, " + bucket4 + ", r4 in draining-10.0.0.100, " + taken,
                  "r0 = protocol, r0 is 01, r0 = transport 0+1, r0 in icmp-errors, "
                  "r0 = transport 17+1, r0 is 06, r8 = transport 24+4, r8 to host order, "
                  "r4 = hash r8+4 seed 7 total 5, r4 in draining-10.0.0.100, " +
                      taken,
                  "goto cluster-10.0.0.100"));
}

TEST(MoveRules, KnowConnectionsByConntrack) {
  const auto drained = bucket4 + ", r4 in draining-10.0.0.100";
  const auto elsewhere = bucket4 + ", r4 in elsewhere-10.0.0.100";
  const auto begun_anew = ", " + connection4 + ", r8 in reopened-10.0.0.100, count, drop";
  EXPECT_THAT(
      lines_of("known", address4, a_filter()),
      ElementsAre(other_interface,
                  "r0 = transport 13+1, r0 &= 12, r0 is 02, goto opening-10.0.0.100",
                  drained + begun_anew, elsewhere + begun_anew,
                  "r0 = state, r0 is 02000000, r0 = direction, r0 is 00, accept",
                  elsewhere + ", count, drop", drained + ", r0 = state, r0 is 02000000, accept",
                  bucket4 + ", r4 in owned-10.0.0.100, accept", "count, drop"));
}

TEST(MoveRules, OpenConnectionsOnTheNewOwnerAlone) {
  EXPECT_THAT(lines_of("opening", address4, a_filter()),
              ElementsAre(bucket4 + ", r4 in owned-10.0.0.100, " + connection4 +
                              ", delete r8 from reopened-10.0.0.100, accept",
                          connection4 + ", add r8 to reopened-10.0.0.100 for 60000 ms, count, drop",
                          "count, drop"));
}

TEST(MoveRules, AskForTheAddressOfTcpAlone) {
  EXPECT_THAT(in_words(after_conntrack_rules(4)),
              ElementsAre("r0 = protocol, r0 is 06, r0 = network 16+4, r0 by map moving"));
  EXPECT_THAT(in_words(after_conntrack_rules(6)),
              ElementsAre("r0 = protocol, r0 is 06, r0 = network 24+16, r0 by map moving"));
}

TEST(MoveRules, HashPortsWhereTheModeDoes) {
  const auto with_ports = a_filter(HashMode::source_ip_source_port_dest_port);
  EXPECT_EQ(lines_of("moving", address4, with_ports)[1],
            "r0 = protocol, r0 is 06, r8 = network 12+4, r8 to host order, r9 = transport 0+2, "
            "r10 = transport 2+2, r4 = hash r8+12 seed 7 total 5, r4 in draining-10.0.0.100, " +
                taken);
  EXPECT_EQ(lines_of("moving", address6, with_ports)[1],
            "r0 = protocol, r0 is 06, r8 = network 8+16, r12 = transport 0+2, "
            "r13 = transport 2+2, r4 = hash r8+24 seed 7 total 5, r4 in draining-fd77__64, " +
                taken);
}

// A quoted packet is one of this cluster's: its ports stand the other way round.
TEST(MoveRules, ReadQuotedPortsTheOtherWayRound) {
  const auto with_ports = a_filter(HashMode::source_ip_source_port_dest_port);
  EXPECT_THAT(lines_of("moving", address4, with_ports)[2],
              testing::HasSubstr("r8 = transport 24+4, r8 to host order, r9 = transport 30+2, "
                                 "r10 = transport 28+2"));
  EXPECT_THAT(lines_of("moving", address6, with_ports)[2],
              testing::HasSubstr("r8 = transport 32+16, r12 = transport 50+2, "
                                 "r13 = transport 48+2"));
}

TEST(MoveRules, NameAConnectionByClientAndBothPorts) {
  EXPECT_THAT(lines_of("opening", address6, a_filter())[1],
              testing::StartsWith(
                  "r8 = network 8+16, r12 = transport 0+2, r13 = transport 2+2, add r8 to "));
}

TEST(MoveRules, RememberWhatBeganAnewForTheDrainThereAndBack) {
  auto filter = a_filter();
  filter.drain = std::chrono::seconds(3600);
  EXPECT_THAT(lines_of("opening", address4, filter)[1], testing::HasSubstr("for 7200000 ms"));
}

const HashMode all_modes[] = {HashMode::source_ip, HashMode::source_ip_source_port,
                              HashMode::source_ip_source_port_dest_port};

class EveryMove : public testing::TestWithParam<std::tuple<const char*, HashMode>> {
 protected:
  std::vector<Stage> stages() const {
    if (address_.version == 4) return {Stage::prerouting};
    return {Stage::ingress, Stage::prerouting};
  }

  IpAddress address_ = ip(std::get<0>(GetParam()));
  Filter filter_ = a_filter(std::get<1>(GetParam()));
};

TEST_P(EveryMove, EndsInAVerdictOrInTheChainThatDecidedBefore) {
  for (const auto stage : stages()) {
    for (const auto& chain : move_chains(stage, address_, filter_)) {
      const auto& last = chain.rules.back();
      const bool passes_on = last == Rule{GoTo{address_chain_name(address_)}};
      EXPECT_EQ(passes_on, chain.name == moving_chain_name(address_)) << chain.name;
      if (!passes_on) {
        EXPECT_EQ(last, (Rule{Counter{}, Drop{}})) << chain.name;
      }
    }
  }
}

TEST_P(EveryMove, GoesOnlyToChainsThatStandBefore) {
  std::set<std::string> known{address_chain_name(address_)};
  const auto names = move_chain_names(address_);
  for (const auto& chain : move_chains(Stage::prerouting, address_, filter_)) {
    for (const auto& rule : chain.rules) {
      const auto* jump = std::get_if<GoTo>(&rule.back());
      if (jump != nullptr) {
        EXPECT_TRUE(known.contains(jump->chain)) << chain.name;
      }
    }
    known.insert(chain.name);
    EXPECT_NE(std::find(names.begin(), names.end(), chain.name), names.end()) << chain.name;
  }
  EXPECT_EQ(known.size(), 1 + names.size());
}

TEST_P(EveryMove, LeavesOtherInterfacesAlone) {
  for (const char* chain : {"moving", "known"}) {
    EXPECT_EQ(lines_of(chain, address_, filter_).front(), other_interface) << chain;
  }
}

// Before conntrack a packet is taken for this host; behind it, it is one already.
TEST_P(EveryMove, TakesNothingButTcpAndErrorsAboutIt) {
  for (const auto stage : stages()) {
    const auto rules = rules_of("moving", address_, filter_, stage);
    ASSERT_EQ(rules.size(), 4u);
    const auto tcp = Expression(Compare{0, true, {IPPROTO_TCP}});
    for (const auto& rule : {rules[1], rules[2]}) {
      EXPECT_NE(std::find(rule.begin(), rule.end(), tcp), rule.end());
      EXPECT_EQ(rule[rule.size() - 2], Expression(StoreMeta{Meta::packet_type, 0}));
    }
  }
}

// The bucket must come out as in the rules that decide while nothing moves.
TEST_P(EveryMove, HashesLikeTheAddressItself) {
  const auto hashes = [](const std::vector<RuleChain>& chains) {
    std::set<std::pair<std::uint32_t, std::uint32_t>> found;
    for (const auto& chain : chains) {
      for (const auto& rule : chain.rules) {
        for (const auto& expression : rule) {
          if (const auto* hash = std::get_if<Hash>(&expression)) {
            EXPECT_EQ(hash->seed, 7u);
            EXPECT_EQ(hash->total, 5u);
            found.insert({hash->from, hash->size});
          }
        }
      }
    }
    return found;
  };
  EXPECT_EQ(hashes(move_chains(Stage::prerouting, address_, filter_)),
            hashes(address_chains(Stage::prerouting, address_, filter_)));
}

TEST_P(EveryMove, AsksConntrackBehindItAlone) {
  for (const auto stage : stages()) {
    for (const auto& chain : move_chains(stage, address_, filter_)) {
      const bool asks = std::any_of(chain.rules.begin(), chain.rules.end(), [](const Rule& rule) {
        return std::any_of(rule.begin(), rule.end(), [](const Expression& expression) {
          return std::holds_alternative<LoadConnection>(expression);
        });
      });
      EXPECT_EQ(asks, chain.name == known_chain_name(address_)) << chain.name;
    }
  }
}

TEST_P(EveryMove, IsNoRuleAtAllWithoutADrain) {
  filter_.drain = std::chrono::seconds(0);
  for (const auto stage : stages()) {
    EXPECT_TRUE(move_chains(stage, address_, filter_).empty());
  }
}

// "Nothing is paid while nothing drains": rule for rule.
TEST_P(EveryMove, ChangesNoRuleOfAnAddressThatDoesNotMove) {
  auto without = filter_;
  without.drain = std::chrono::seconds(0);
  for (const auto stage : stages()) {
    const auto with_drain = address_chains(stage, address_, filter_);
    const auto before = address_chains(stage, address_, without);
    ASSERT_EQ(with_drain.size(), before.size());
    for (std::size_t at = 0; at < before.size(); ++at) {
      EXPECT_EQ(with_drain[at].name, before[at].name);
      EXPECT_EQ(with_drain[at].rules, before[at].rules) << before[at].name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Rules, EveryMove,
                         testing::Combine(testing::Values("10.0.0.100", "fd77::64"),
                                          testing::ValuesIn(all_modes)));

TEST(MoveRules, OfIngressStandThereWithoutConntrack) {
  const auto chains = move_chains(Stage::ingress, address6, a_filter());
  ASSERT_EQ(chains.size(), 1u);
  EXPECT_EQ(chains.front().name, "moving-fd77__64");
}

TEST(MoveNames, AreWhatNftCanReadBack) {
  EXPECT_THAT(move_chain_names(address6),
              ElementsAre("opening-fd77__64", "known-fd77__64", "moving-fd77__64"));
  EXPECT_EQ(draining_set_name(address6), "draining-fd77__64");
  EXPECT_EQ(elsewhere_set_name(address6), "elsewhere-fd77__64");
  EXPECT_EQ(reopened_set_name(address6), "reopened-fd77__64");
  for (const auto& name : move_chain_names(address6)) {
    EXPECT_EQ(address_of_chain(name), std::nullopt) << "only cluster- chains tell addresses";
  }
}

TEST(Comment, HoldsTheDrain) {
  auto filter = a_filter();
  EXPECT_THAT(comment_of(filter), testing::EndsWith(" total 5 drain 30"));
  EXPECT_EQ(filter_of(comment_of(filter)), filter);
  filter.lease = true;
  EXPECT_THAT(comment_of(filter), testing::EndsWith(" total 5 lease drain 30"));
  EXPECT_EQ(filter_of(comment_of(filter)), filter);
}

TEST(Comment, OfTheLongestDrainIsShortEnoughForNft) {
  const Filter extreme{"a23456789012345",
                       mac("ff:ff:ff:ff:ff:fe"),
                       HashMode::source_ip_source_port_dest_port,
                       0xffffffff,
                       most_buckets,
                       true,
                       std::chrono::seconds(3600)};
  EXPECT_EQ(filter_of(comment_of(extreme)), extreme);
  EXPECT_LT(comment_of(extreme).size(), 128u);
}

TEST(Comment, OfADrainIsOursToTheLetterOrNotAtAll) {
  const std::string good = "eth0 01:00:5e:00:00:64 sourceip seed 0 total 3";
  for (const char* more : {" drain", " drain 0", " drain -1", " drain 3601", " drain 030",
                           " drain 30s", " drain 30 lease", " drain 30 30", " drain  30",
                           " drain 30 drain 30", " drain lease", "drain 30"}) {
    EXPECT_EQ(filter_of(good + more), std::nullopt) << more;
  }
}

}  // namespace
}  // namespace loadshare::nftables
