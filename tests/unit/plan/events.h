// SPDX-License-Identifier: GPL-2.0-or-later
// Plans executed on a node in memory, killed after every step: never exposed, always repairable.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "builders.h"
#include "loadshare/plan.h"

namespace loadshare::test {
namespace {

using testing::IsEmpty;

/// A kernel in memory. It takes steps as the real one does and complains of those that the real
/// one would refuse.
class ModelNode {
 public:
  /// What a test may break.
  Observed& state() { return node_; }
  const Observed& state() const { return node_; }

  void take(const Step& step) {
    std::visit([this](const auto& kind) { apply(kind); }, step);
  }

  /// The address is on an interface that works, and no rule there keeps it from answering.
  bool answers_unfiltered(const std::optional<Filter>& right_rule) const {
    return std::any_of(node_.addresses.begin(), node_.addresses.end(), [&](const auto& held) {
      return is_up(held.interface) && !is_filtered(held.interface, right_rule);
    });
  }

  /// The same without regard to the interface's state and to what a right rule is.
  bool is_unguarded() const {
    return std::any_of(node_.addresses.begin(), node_.addresses.end(), [&](const auto& held) {
      return !is_filtered(held.interface, std::nullopt) || !node_.filter.faults.empty();
    });
  }

  /// A bucket is owned or given up but for its connections, never both.
  bool owns_what_it_drains() const {
    const auto& draining = node_.filter.moves.draining;
    return std::any_of(draining.begin(), draining.end(), [this](const auto& one) {
      return node_.filter.buckets.contains(one.first);
    });
  }

  bool address_stays() const {
    return std::any_of(node_.addresses.begin(), node_.addresses.end(),
                       [](const HeldAddress& held) { return !held.expiring; });
  }

  // Time goes by. The kernel waits for nobody: what has a lifetime ends by itself.
  void let_drains_end() {
    node_.filter.moves.draining.clear();
    node_.filter.moves.elsewhere.clear();
    node_.connections.reset();
  }
  void let_addresses_expire() {
    std::erase_if(node_.addresses, [](const HeldAddress& held) { return held.expiring; });
  }

  bool holds_nothing() const {
    return node_.addresses.empty() && node_.filter.filters.empty() && node_.filter.faults.empty() &&
           node_.filter.buckets.empty() && node_.interface->joined.empty();
  }

 private:
  // eth1 exists beside the interface that is asked for, and is always up.
  bool is_up(const std::string& interface) const {
    return interface != node_.interface->name || node_.interface->up;
  }

  bool is_filtered(const std::string& interface, const std::optional<Filter>& right_rule) const {
    const auto& state = node_.filter;
    if (right_rule && (state.filters.size() != 1 || !state.faults.empty())) return false;
    return std::any_of(state.filters.begin(), state.filters.end(), [&](const Filter& filter) {
      return filter.interface == interface && (!right_rule || filter == *right_rule);
    });
  }

