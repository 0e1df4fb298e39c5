// SPDX-License-Identifier: GPL-2.0-or-later
// The same where buckets drain: nobody is reset, and nothing is left for ever.
#include <gtest/gtest.h>

#include "plan/events.h"

namespace loadshare::test {
namespace {

using testing::IsEmpty;

/// Buckets 1 and 2 owned, draining or neither, without an address, with one that stays and with one
/// that is about to expire; connections known or not; settled or not.
template <class Visit>
void for_every_drain(Visit visit) {
  for (int number = 0; number < 3 * 3 * 3 * 3; ++number) {
    ModelNode node;
    auto& state = node.state();
    state = a_node_with_drain({});
    state.filter.moves.on = true;
    for (const auto& [bucket, part] : {std::pair{1u, number % 3}, std::pair{2u, number / 3 % 3}}) {
      if (part == 1) state.filter.buckets.insert(bucket);
      if (part == 2) state.filter.moves.draining[bucket] = std::chrono::seconds(14);
    }
    if (number / 9 % 3 == 0) state.addresses.clear();
    if (number / 9 % 3 == 1) state.addresses[0].expiring = true;
    if (number / 27 > 0) {
      state.connections.emplace();
      for (const auto& [bucket, left] : state.filter.moves.draining) {
        (*state.connections)[bucket] = number / 27 - 1;
      }
    }
    visit(node);
  }
}

/// Calls `visit` after each number of steps of each event.
template <class Visit>
void for_every_killed_event(Visit visit) {
  for_every_drain([&](const ModelNode& start) {
    for (const auto event : all_events) {
      for (const unsigned bucket : {1u, 2u}) {
        if (testing::Test::HasFailure()) return;  // one counterexample is enough
        const auto plan = plan_for(event, bucket, start);
        for (std::size_t steps = 0; steps <= plan.size(); ++steps) {
          auto node = start;
          SCOPED_TRACE(in_words(event, bucket) + ": " + in_words(plan) + ", killed after " +
                       std::to_string(steps) + " steps");
          execute(node, first_steps(plan, steps));
          visit(start, event, bucket, node, steps == plan.size());
        }
      }
    }
  });
}

TEST(EveryDrain, IsCovered) {
  unsigned drains = 0, kills = 0;
  for_every_drain([&](const ModelNode&) { ++drains; });
  for_every_killed_event([&](auto&&...) { ++kills; });
  EXPECT_EQ(drains, 81u);
  EXPECT_GT(kills, 81u * 6 * 2);
}

TEST(EveryDrain, NeverExposesTheAddressOnItsWay) {
  for_every_killed_event([](const ModelNode&, Event, unsigned, const ModelNode& node, bool) {
    EXPECT_FALSE(node.answers_unfiltered(std::nullopt));
    EXPECT_FALSE(node.owns_what_it_drains());
  });
}

TEST(EveryDrain, LetsOnlyStartOwnABucketAndOnlyAMoveDrainOne) {
  for_every_killed_event([](const ModelNode& start, Event event, unsigned bucket,
                            const ModelNode& node, bool) {
    auto owned = start.state().filter.buckets;
    if (is_start(event)) owned.insert(bucket);
    for (const unsigned own : node.state().filter.buckets) EXPECT_TRUE(owned.contains(own));
    for (const auto& [draining, left] : node.state().filter.moves.draining) {
      const bool before = start.state().filter.moves.draining.contains(draining);
      const bool owned_before = start.state().filter.buckets.contains(draining);
      EXPECT_TRUE(before || (owned_before && event == Event::stop_to_move && draining == bucket));
    }
  });
}

TEST(EveryDrain, IsRepairedByStartAfterAKillAtAnyStep) {
  for_every_killed_event([](const ModelNode&, Event, unsigned bucket, const ModelNode& node, bool) {
    expect_started(node, {Call::start, a_draining_request(bucket)});
  });
}

TEST(EveryDrain, LosesNoOtherBucketByAStartAfterAKillAtAnyStep) {
  for_every_killed_event(
      [](const ModelNode&, Event, unsigned bucket, const ModelNode& killed, bool) {
        auto node = killed;
        const auto other = 3 - bucket;
        const bool draining = killed.state().filter.moves.draining.contains(other);
        const bool owned = killed.state().filter.buckets.contains(other);
        // Without its address the rule is sound all the same.
        execute(node, plan_for(Event::start, bucket, node));
        EXPECT_EQ(node.state().filter.buckets.contains(other), owned);
        const bool same_rule = !killed.state().filter.filters.empty();
        if (same_rule) {
          EXPECT_EQ(node.state().filter.moves.draining.contains(other), draining);
        }
      });
}

// Whatever was killed before: a bucket that is answered and was begun while others drain it is
// spared, or they would be reset.
TEST(EveryDrain, IsSparedByTheStartThatCompletesAKilledOne) {
  for_every_killed_event(
      [](const ModelNode& start, Event event, unsigned bucket, const ModelNode& killed, bool) {
        if (event != Event::start_spared || start.state().filter.buckets.contains(bucket)) return;
        auto node = killed;
        execute(node, plan_for(event, bucket, node));
        EXPECT_TRUE(node.state().filter.moves.elsewhere.contains(bucket));
      });
}

TEST(EveryDrain, IsCompletedByStopAfterAKillAtAnyStep) {
  for (const auto stop : {Event::stop, Event::stop_to_move}) {
    for_every_killed_event(
        [stop](const ModelNode&, Event, unsigned bucket, const ModelNode& killed, bool) {
          auto node = killed;
          execute(node, plan_for(stop, bucket, node));
          EXPECT_EQ(judge(a_draining_request(bucket), node.state()).code, ExitCode::not_running);
          EXPECT_THAT(in_short(plan_for(stop, bucket, node)), IsEmpty()) << "the second time";
          expect_leaving(node);
        });
  }
}

// The process that waits may be killed, too; then the next one finds the same.
void expect_nothing_left(ModelNode node) {
  const auto before = node;
  for (const bool address_first : {false, true}) {
    node = before;
    node.let_drains_end();
    if (address_first) node.let_addresses_expire();
    execute(node, plan_for(Event::settle, 1, node));
    EXPECT_TRUE(node.holds_nothing()) << "settled after the drains";
    EXPECT_FALSE(node.state().filter.moves.on);
  }
}

TEST(EveryDrain, EndsWithNothingLeftAfterTheStopsOfAllBuckets) {
  for_every_killed_event([](const ModelNode&, Event, unsigned, const ModelNode& killed, bool) {
    for (const auto stop : {Event::stop, Event::stop_to_move}) {
      auto node = killed;
      for (const unsigned bucket : {1u, 2u}) execute(node, plan_for(stop, bucket, node));
      EXPECT_THAT(node.state().filter.buckets, IsEmpty());
      if (!node.holds_nothing()) expect_nothing_left(node);
    }
  });
}

TEST(EveryDrain, EndsWithTheRulesThatWereThereBefore) {
  for_every_killed_event(
      [](const ModelNode&, Event, unsigned bucket, const ModelNode& killed, bool) {
        auto node = killed;
        execute(node, plan_for(Event::start, bucket, node));
        node.let_drains_end();
        execute(node, plan_for(Event::settle, bucket, node));
        EXPECT_FALSE(node.state().filter.moves.on);
        EXPECT_EQ(judge(a_draining_request(bucket), node.state()).code, ExitCode::success);
      });
}

}  // namespace
}  // namespace loadshare::test
