// SPDX-License-Identifier: GPL-2.0-or-later
// What Pacemaker says of a transition and has recorded of those before: who moves, who may drain.
#include "request/transition.h"

#include <gtest/gtest.h>

#include "builders.h"

namespace loadshare::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

using Words = std::vector<std::string>;

// A call about bucket 2 on node1.
Request on_node1(const Words& stopping, const Words& stopping_on, const Words& starting,
                 const Words& starting_on) {
  auto request = a_request(2);
  request.transition = {.node = "node1",
                        .stopping = stopping,
                        .stopping_on = stopping_on,
                        .starting = starting,
                        .starting_on = starting_on};
  return request;
}

Request on(const std::string& node, Request request) {
  request.transition.node = node;
  return request;
}

// Standby of node1: bucket 2 goes to node2, bucket 3 to node3.
const auto standby =
    on_node1({"ip:1", "ip:2"}, {"node1", "node1"}, {"ip:1", "ip:2"}, {"node2", "node3"});

TEST(PlannedMove, IsAStopHereAndAStartElsewhere) {
  EXPECT_TRUE(moves_away(standby));
  EXPECT_THAT(stopped_by_others(standby), IsEmpty());
}

TEST(PlannedMove, IsNewsForAllOtherNodes) {
  for (const char* node : {"node2", "node3", "node4"}) {
    EXPECT_THAT(stopped_by_others(on(node, standby)),
                ElementsAre(Pair(2, "node1"), Pair(3, "node1")))
        << node;
  }
}

TEST(PlannedMove, IsOfTheVeryBucket) {
  auto other = standby;
  other.bucket = 1;
  EXPECT_FALSE(moves_away(other));
  other.bucket = 3;
  EXPECT_TRUE(moves_away(other));
}

// To node1 and away from it in one transition: a rebalance.
TEST(PlannedMove, CanGoBothWaysAtOnce) {
  const auto both =
      on_node1({"ip:1", "ip:4"}, {"node1", "node3"}, {"ip:1", "ip:4"}, {"node3", "node1"});
  EXPECT_TRUE(moves_away(both));
  EXPECT_THAT(stopped_by_others(both), ElementsAre(Pair(5, "node3")));
}

TEST(PlannedMove, CountsByPosition) {
  const auto crossed =
      on_node1({"ip:2", "ip:1"}, {"node3", "node1"}, {"ip:0", "ip:1"}, {"node1", "node2"});
  EXPECT_TRUE(moves_away(crossed));
  EXPECT_THAT(stopped_by_others(crossed), ElementsAre(Pair(3, "node3")));
}

TEST(PlannedMove, IsNotARestartInPlace) {
  EXPECT_FALSE(moves_away(
      on_node1({"ip:1", "ip:2"}, {"node1", "node2"}, {"ip:1", "ip:2"}, {"node1", "node2"})));
}

TEST(PlannedMove, IsNotAStopForGood) {
  const auto stop = on_node1({"ip:1", "ip:2"}, {"node1", "node2"}, {}, {});
  EXPECT_FALSE(moves_away(stop));
  EXPECT_THAT(stopped_by_others(stop), ElementsAre(Pair(3, "node2")));
}

TEST(PlannedMove, NeedsAClusterThatTellsIt) {
  EXPECT_FALSE(moves_away(a_request(2)));
  EXPECT_THAT(stopped_by_others(a_request(2)), IsEmpty());
}

TEST(PlannedMove, IsReadAsFarAsItsListsGo) {
  EXPECT_TRUE(moves_away(on_node1({}, {}, {"ip:1"}, {"node2", "node3"})));
  EXPECT_FALSE(moves_away(on_node1({"ip:1"}, {"node1"}, {"ip:0", "ip:1"}, {"node2"})))
      << "it starts nobody knows where";
  EXPECT_THAT(stopped_by_others(on_node1({"ip:0", "ip:1"}, {"node2"}, {}, {})),
              ElementsAre(Pair(1, "node2")));
  EXPECT_THAT(stopped_by_others(on_node1({"ip:0"}, {"node2", "node3"}, {}, {})),
              ElementsAre(Pair(1, "node2")));
}