  void apply(const RaiseInterface& step) {
    EXPECT_EQ(step.interface, node_.interface->name);
    node_.interface->up = node_.interface->carrier = true;
  }
  void apply(const InstallFilter& step) {
    // A second rule is refused, or taken without effect (facts/clusterip.md).
    EXPECT_THAT(node_.filter.filters, IsEmpty()) << "a second rule";
    EXPECT_FALSE(step.buckets.empty()) << "the kernel refuses a rule without a local node";
    node_.filter.filters.push_back(step.filter);
    node_.filter.buckets = step.buckets;
    node_.filter.moves = {};
    set_joined(step.filter.interface, step.filter.mac, true);
  }
  void apply(const RemoveFilter&) {
    for (const auto& filter : node_.filter.filters) {
      set_joined(filter.interface, filter.mac, false);
    }
    node_.filter.filters.clear();
    node_.filter.faults.clear();
    node_.filter.buckets.clear();
    node_.filter.moves = {};
  }
  void apply(const TakeBucket& step) {
    EXPECT_FALSE(node_.filter.filters.empty()) << "there is no file to write to";
    node_.filter.buckets.insert(step.bucket);
    EXPECT_EQ(node_.filter.moves.draining.contains(step.bucket), step.draining);
    node_.filter.moves.draining.erase(step.bucket);
  }
  void apply(const ReleaseBucket& step) {
    EXPECT_TRUE(node_.filter.buckets.erase(step.bucket) == 1) << "not held";
  }
  void apply(const DrainBucket& step) {
    EXPECT_TRUE(node_.filter.buckets.erase(step.bucket) == 1) << "not held";
    node_.filter.moves.on = true;
    node_.filter.moves.draining[step.bucket] = step.lifetime;
  }
  void apply(const EndDrain& step) {
    EXPECT_TRUE(node_.filter.moves.draining.erase(step.bucket) == 1) << "not draining";
    if (node_.connections) node_.connections->erase(step.bucket);
  }
  void apply(const SpareConnections& step) {
    EXPECT_FALSE(node_.filter.filters.empty()) << "there is no set to enter it in";
    node_.filter.moves.on = true;
    for (const unsigned bucket : step.buckets) {
      node_.filter.moves.elsewhere[bucket] = step.lifetime;
    }
  }
  void apply(const ForgetConnections& step) {
    for (const unsigned bucket : step.buckets) {
      EXPECT_FALSE(node_.filter.buckets.contains(bucket)) << "connections of its own";
    }
  }
  void apply(const EndMoves&) {
    EXPECT_TRUE(node_.filter.moves.done()) << "some bucket still moves";
    node_.filter.moves.on = false;
  }
  void apply(const LimitAddress& step) {
    for (auto& held : node_.addresses) held.expiring = held.expiring || held == step.held;
  }
  void apply(const AddAddress& step) {
    EXPECT_FALSE(answers_unfiltered(step.target.filter)) << "on the way to add the address";
    auto expiring = step.target.held;
    expiring.expiring = true;
    std::erase(node_.addresses, expiring);
    node_.addresses.push_back(step.target.held);
    EXPECT_EQ(std::count(node_.addresses.begin(), node_.addresses.end(), step.target.held), 1);
  }
  void apply(const RemoveAddress& step) {
    EXPECT_EQ(std::erase(node_.addresses, step.held), 1u) << "an address that is not there";
  }
  void apply(const Announce& step) {
    EXPECT_TRUE(node_.interface->joined.contains(step.mac)) << "announced before it is joined";
    EXPECT_FALSE(node_.addresses.empty()) << "announced before it is there";
  }

  void set_joined(const std::string& interface, const MacAddress& mac, bool joined) {
    if (interface != node_.interface->name) return;
    if (joined) {
      node_.interface->joined.insert(mac);
    } else {
      node_.interface->joined.erase(mac);
    }
  }

  Observed node_ = an_empty_node();
};

enum class Call { start, stop };

struct Asked {
  Call call;
  Request request;

