// SPDX-License-Identifier: GPL-2.0-or-later
// Every step is a line for a person.
#include <gtest/gtest.h>

#include "builders.h"
#include "loadshare/plan.h"

namespace loadshare::test {
namespace {

using namespace std::chrono_literals;

const IpAddress address = ip("10.0.0.100");

TEST(Describe, PutsEveryStepInWords) {
  const auto vip = ip("10.0.0.100");
  const HeldAddress held{"lo", 32};
  Target target;
  target.address = vip;
  target.held = held;
  auto far_target = target;
  far_target.route = {{ip("10.0.0.0"), 24}, "eth0"};
  const std::pair<Step, const char*> rows[] = {
      {RaiseInterface{"eth0"}, "set interface eth0 up"},
      {InstallFilter{vip, a_filter(), {1, 3}},
       "install the cluster rule for 10.0.0.100 on eth0: MAC 01:00:5e:00:01:14, hash mode "
       "sourceip-sourceport, seed 0, total nodes 3, buckets 1,3"},
      {RemoveFilter{vip}, "remove the cluster rule for 10.0.0.100"},
      {CloseWays{vip, "eth0"}, "keep every interface but eth0 from answering for 10.0.0.100"},
      {ReopenWays{vip},
       "let other interfaces be as they were before 10.0.0.100, if no other cluster address is "
       "held"},
      {TakeBucket{vip, 2}, "take bucket 2 of 10.0.0.100"},
      {TakeBucket{vip, 2, std::chrono::seconds(40)}, "take bucket 2 of 10.0.0.100 for 40000 ms"},
      {ReleaseBucket{vip, 2}, "release bucket 2 of 10.0.0.100"},
      {DrainBucket{vip, 2, std::chrono::seconds(30)}, "drain bucket 2 of 10.0.0.100 for 30 s"},
      {EndDrain{vip, 2}, "end the drain of bucket 2 of 10.0.0.100"},
      {SpareConnections{vip, {1, 3}, std::chrono::seconds(30)},
       "answer only known connections of buckets 1,3 of 10.0.0.100 for 30 s"},
      {ForgetConnections{vip, a_filter(), {1, 3}},
       "forget connections of buckets 1,3 of 10.0.0.100"},
      {EndMoves{vip}, "remove the rules for buckets of 10.0.0.100 that move"},
      {LimitAddress{vip, held, std::chrono::seconds(30)}, "let 10.0.0.100/32 on lo expire in 30 s"},
      {AddAddress{target}, "add 10.0.0.100/32 on lo"},
      {AddAddress{far_target}, "add 10.0.0.100/32 on lo, with a route to 10.0.0.0/24 on eth0"},
      {RemoveAddress{vip, held}, "remove 10.0.0.100/32 on lo"},
      {Announce{vip, "eth0", cluster_mac, {5, std::chrono::milliseconds(200), true}},
       "announce 10.0.0.100 at 01:00:5e:00:01:14 on eth0, 5 times, every 200 ms"},
  };
  std::set<std::size_t> kinds;
  for (const auto& [step, words] : rows) {
    EXPECT_EQ(describe(step), words);
    kinds.insert(step.index());
  }
  EXPECT_EQ(kinds.size(), std::variant_size_v<Step>) << "a kind of step is missing here";
}

TEST(Steps, OfAMoveAreLinesForAPerson) {
  EXPECT_EQ(describe(DrainBucket{address, 2, 30s}), "drain bucket 2 of 10.0.0.100 for 30 s");
  EXPECT_EQ(describe(EndDrain{address, 2}), "end the drain of bucket 2 of 10.0.0.100");
  EXPECT_EQ(describe(SpareConnections{address, {1, 2}, 90s}),
            "answer only known connections of buckets 1,2 of 10.0.0.100 for 90 s");
  EXPECT_EQ(describe(ForgetConnections{address, a_filter(), {1, 2}}),
            "forget connections of buckets 1,2 of 10.0.0.100");
  EXPECT_EQ(describe(EndMoves{address}), "remove the rules for buckets of 10.0.0.100 that move");
  EXPECT_EQ(describe(LimitAddress{address, {"eth0", 24}, 30s}),
            "let 10.0.0.100/24 on eth0 expire in 30 s");
}

}  // namespace
}  // namespace loadshare::test
