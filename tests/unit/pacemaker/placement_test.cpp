// SPDX-License-Identifier: GPL-2.0-or-later
// Buckets over nodes through failures, and that the advised number is what this recommends.
#include "pacemaker/placement.h"

#include <fstream>
#include <numeric>
#include <sstream>

#include "builders.h"
#include "kernel/clusterip/rule.h"

namespace loadshare::test {
namespace {

using testing::ElementsAre;

// A client in each bucket.
Spread one_each(unsigned buckets) { return {std::vector<double>(buckets, 1), 1}; }

TEST(Placement, GoesRoundTheNodes) {
  EXPECT_THAT(deal_out(5, 3), ElementsAre(ElementsAre(1, 4), ElementsAre(2, 5), ElementsAre(3)));
}

TEST(Placement, GivesAFailedNodesBucketsToWhoeverHasFewest) {
  EXPECT_THAT(without(deal_out(5, 3), 0), ElementsAre(ElementsAre(2, 5, 4), ElementsAre(3, 1)));
  EXPECT_THAT(without(deal_out(6, 3), 1), ElementsAre(ElementsAre(1, 4, 2), ElementsAre(3, 6, 5)));
}

TEST(Outlook, IsTheWorstChoiceOfThoseThatFail) {
  // Bucket 1 is busy: whoever gets it beside its own is busier than an even share.
  const auto seen = outlook({{10, 1, 1}, 1}, 3);
  ASSERT_EQ(seen.size(), 3u);
  EXPECT_EQ(seen[0].most_clients, 10);
  EXPECT_EQ(seen[1].most_clients, 11);
  EXPECT_EQ(seen[2].most_clients, 12);
  EXPECT_EQ(seen[1].most_buckets, 2u);
  EXPECT_EQ(seen[1].even, 6);
  EXPECT_EQ(seen[2].up, 1u);
}

TEST(Outlook, LeavesOneNode) {
  EXPECT_EQ(outlook(one_each(4), 1).size(), 1u);
  EXPECT_EQ(outlook(one_each(4), 2).size(), 2u);
}

// unevenness is a formula; this is what it stands for, node by node and failure by failure.
double simulated(unsigned buckets, unsigned nodes) {
  double worst = 0;
  for (const auto& seen : outlook(one_each(buckets), nodes)) {
    worst = std::max(worst, seen.most_clients / seen.even - 1);
  }
  return worst;
}

TEST(Unevenness, IsWhatTheSimulationShows) {
  for (unsigned nodes = 1; nodes <= 12; ++nodes) {
    for (unsigned buckets = 1; buckets <= 160; buckets += 1 + nodes / 4) {
      ASSERT_NEAR(unevenness(buckets, nodes), simulated(buckets, nodes), 1e-9)
          << buckets << " buckets, " << nodes << " nodes";
    }
  }
  EXPECT_NEAR(unevenness(1024, most_nodes), simulated(1024, most_nodes), 1e-9);
}

TEST(Advice, IsWhatTheSimulationRecommends) {
  for (unsigned nodes = 2; nodes <= most_nodes; ++nodes) {
    const auto advised = advised_buckets(nodes, most_buckets);
    ASSERT_LE(simulated(advised, nodes), tolerated_unevenness) << nodes;
    ASSERT_EQ(advised % nodes, 0u) << nodes;
    if (nodes > 16) continue;  // fewer would do: looked for where that takes no time
    for (unsigned fewer = nodes; fewer < advised; fewer += nodes) {
      ASSERT_GT(simulated(fewer, nodes), tolerated_unevenness) << fewer << " of " << nodes;
    }
  }
}

TEST(Advice, IsTheLeastUnevenWhereTheBackendEndsEarly) {
  for (unsigned nodes = 2; nodes <= clusterip::most_buckets; ++nodes) {
    const auto advised = advised_buckets(nodes, clusterip::most_buckets);
    ASSERT_LE(advised, clusterip::most_buckets);
    if (simulated(advised, nodes) <= tolerated_unevenness) continue;
    for (unsigned other = nodes; other <= clusterip::most_buckets; ++other) {
      ASSERT_GE(simulated(other, nodes), simulated(advised, nodes)) << other << " of " << nodes;
    }
  }
}

std::string percent(double part) { return std::to_string(std::lround(100 * part)) + "%"; }

// | nodes | buckets | each has | one fails | two fail | busiest, at worst | CLUSTERIP | at worst |
std::string documented_row(unsigned nodes) {
  const auto buckets = advised_buckets(nodes, most_buckets);
  const auto few = advised_buckets(nodes, clusterip::most_buckets);
  std::ostringstream row;
  row << "| " << nodes << " | " << buckets;
  const auto seen = outlook(one_each(buckets), nodes);
  for (const auto& at : seen) row << " | " << at.most_buckets;
  row << (seen.size() < 3 ? " | – | " : " | ") << percent(unevenness(buckets, nodes)) << " | "
      << few << " | " << percent(unevenness(few, nodes)) << " |";
  return row.str();
}

std::string contents(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(Advice, IsWhatTheDocumentSays) {
  const auto text = contents(std::string(DOCUMENTS) + "/operating.md");
  for (const unsigned nodes : {2, 3, 4, 5, 6, 7, 8, 10, 12, 16}) {
    EXPECT_THAT(text, testing::HasSubstr("\n" + documented_row(nodes) + "\n"));
  }
}

TEST(Advice, IsWhatReadmeAndMetadataSay) {
  std::string list;
  for (unsigned nodes = 2; nodes <= 8; ++nodes) {
    list += nodes == 2 ? "" : nodes == 8 ? " and " : ", ";
    list += std::to_string(advised_buckets(nodes, most_buckets));
  }
  for (const std::string path : {DOCUMENTS "/../README.md", AGENT}) {
    EXPECT_THAT(contents(path), testing::HasSubstr(list)) << path;
  }
}

}  // namespace
}  // namespace loadshare::test
