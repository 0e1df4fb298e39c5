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
    if (step.draining) node_.filter.moves.draining.erase(step.bucket);
  }
  void apply(const ReleaseBucket& step) {
    EXPECT_TRUE(node_.filter.buckets.erase(step.bucket) == 1) << "not held";
  }
  void apply(const DrainBucket& step) {
    EXPECT_TRUE(node_.filter.buckets.erase(step.bucket) == 1) << "not held";
    node_.filter.moves.on = true;
    node_.filter.moves.draining[step.bucket] = step.lifetime;
  }
  void apply(const EndDrain& step) { node_.filter.moves.draining.erase(step.bucket); }
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
  void apply(const EndMoves&) { node_.filter.moves.on = false; }
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
  return a_filter();
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

}  // namespace
}  // namespace loadshare::test
