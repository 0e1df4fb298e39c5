// SPDX-License-Identifier: GPL-2.0-or-later
// Events on a node whose buckets drain, and the plan that each is.
#pragma once

#include "plan/node_model.h"

namespace loadshare::test {

/// All that can happen to a node whose address keeps connections.
enum class Event { start, start_spared, stop, stop_to_move, told, settle };

constexpr Event all_events[] = {Event::start,        Event::start_spared, Event::stop,
                                Event::stop_to_move, Event::told,         Event::settle};

inline Plan plan_for(Event event, unsigned bucket, const ModelNode& node) {
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

inline bool is_start(Event event) { return event == Event::start || event == Event::start_spared; }
inline bool is_stop(Event event) { return event == Event::stop || event == Event::stop_to_move; }

inline std::string in_words(Event event, unsigned bucket) {
  const char* names[] = {"start ", "start what is spared ", "stop ", "stop to move ", "told of ",
                         "settle "};
  return names[static_cast<int>(event)] + std::to_string(bucket);
}

// After any stop that came to its end: without a bucket the node drains and is about to forget the
// address, or has nothing at all. No address stays for ever, whoever was killed before.
inline void expect_leaving(const ModelNode& node) {
  if (!node.state().filter.buckets.empty()) return;
  EXPECT_FALSE(node.address_stays());
  EXPECT_TRUE(!node.state().filter.moves.draining.empty() || node.holds_nothing());
}

}  // namespace loadshare::test