TEST(PlannedMove, IsOfInstancesWithANumber) {
  for (const char* name :
       {"", "ip", "ip:", ":", "ip:x", "ip:1x", "ip: 1", "ip:-1", "ip:+1", "ip:0x1", "ip:1.0",
        "ip:1024", "ip:4294967295", "ip:99999999999999999999"}) {
    auto odd = on_node1({name}, {"node2"}, {name}, {"node3"});
    for (const unsigned bucket : {0U, 1U, 2U, 1025U}) {
      odd.bucket = bucket;
      EXPECT_FALSE(moves_away(odd)) << name;
    }
    EXPECT_THAT(stopped_by_others(odd), IsEmpty()) << name;
  }
}

TEST(PlannedMove, TakesTheNumberBehindTheLastColon) {
  EXPECT_TRUE(moves_away(on_node1({"web:ip:1"}, {"node1"}, {"web:ip:1"}, {"node2"})));
}

// --- What the cluster has recorded ---

const std::chrono::system_clock::time_point now{1'000'000s};

std::set<unsigned> drained(const Request& request, const std::vector<StopRecord>& records) {
  return drained_by_others(request, records, 30s, now);
}

const auto quiet = on_node1({}, {}, {}, {});

TEST(DrainedByOthers, IsWhatTheyStoppedLately) {
  EXPECT_THAT(drained(quiet, {{2, "node2", now - 10s}, {4, "node3", now - 30s}}),
              ElementsAre(2, 4));
  EXPECT_THAT(drained(quiet, {}), IsEmpty());
}

TEST(DrainedByOthers, ForgetsWhatIsOver) {
  EXPECT_THAT(drained(quiet, {{2, "node2", now - 36s}, {3, "node2", now - 24h}}), IsEmpty());
}

TEST(DrainedByOthers, AllowsForClocksThatDiffer) {
  EXPECT_THAT(drained(quiet, {{2, "node2", now - 35s}, {3, "node2", now + 1h}}), ElementsAre(2, 3));
}

TEST(DrainedByOthers, LeavesOutThisNode) {
  EXPECT_THAT(drained(quiet, {{2, "node1", now}, {3, "node2", now}}), ElementsAre(3));
}

// A clock that is far off must not hide what is being moved now.
TEST(DrainedByOthers, IsWhatThisTransitionStoppedWhateverTheClocksSay) {
  const auto here = on("node2", standby);
  EXPECT_THAT(drained(here, {{2, "node1", now - 24h}, {3, "node1", now - 24h}}), ElementsAre(2, 3));
  EXPECT_THAT(drained(here, {{2, "node3", now - 24h}}), IsEmpty()) << "another node's stop";
  EXPECT_THAT(drained(here, {{5, "node1", now - 24h}}), IsEmpty()) << "another bucket's";
}

// Of a node that was fenced, Pacemaker lists stops, but keeps no record.
TEST(DrainedByOthers, IsNothingThatANodeWithoutARecordStops) {
  EXPECT_THAT(drained(on("node2", standby), {}), IsEmpty());
  EXPECT_THAT(drained(on("node2", standby), {{3, "node1", now}}), ElementsAre(3));
}

TEST(RecordedHere, IsTheStopOfThisBucketOnThisNode) {
  EXPECT_TRUE(is_recorded_here(quiet, {{1, "node1", now}, {2, "node1", now - 24h}}));
  EXPECT_FALSE(is_recorded_here(quiet, {{1, "node1", now}, {2, "node2", now}}));
  EXPECT_FALSE(is_recorded_here(quiet, {}));
}

TEST(DrainedByOthers, CountsABucketOnceWhoeverStoppedIt) {
  EXPECT_THAT(drained(quiet, {{2, "node2", now - 20s}, {2, "node3", now - 5s}, {2, "node1", now}}),
              ElementsAre(2));
}

}  // namespace
}  // namespace loadshare::test