  Plan plan(const ModelNode& node) const {
    return call == Call::start ? plan_start(request, node.state())
                               : plan_stop(request, node.state());
  }
};

void execute(ModelNode& node, const Plan& plan) {
  for (const auto& step : plan) node.take(step);
}

Plan first_steps(const Plan& plan, std::size_t count) {
  return {plan.begin(), plan.begin() + static_cast<std::ptrdiff_t>(count)};
}

std::string in_words(const Plan& plan) {
  std::string text;
  for (const auto& words : in_short(plan)) text += (text.empty() ? "" : "; ") + words;
  return text;
}

// --- Every broken state × every request × every place to be killed ---

struct StartState {
  std::string what;
  ModelNode node;
};

// One way in which a part of the node can be; several of them make a state.
struct Variation {
  const char* name;
  void (*set)(Observed&);
};

const Variation rules[] = {
    {"no rule", [](Observed&) {}},
    {"right rule", [](Observed& node) { node.filter.filters = {a_filter()}; }},
    {"wrong MAC",
     [](Observed& node) {
       node.filter.filters = {a_filter()};
       node.filter.filters[0].mac = other_mac;
     }},
    {"wrong total",
     [](Observed& node) {
       node.filter.filters = {a_filter()};
       node.filter.filters[0].total = 16;
     }},
    {"wrong hash mode",
     [](Observed& node) {
       node.filter.filters = {a_filter()};
       node.filter.filters[0].hash_mode = HashMode::source_ip;
     }},
    {"wrong seed",
     [](Observed& node) {
       node.filter.filters = {a_filter()};
       node.filter.filters[0].seed = 7;
     }},
    {"rule on eth1",
     [](Observed& node) {
       node.filter.filters = {a_filter()};
       node.filter.filters[0].interface = "eth1";
     }},
    {"rule twice",
     [](Observed& node) {
       node.filter.filters = {a_filter(), a_filter()};
     }},
    {"faulty rule",
     [](Observed& node) {
       node.filter.filters = {a_filter()};
       node.filter.faults = {"in the wrong place"};
     }},
};

const Variation addresses[] = {
    {"no address", [](Observed&) {}},
    {"address",
     [](Observed& node) {
       node.addresses = {{"eth0", 24}};
     }},
    {"wrong prefix",
     [](Observed& node) {
       node.addresses = {{"eth0", 32}};
     }},
    {"address on eth1",
     [](Observed& node) {
       node.addresses = {{"eth1", 24}};
     }},
    {"address on both",
     [](Observed& node) {
       node.addresses = {{"eth0", 24}, {"eth1", 24}};
     }},
};

const Variation interfaces[] = {
    {"up", [](Observed&) {}},
    {"down", [](Observed& node) { node.interface->up = node.interface->carrier = false; }},
};

const Variation memberships[] = {
    {"MAC joined",
     [](Observed& node) {
       for (const auto& filter : node.filter.filters) {
         if (filter.interface == "eth0") node.interface->joined.insert(filter.mac);
       }
     }},
    {"MAC not joined", [](Observed&) {}},
};

const std::set<unsigned> bucket_sets[] = {{}, {1}, {2}, {1, 2}, {1, 2, 3}, {2, 9, 16}};

/// Calls `visit` with every state that a kill, an administrator or another program can leave.
template <class Visit>
void for_every_start_state(Visit visit) {
  for (const auto& rule : rules) {
    for (const auto& address : addresses) {
      for (const auto& interface : interfaces) {
        for (const auto& membership : memberships) {
          for (const auto& buckets : bucket_sets) {
            StartState start;
            start.what = std::string(rule.name) + ", " + address.name + ", " + interface.name +
                         ", " + membership.name + ", buckets";
            for (const unsigned bucket : buckets) start.what += " " + std::to_string(bucket);
            auto& state = start.node.state();
            rule.set(state);
            address.set(state);
            interface.set(state);
            membership.set(state);
            // Without a rule there is nothing that could own a bucket or need a membership.
            const bool has_rule = !state.filter.filters.empty();
            if (!has_rule && (!buckets.empty() || &membership != &memberships[0])) continue;
            state.filter.buckets = buckets;
            visit(start);
          }
        }
      }
    }
  }
}

template <class Visit>
void for_every_request(Visit visit) {
  for (const auto call : {Call::start, Call::stop}) {
    for (const unsigned bucket : {1u, 2u}) visit(Asked{call, a_request(bucket)});
  }
}

std::string in_words(const Asked& asked) {
  return (asked.call == Call::start ? "start " : "stop ") + std::to_string(asked.request.bucket);
}

// What start must have in place before the address answers; stop looks only for any rule, for it
// is not told what a right one is.
std::optional<Filter> right_rule(const Asked& asked) {
  if (asked.call == Call::stop) return std::nullopt;
  auto filter = a_filter();
  filter.drain = asked.request.drain;
  return filter;
}

bool releases_only(const Plan& plan) {
  return plan.size() == 1 && std::holds_alternative<ReleaseBucket>(plan.front());
}

// The heart of it. Whoever was exposed before is silent from the first steps on, and nobody
// becomes exposed.
void expect_safe(const ModelNode& start, const Asked& asked, const Plan& plan) {
  if (plan.empty() || releases_only(plan)) return;  // other buckets' monitors speak up: see below
  auto node = start;
  const auto rule = right_rule(asked);
  bool exposed = node.answers_unfiltered(rule);
  bool only_removed = true;
  for (const auto& step : plan) {
    node.take(step);
    only_removed = only_removed && std::holds_alternative<RemoveAddress>(step);
    EXPECT_TRUE(exposed || !node.answers_unfiltered(rule)) << "newly exposed: " << describe(step);
    exposed = node.answers_unfiltered(rule);
    EXPECT_TRUE(!exposed || only_removed) << "still exposed after: " << describe(step);
  }
  EXPECT_FALSE(exposed);
}

void expect_no_foreign_bucket(const ModelNode& start, const Asked& asked, const ModelNode& now) {
  auto allowed = start.state().filter.buckets;
  if (asked.call == Call::start) allowed.insert(asked.request.bucket);
  const auto& owned = now.state().filter.buckets;
  EXPECT_TRUE(std::includes(allowed.begin(), allowed.end(), owned.begin(), owned.end()))
      << "owns a bucket that nobody asked for";
}

void expect_started(ModelNode node, const Asked& asked) {
  execute(node, plan_start(asked.request, node.state()));
  const auto verdict = judge(asked.request, node.state());
  EXPECT_EQ(verdict.code, ExitCode::success) << verdict.reason;
  EXPECT_THAT(in_short(plan_start(asked.request, node.state())), IsEmpty()) << "the second time";
}

void expect_stopped(ModelNode node, const Asked& asked) {
  execute(node, plan_stop(asked.request, node.state()));
  EXPECT_EQ(judge(asked.request, node.state()).code, ExitCode::not_running);
  EXPECT_THAT(in_short(plan_stop(asked.request, node.state())), IsEmpty()) << "the second time";
  if (node.state().filter.buckets.empty()) {
    EXPECT_TRUE(node.holds_nothing()) << "after the last stop";
  }
}

void expect_everything_stops(ModelNode node) {
  for (unsigned bucket = 1; bucket <= 16; ++bucket) {
    execute(node, plan_stop(a_request(bucket), node.state()));
  }
  EXPECT_TRUE(node.holds_nothing()) << "after all stops";
}

// What a crowd of independent checks would repeat for each of thousands of plans.
template <class Visit>
void for_every_plan(Visit visit) {
  for_every_start_state([&](const StartState& start) {
    for_every_request([&](const Asked& asked) {
      if (testing::Test::HasFailure()) return;  // one counterexample is enough
      const auto plan = asked.plan(start.node);
      SCOPED_TRACE(start.what + ": " + in_words(asked) + ": " + in_words(plan));
      visit(start.node, asked, plan);
    });
  });
}

/// The same after each number of steps, from none to all.
template <class Visit>
void for_every_kill(Visit visit) {
  for_every_plan([&](const ModelNode& start, const Asked& asked, const Plan& plan) {
    for (std::size_t steps = 0; steps <= plan.size(); ++steps) {
      auto node = start;
      execute(node, first_steps(plan, steps));
      SCOPED_TRACE("killed after " + std::to_string(steps) + " steps");
      visit(start, asked, node);
    }
  });
}

TEST(EveryBrokenState, IsCovered) {
  unsigned states = 0, plans = 0;
  for_every_start_state([&](const StartState&) { ++states; });
  for_every_plan([&](const ModelNode&, const Asked&, const Plan&) { ++plans; });
  EXPECT_EQ(states, 1u * 5 * 2 + 8u * 5 * 2 * 2 * 6);
  EXPECT_EQ(plans, states * 4);
}

TEST(EveryBrokenState, NeverExposesTheAddressOnItsWay) { for_every_plan(expect_safe); }

TEST(EveryBrokenState, NeverMakesTheNodeOwnABucketThatNobodyAskedFor) {
  for_every_kill(expect_no_foreign_bucket);
}

TEST(EveryBrokenState, IsRepairedByStartAfterAKillAtAnyStep) {
  for_every_kill([](const ModelNode&, const Asked& asked, const ModelNode& node) {
    expect_started(node, {Call::start, asked.request});
  });
}

TEST(EveryBrokenState, IsClearedByStopAfterAKillAtAnyStep) {
  for_every_kill([](const ModelNode&, const Asked& asked, const ModelNode& node) {
    expect_stopped(node, {Call::stop, asked.request});
  });
}

TEST(EveryBrokenState, IsClearedByTheStopsOfAllBucketsAfterAKillAtAnyStep) {
  for_every_kill(
      [](const ModelNode&, const Asked&, const ModelNode& node) { expect_everything_stops(node); });
}

TEST(EveryBrokenState, IsReportedByTheMonitorOfEachBucketThatIsHeld) {
  for_every_start_state([](const StartState& start) {
    SCOPED_TRACE(start.what);
    for (const unsigned bucket : {1u, 2u, 3u}) {
      const auto request = a_request(bucket);
      const bool held = start.node.state().filter.buckets.contains(bucket);
      const bool exposed = start.node.answers_unfiltered(a_filter());
      const auto code = judge(request, start.node.state()).code;
      if (held && exposed) {
        EXPECT_EQ(code, ExitCode::generic_error);
      } else if (held) {
        // Success is said exactly where start has nothing to do.
        EXPECT_EQ(code == ExitCode::success, plan_start(request, start.node.state()).empty());
      } else if (start.node.state().filter.buckets.empty() && start.node.is_unguarded()) {
        EXPECT_EQ(code, ExitCode::generic_error);
      } else {
        EXPECT_EQ(code, ExitCode::not_running);
      }
    }
  });
}

// --- Random sequences of starts, stops, kills and sabotage ---

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
        return node_.take(RemoveFilter{});
      case 1:
        return state.addresses.clear();
      case 2:
        return state.interface->joined.clear();
      case 3:
        return void(state.interface->up = state.interface->carrier = false);
      case 4:
        return void(state.addresses = {{"eth0", 32}});
      case 5:
        return void(state.addresses = {{"eth1", 24}});
      case 6:
        if (has_rule) state.filter.filters[0].seed ^= 1;
        return;
      case 7:
        if (has_rule) state.filter.faults = {"a foreign rule comes before"};
        return;
    }
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

// --- The same where buckets drain ---

/// All that can happen to a node whose address keeps connections.
enum class Event { start, start_spared, stop, stop_to_move, told, settle };

constexpr Event all_events[] = {Event::start,        Event::start_spared, Event::stop,
                                Event::stop_to_move, Event::told,         Event::settle};

Plan plan_for(Event event, unsigned bucket, const ModelNode& node) {
  const auto& state = node.state();
  const auto request = a_draining_request(bucket);
  switch (event) {
    case Event::start:
      return plan_start(request, state);
    case Event::start_spared:
      return plan_start(request, state, {bucket});
    case Event::stop:
      return plan_stop(request, state);
    case Event::stop_to_move:
      return plan_stop(a_move_away(bucket), state);
    case Event::told:
      return plan_notify(request, {bucket}, state);
    case Event::settle:
      break;
  }
  return plan_settle(request.address, state);
}

bool is_start(Event event) { return event == Event::start || event == Event::start_spared; }
bool is_stop(Event event) { return event == Event::stop || event == Event::stop_to_move; }

std::string in_words(Event event, unsigned bucket) {
  const char* names[] = {"start ", "start what is spared ", "stop ", "stop to move ", "told of ",
                         "settle "};
  return names[static_cast<int>(event)] + std::to_string(bucket);
}

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

// After any stop that came to its end: without a bucket the node drains and is about to forget the
// address, or has nothing at all. No address stays for ever, whoever was killed before.
void expect_leaving(const ModelNode& node) {
  if (!node.state().filter.buckets.empty()) return;
  EXPECT_FALSE(node.address_stays());
  EXPECT_TRUE(!node.state().filter.moves.draining.empty() || node.holds_nothing());
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
