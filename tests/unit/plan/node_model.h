// SPDX-License-Identifier: GPL-2.0-or-later
// A node in memory, on which plans are executed, whole or killed after any step.
#pragma once

#include <algorithm>
#include <set>
#include <string>

#include "builders.h"
#include "loadshare/plan.h"

namespace loadshare::test {

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
      return is_up(held.interface) && !is_filtered(held, right_rule);
    });
  }

  /// The same without regard to the interface's state and to what a right rule is.
  bool is_unguarded() const {
    return std::any_of(node_.addresses.begin(), node_.addresses.end(), [&](const auto& held) {
      return !is_filtered(held, std::nullopt) || !node_.filter.faults.empty();
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
  // eth1 exists beside the interface that is asked for, and is always up; and what is held on lo is
  // reached by either.
  bool is_up(const std::string& interface) const {
    return interface != node_.interface->name || node_.interface->up;
  }

  bool is_filtered(const HeldAddress& held, const std::optional<Filter>& right_rule) const {
    const auto& state = node_.filter;
    if (right_rule && (state.filters.size() != 1 || !state.faults.empty())) return false;
    return std::any_of(state.filters.begin(), state.filters.end(), [&](const Filter& filter) {
      const bool in_front = held.cluster_form || filter.interface == held.interface;
      return in_front && (!right_rule || filter == *right_rule);
    });
  }

  void apply(const RaiseInterface& step) {
    if (step.interface == node_.holder->name) {
      node_.holder->up = true;
      return;
    }
    EXPECT_EQ(step.interface, node_.interface->name);
    node_.interface->up = node_.interface->carrier = true;
  }
  void apply(const InstallFilter& step) {
    // A second rule is refused, or taken without effect (facts/clusterip.md).
    EXPECT_THAT(node_.filter.filters, testing::IsEmpty()) << "a second rule";
    EXPECT_TRUE(!step.buckets.empty() || step.filter.drain.count() != 0)
        << "CLUSTERIP, which drains nothing, refuses a rule without a local node";
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
  void apply(const CloseWays& step) {
    EXPECT_EQ(step.interface, node_.interface->name);
    node_.ways.faults.clear();
  }
  void apply(const ReopenWays&) {
    EXPECT_THAT(node_.addresses, testing::IsEmpty()) << "others would answer for it";
    node_.ways.left_closed = false;
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
    std::erase(node_.addresses, step.target.held);  // no error: it is there for ever
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

inline void execute(ModelNode& node, const Plan& plan) {
  for (const auto& step : plan) node.take(step);
}

inline Plan first_steps(const Plan& plan, std::size_t count) {
  return {plan.begin(), plan.begin() + static_cast<std::ptrdiff_t>(count)};
}

inline std::string in_words(const Plan& plan) {
  std::string text;
  for (const auto& words : in_short(plan)) text += (text.empty() ? "" : "; ") + words;
  return text;
}

inline std::string in_words(const Asked& asked) {
  return (asked.call == Call::start ? "start " : "stop ") + std::to_string(asked.request.bucket);
}

inline void expect_started(ModelNode node, const Asked& asked) {
  execute(node, plan_start(asked.request, node.state()));
  const auto verdict = judge(asked.request, node.state());
  EXPECT_EQ(verdict.code, ExitCode::success) << verdict.reason;
  EXPECT_THAT(in_short(plan_start(asked.request, node.state())), testing::IsEmpty())
      << "the second time";
}

}  // namespace loadshare::test
