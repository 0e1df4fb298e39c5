// SPDX-License-Identifier: GPL-2.0-or-later
// Every broken state, every request, every place to be killed: never exposed, always repairable.
#include <gtest/gtest.h>

#include <algorithm>

#include "plan/node_model.h"

namespace loadshare::test {
namespace {

using testing::IsEmpty;

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
    {"address", [](Observed& node) { node.addresses = {in_form("lo")}; }},
    {"wrong form",
     [](Observed& node) {
       node.addresses = {{"lo", 32}};
     }},
    {"former place",
     [](Observed& node) {
       node.addresses = {{"eth0", 24}};
     }},
    {"address in both places",
     [](Observed& node) {
       node.addresses = {{"eth0", 24}, in_form("lo")};
     }},
    {"address on eth1",
     [](Observed& node) {
       node.addresses = {{"eth1", 24}};
     }},
    {"address on eth1, too",
     [](Observed& node) {
       node.addresses = {in_form("lo"), {"eth1", 24}};
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

bool has_own_address(const Observed& node) {
  return std::any_of(node.addresses.begin(), node.addresses.end(),
                     [](const HeldAddress& held) { return !held.cluster_form; });
}

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
            if (!has_rule && has_own_address(state)) continue;  // then nothing is to be done
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
  EXPECT_EQ(states, 1u * 2 * 2 + 8u * 7 * 2 * 2 * 6);
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
      auto request = a_request(bucket);
      request.monitoring.interval = std::chrono::seconds(10);
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

}  // namespace
}  // namespace loadshare::test
