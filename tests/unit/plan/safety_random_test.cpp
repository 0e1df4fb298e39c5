// SPDX-License-Identifier: GPL-2.0-or-later
// Random sequences of starts, stops, moves, kills and sabotage.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "plan/events.h"

namespace loadshare::test {
namespace {

class RandomOperations : public testing::TestWithParam<unsigned> {
 protected:
  static constexpr unsigned total = 8;
  static constexpr int operations = 2000;

  unsigned below(unsigned limit) {
    return std::uniform_int_distribution<unsigned>(0, limit - 1)(random_);
  }

  Asked next() {
    auto request = a_request(1 + below(total));
    request.total = total;
    return {below(2) == 0 ? Call::start : Call::stop, request};
  }

  // Half of the calls are killed at some step.
  bool run(const Asked& asked) {
    const auto plan = asked.plan(node_);
    const auto steps = below(2) == 0 ? plan.size() : below(static_cast<unsigned>(plan.size()) + 1);
    execute(node_, first_steps(plan, steps));
    return steps == plan.size();
  }

  void sabotage() {
    auto& state = node_.state();
    const bool has_rule = !state.filter.filters.empty();
    switch (below(8)) {
      case 0:
        if (!has_former_address()) node_.take(RemoveFilter{});
        return;
      case 1:
        return state.addresses.clear();
      case 2:
        return state.interface->joined.clear();
      case 3:
        return void(state.interface->up = state.interface->carrier = false);
      case 4:
        if (has_rule) state.addresses = {{"eth0", 24}};
        return;
      case 5:
        if (has_rule) state.addresses = {{"eth1", 24}};
        return;
      case 6:
        if (has_rule) state.filter.filters[0].seed ^= 1;
        return;
      case 7:
        if (has_rule) state.filter.faults = {"a foreign rule comes before"};
        return;
    }
  }

  // Without a rule it would be the node's own.
  bool has_former_address() const {
    const auto& held = node_.state().addresses;
    return std::any_of(held.begin(), held.end(), [](auto& one) { return !one.cluster_form; });
  }

  std::mt19937 random_{GetParam()};
  ModelNode node_;
};

INSTANTIATE_TEST_SUITE_P(Seeded, RandomOperations, testing::Range(0u, 10u));

TEST_P(RandomOperations, NeverLeaveABucketThatNobodyAskedFor) {
  std::set<unsigned> asked_for;
  for (int i = 0; i < operations && !HasFailure(); ++i) {
    if (below(10) == 0) sabotage();
    const auto asked = next();
    const auto plan = asked.plan(node_);
    SCOPED_TRACE(std::to_string(i) + ": " + in_words(asked) + ": " + in_words(plan));
    const auto bucket = asked.request.bucket;
    if (asked.call == Call::start) asked_for.insert(bucket);
    const bool completed = run(asked);
    if (completed && asked.call == Call::stop) asked_for.erase(bucket);

    const auto& owned = node_.state().filter.buckets;
    EXPECT_TRUE(std::includes(asked_for.begin(), asked_for.end(), owned.begin(), owned.end()));
    if (!completed) continue;
    const auto code = judge(asked.request, node_.state()).code;
    EXPECT_EQ(code, asked.call == Call::start ? ExitCode::success : ExitCode::not_running);
  }
}

TEST_P(RandomOperations, WithoutSabotageKeepEveryBucketThatWasNotStopped) {
  std::set<unsigned> held;
  for (int i = 0; i < operations && !HasFailure(); ++i) {
    const auto asked = next();
    SCOPED_TRACE(std::to_string(i) + ": " + in_words(asked));
    execute(node_, asked.plan(node_));
    if (asked.call == Call::start) {
      held.insert(asked.request.bucket);
    } else {
      held.erase(asked.request.bucket);
    }
    EXPECT_EQ(node_.state().filter.buckets, held);
    EXPECT_EQ(node_.holds_nothing(), held.empty());
  }
}

class RandomMoves : public RandomOperations {
 protected:
  struct Happened {
    Event event;
    unsigned bucket;
    bool completed;
  };

  // As connections end, as the kernel's clock goes, or not at all.
  void let_time_pass() {
    auto& state = node_.state();
    switch (below(8)) {
      case 0:
        return node_.let_drains_end();
      case 1:
        node_.let_drains_end();
        return node_.let_addresses_expire();
      case 2:
        state.connections.emplace();
        for (const auto& [bucket, left] : state.filter.moves.draining) {
          (*state.connections)[bucket] = below(2);
        }
        return;
      default:
        state.connections.reset();
    }
  }

  Happened let_something_happen() {
    const auto event = all_events[below(std::size(all_events))];
    const auto bucket = 1 + below(3);
    const auto plan = plan_for(event, bucket, node_);
    const auto steps = below(2) == 0 ? plan.size() : below(static_cast<unsigned>(plan.size()) + 1);
    told_ = in_words(event, bucket) + ": " + in_words(first_steps(plan, steps));
    for (const auto& step : first_steps(plan, steps)) {
      const bool exposed = node_.answers_unfiltered(std::nullopt);
      node_.take(step);
      EXPECT_TRUE(exposed || !node_.answers_unfiltered(std::nullopt)) << describe(step);
      EXPECT_FALSE(node_.owns_what_it_drains());
    }
    return {event, bucket, steps == plan.size()};
  }

  std::string told_;
};

INSTANTIATE_TEST_SUITE_P(Seeded, RandomMoves, testing::Range(0u, 10u));

TEST_P(RandomMoves, NeverLeaveABucketThatNobodyAskedForAndNoAddressForEver) {
  std::set<unsigned> asked_for;
  for (int i = 0; i < operations && !HasFailure(); ++i) {
    let_time_pass();
    if (below(20) == 0) sabotage();
    const auto [event, bucket, completed] = let_something_happen();
    SCOPED_TRACE(std::to_string(i) + ": " + told_);
    if (is_start(event)) asked_for.insert(bucket);
    if (is_stop(event) && completed) asked_for.erase(bucket);
    for (const unsigned owned : node_.state().filter.buckets) {
      EXPECT_TRUE(asked_for.contains(owned)) << owned;
    }
    if (!completed) continue;
    const auto code = judge(a_draining_request(bucket), node_.state()).code;
    if (is_start(event)) {
      EXPECT_EQ(code, ExitCode::success);
    }
    if (is_stop(event)) {
      EXPECT_EQ(code, ExitCode::not_running);
    }
    if (is_stop(event)) expect_leaving(node_);
  }
}

}  // namespace
}  // namespace loadshare::test
