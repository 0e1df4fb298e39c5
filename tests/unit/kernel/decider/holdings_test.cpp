// SPDX-License-Identifier: GPL-2.0-or-later
// The tables of a deciding program: who gets which cells, and what is read back.
#include "kernel/decider/holdings.h"

#include <chrono>
#include <map>

#include "kernel/decider/holdings_fixture.h"

namespace loadshare::decider {
namespace {

using namespace std::chrono_literals;
using test::Fails;
using test::ip;
using test::outcome_of;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

TEST_F(DeciderHoldings, TellWhatWasPut) {
  const Filter filter{"", test::cluster_mac, HashMode::source_ip_source_port, 7, 6, true, 30s};
  for (const auto& address : {ip(cluster4), ip(cluster6)}) {
    EXPECT_FALSE(holdings().holds(address));
    EXPECT_THAT(holdings().state_of(address).filters, IsEmpty());
    holdings().put(address, filter, {1, 3, 6});
    EXPECT_TRUE(holdings().holds(address));
    const auto state = holdings().state_of(address);
    EXPECT_THAT(state.filters, ElementsAre(filter));
    EXPECT_THAT(state.buckets, ElementsAre(1, 3, 6));
    EXPECT_THAT(state.faults, IsEmpty());
    EXPECT_THAT(state.expiring, IsEmpty());
    EXPECT_FALSE(state.moves.on);
  }
  EXPECT_THAT(holdings().addresses(), UnorderedElementsAre(ip(cluster4), ip(cluster6)));
  holdings().take_out(ip(cluster4));
  EXPECT_THAT(holdings().addresses(), ElementsAre(ip(cluster6)));
  holdings().take_out(ip(cluster4));
}

// A number that was written by hand, one that was copied from another bucket or address, one that
// means nothing.
TEST_F(DeciderHoldings, DoNotAdoptWhatAnotherHandHasWritten) {
  put(cluster4, 6, {1});
  put(cluster6, 6, {1});
  const auto cells = holdings().files().cells.number();
  const auto write = [&](unsigned bucket, std::uint64_t state) {
    const auto place = first_cell(cluster4) + bucket - 1;
    const decider_cell cell{state, 0};
    bpf_map_update_elem(cells, &place, &cell, BPF_ANY);
  };
  const auto state_at = [&](unsigned place) {
    decider_cell cell{};
    bpf_map_lookup_elem(cells, &place, &cell);
    return cell.state;
  };
  write(2, decider_owned);
  write(3, state_at(first_cell(cluster4)));
  write(4, state_at(first_cell(cluster6)));
  write(5, 7);
  const auto state = holdings().state_of(ip(cluster4));
  EXPECT_THAT(state.buckets, ElementsAre(1));
  EXPECT_THAT(state.usurped, ElementsAre(2, 3, 4, 5));
  EXPECT_THAT(state.faults, ElementsAre(HasSubstr("has taken bucket 2,3,4,5")));
  for (const unsigned bucket : {2U, 3U, 4U, 5U}) holdings().give_up(ip(cluster4), bucket);
  EXPECT_THAT(holdings().state_of(ip(cluster4)).faults, IsEmpty());
}

TEST_F(DeciderHoldings, HaveEveryModeAndTotal) {
  for (const auto mode : all_modes) {
    for (const unsigned total : {1U, 2U, 1023U, most_buckets}) {
      holdings().put(ip(cluster4), a_filter_by(mode, total, 0xffffffff), all_of(total));
      const auto state = holdings().state_of(ip(cluster4));
      EXPECT_EQ(state.filters.front().hash_mode, mode);
      EXPECT_EQ(state.filters.front().seed, 0xffffffff);
      EXPECT_EQ(state.buckets, all_of(total));
    }
  }
}

TEST_F(DeciderHoldings, OwnNoBucketBeyondTheTotal) {
  put(cluster4, 2, {0, 2, 3, 1024});
  EXPECT_THAT(holdings().state_of(ip(cluster4)).buckets, ElementsAre(2));
  const auto cannot = Fails(ExitCode::generic_error, "has no bucket");
  for (const unsigned bucket : {0U, 3U, 1024U, 0xffffffffU}) {
    EXPECT_THAT(outcome_of([&] { holdings().own(ip(cluster4), bucket, {}); }), cannot);
    EXPECT_THAT(outcome_of([&] { holdings().give_up(ip(cluster4), bucket); }), cannot);
    EXPECT_THAT(outcome_of([&] { holdings().drain(ip(cluster4), bucket, 1s); }), cannot);
    EXPECT_THAT(outcome_of([&] { holdings().end_drain(ip(cluster4), bucket); }), cannot);
    EXPECT_THAT(outcome_of([&] { holdings().spare(ip(cluster4), bucket, 1s); }), cannot);
  }
  EXPECT_THAT(outcome_of([&] { holdings().own(ip(cluster6), 1, {}); }), cannot);
}

TEST_F(DeciderHoldings, ReachToTheirLastCell) {
  for (unsigned number = 0; number < 16; ++number) put("10.0.1." + std::to_string(number), 1024);
  const auto last = ip("10.0.1.15");
  EXPECT_EQ(parameters_of("10.0.1.15").first_cell + 1024u, unsigned{LOADSHARE_MOST_CELLS});
  holdings().own(last, 1024, {});
  EXPECT_THAT(holdings().state_of(last).buckets, ElementsAre(1024));
  EXPECT_THAT(holdings().state_of(last).faults, IsEmpty());
  holdings().give_up(last, 1024);
  EXPECT_THAT(holdings().state_of(last).buckets, IsEmpty());
}

TEST_F(DeciderHoldings, GiveEachAddressCellsOfItsOwn) {
  put("10.0.1.1", 3, {1, 2, 3});
  put("10.0.1.2", 5);
  put("fd77::3", 2, {2});
  EXPECT_EQ(first_cell("10.0.1.1"), 0u);
  EXPECT_EQ(first_cell("10.0.1.2"), 3u);
  EXPECT_EQ(first_cell("fd77::3"), 8u);
  EXPECT_THAT(holdings().state_of(ip("10.0.1.1")).buckets, ElementsAre(1, 2, 3));
  EXPECT_THAT(holdings().state_of(ip("10.0.1.2")).buckets, IsEmpty());
  EXPECT_THAT(holdings().state_of(ip("fd77::3")).buckets, ElementsAre(2));
}

TEST_F(DeciderHoldings, FillTheFirstGapThatIsLongEnough) {
  for (const unsigned number : {1U, 2U, 3U, 4U}) put("10.0.1." + std::to_string(number), 4);
  holdings().take_out(ip("10.0.1.1"));
  holdings().take_out(ip("10.0.1.3"));
  put("10.0.1.5", 5);
  EXPECT_EQ(first_cell("10.0.1.5"), 16u);
  put("10.0.1.6", 3);
  EXPECT_EQ(first_cell("10.0.1.6"), 0u);
  put("10.0.1.7", 4);
  EXPECT_EQ(first_cell("10.0.1.7"), 8u);
}

TEST_F(DeciderHoldings, LeaveNothingToWhoGetsTheCellsNext) {
  put("10.0.1.1", 3, {1, 2, 3});
  holdings().drain(ip("10.0.1.1"), 1, 30s);
  holdings().spare(ip("10.0.1.1"), 2, 30s);
  for (unsigned number = 1; number < 20; ++number) {
    passes("10.0.1.1", "192.0.2." + std::to_string(number));
  }
  const auto counters = holdings().state_of(ip("10.0.1.1")).counters;
  EXPECT_GT(counters.accepted.at(3), 0u);
  EXPECT_GT(counters.dropped, 0u);
  holdings().take_out(ip("10.0.1.1"));
  put("10.0.1.2", 3);
  EXPECT_EQ(first_cell("10.0.1.2"), 0u);
  const auto state = holdings().state_of(ip("10.0.1.2"));
  EXPECT_THAT(state.buckets, IsEmpty());
  EXPECT_FALSE(state.moves.on);
  EXPECT_EQ(state.counters.dropped, 0u);
  holdings().own(ip("10.0.1.2"), 1, {});
  EXPECT_EQ(holdings().state_of(ip("10.0.1.2")).counters.accepted.at(1), 0u);
}

TEST_F(DeciderHoldings, SayWhenTheyAreFull) {
  for (unsigned number = 0; number < 16; ++number) put("10.0.1." + std::to_string(number), 1024);
  EXPECT_THAT(outcome_of([&] { put("10.0.2.1", 1); }),
              Fails(ExitCode::generic_error, "no room for 1 more buckets"));
  EXPECT_FALSE(holdings().holds(ip("10.0.2.1")));
  put("10.0.1.7", 1024, {1024});  // anew, in its own place
  EXPECT_EQ(first_cell("10.0.1.7"), 7 * 1024u);
  holdings().take_out(ip("10.0.1.3"));
  put("10.0.2.1", 1);
  EXPECT_EQ(first_cell("10.0.2.1"), 3 * 1024u);
  EXPECT_THAT(outcome_of([&] { put("10.0.2.2", 1024); }),
              Fails(ExitCode::generic_error, "no room for 1024 more buckets"));
}

TEST_F(DeciderHoldings, TellWhatIsLeftOfEachBucketsTime) {
  put(cluster4, 6, {1});
  const auto address = ip(cluster4);
  holdings().own(address, 2, 30s);
  holdings().own(address, 3, -1ms);
  holdings().drain(address, 4, 20s);
  holdings().drain(address, 5, -1ms);
  holdings().spare(address, 1, 10s);
  holdings().spare(address, 6, -1ms);
  auto state = holdings().state_of(address);
  EXPECT_THAT(state.buckets, ElementsAre(1, 2));
  const auto about = [](std::chrono::seconds time) {
    return testing::AllOf(testing::Gt(time - 5s), testing::Le(time));
  };
  EXPECT_THAT(state.expiring, ElementsAre(testing::Pair(2, about(30s))));
  EXPECT_TRUE(state.moves.on);
  EXPECT_THAT(state.moves.draining, ElementsAre(testing::Pair(4, about(20s))));
  EXPECT_THAT(state.moves.elsewhere, ElementsAre(testing::Pair(1, about(10s))));
}

TEST_F(DeciderHoldings, KeepNoMarkOfWhatIsOver) {
  put(cluster4, 3, {1});
  const auto address = ip(cluster4);
  holdings().drain(address, 2, -1ms);
  holdings().spare(address, 1, -1ms);
  EXPECT_TRUE(holdings().state_of(address).moves.done());
  holdings().tidy(address);
  EXPECT_FALSE(holdings().state_of(address).moves.on);
  EXPECT_THAT(holdings().state_of(address).buckets, ElementsAre(1));
  holdings().drain(address, 2, 30s);
  holdings().spare(address, 1, 30s);
  holdings().tidy(address);
  const auto moves = holdings().state_of(address).moves;
  EXPECT_EQ(moves.draining.size() + moves.elsewhere.size(), 2u) << "what is not over stays";
  holdings().tidy(ip(cluster6));
}

TEST_F(DeciderHoldings, EndADrainOnlyWhereOneIs) {
  put(cluster4, 2, {1});
  holdings().end_drain(ip(cluster4), 1);
  EXPECT_THAT(holdings().state_of(ip(cluster4)).buckets, ElementsAre(1));
}

/// Two that the program cannot tell apart before it looks them up.
std::pair<std::string, std::string> folded_alike() {
  std::map<unsigned, std::string> seen;
  for (unsigned number = 1;; ++number) {
    const auto text = "10.1." + std::to_string(number / 256) + "." + std::to_string(number % 256);
    const auto key = bpf::key_of(ip(text));
    const auto [place, is_new] = seen.emplace(decider_fold(&key), text);
    if (!is_new) return {place->second, text};
  }
}

TEST_F(DeciderHoldings, ArePassedByNoAddressThatLooksLikeOneOfThem) {
  const auto [held, alike] = folded_alike();
  put(held, 1);
  EXPECT_FALSE(passes(held, client4)) << "dropped: decided on";
  EXPECT_TRUE(passes(alike, client4)) << "none of ours";
  put(alike, 1);
  EXPECT_FALSE(passes(alike, client4));
  holdings().take_out(ip(held));
  EXPECT_TRUE(passes(held, client4));
  EXPECT_FALSE(passes(alike, client4)) << "still looked for";
  EXPECT_THAT(holdings().state_of(ip(alike)).faults, IsEmpty());
  holdings().take_out(ip(alike));
  for (const auto word : holdings().root().may_be_held) EXPECT_EQ(word, 0u);
}

TEST_F(DeciderHoldings, FoldAddressesLikeTheProgram) {
  for (unsigned number = 0; number < 64; ++number) {
    const auto address = "10.3." + std::to_string(number) + ".7";
    put(address, 1);
    EXPECT_FALSE(passes(address, client4));
    const auto address6 = "fd77:" + std::to_string(number) + "::7";
    put(address6, 1);
    EXPECT_FALSE(passes(address6, client6));
  }
}

TEST_F(DeciderHoldings, NoticeWhatSomebodySpoilt) {
  put(cluster4, 3, {1});
  for (auto& word : holdings().root().may_be_held) word = 0;
  EXPECT_THAT(holdings().state_of(ip(cluster4)).faults,
              ElementsAre(HasSubstr("does not look for 10.0.0.100")));
  put(cluster4, 3, {1});
  EXPECT_THAT(holdings().state_of(ip(cluster4)).faults, IsEmpty());
  const auto good = parameters_of(cluster4);
  for (const auto& [first, total] : {std::pair{0U, 0U},
                                     {LOADSHARE_MOST_CELLS - 2U, 3U},
                                     {LOADSHARE_MOST_CELLS + 0U, 3U},
                                     {0U, most_buckets + 1},
                                     {0xffffffffU, 0xffffffffU}}) {
    auto spoilt = good;
    spoilt.first_cell = first, spoilt.total = total;
    change(cluster4, spoilt);
    EXPECT_THAT(holdings().state_of(ip(cluster4)).faults, ElementsAre(HasSubstr("are not ours")));
    EXPECT_THAT(holdings().state_of(ip(cluster4)).filters, IsEmpty());
  }
  auto spoilt = good;
  spoilt.hashed_ports = 3;
  change(cluster4, spoilt);
  EXPECT_THAT(holdings().state_of(ip(cluster4)).faults, ElementsAre(HasSubstr("are not ours")));
}

}  // namespace
}  // namespace loadshare::decider
