// SPDX-License-Identifier: GPL-2.0-or-later
// The answer of which, as people and as machines see it.
#include "commands/which_report.h"

#include <nlohmann/json.hpp>
#include <sstream>

#include "builders.h"
#include "output/terminal.h"

namespace loadshare::test {
namespace {

using commands::WhichReport;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

WhichReport report(const std::vector<std::string>& words, HashMode mode = HashMode::source_ip) {
  WhichReport made{ip("10.0.0.100"), {mode, 0, 3, 0}, {}, {}, {}, {}, {}, {}};
  for (const auto& word : words) add_clients(word, 4, made.clients);
  return made;
}

WhichReport under_pacemaker(WhichReport made) {
  made.owned = {1};
  made.resource = {"cluster-ip", {{1, {"node1"}}, {2, {"node2"}}}};
  return made;
}

// Bucket 3 drains here with two connections, bucket 1 came from another node.
WhichReport while_buckets_move(WhichReport made) {
  using std::chrono::milliseconds;
  made.moves = {true, {{3, milliseconds(13001)}}, {{1, milliseconds(900)}, {2, milliseconds(900)}}};
  made.connections = std::map<unsigned, std::size_t>{{3, 2}};
  return made;
}

std::string text(const WhichReport& made, bool each = false, bool colour = false) {
  std::ostringstream to;
  print_text(made, each, colour, to);
  return to.str();
}

nlohmann::json json(const WhichReport& made) {
  std::ostringstream to;
  print_json(made, to);
  return nlohmann::json::parse(to.str());
}

TEST(WhichText, ListsAFewClients) {
  EXPECT_EQ(text(report({"10.0.0.7", "10.0.0.8:4000"})),
            "10.0.0.100: 3 buckets, hash mode sourceip, seed 0\n\n"
            "client         bucket\n"
            "10.0.0.7            3\n"
            "10.0.0.8:4000       1\n");
}

TEST(WhichText, SaysWhoOwnsTheBucket) {
  EXPECT_EQ(text(under_pacemaker(report({"10.0.0.7", "10.0.0.8"}))),
            "10.0.0.100: 3 buckets, hash mode sourceip, seed 0\n\n"
            "client    bucket  here  node\n"
            "10.0.0.7       3  no    nobody\n"
            "10.0.0.8       1  yes   node1\n");
  auto alone = under_pacemaker(report({"10.0.0.8"}));
  alone.resource.reset();
  EXPECT_THAT(text(alone), HasSubstr("client    bucket  here\n10.0.0.8       1  yes\n"));
}

TEST(WhichText, TellsWhatDrainsOfTheBucketsThatWereAskedFor) {
  const auto made = while_buckets_move(under_pacemaker(report({"10.0.0.7", "10.0.0.8"})));
  EXPECT_THAT(text(made),
              HasSubstr("10.0.0.8       1  yes   node1\n\n"
                        "Another node may go on with older connections of bucket 1, "
                        "for 1 s at most.\n"
                        "Bucket 3 drains here: 2 connections left, for 14 s at most.\n"));
  EXPECT_THAT(text(made), Not(HasSubstr("bucket 2"))) << "which is not this node's";
  EXPECT_THAT(text(while_buckets_move(under_pacemaker(report({"10.0.0.8"})))),
              Not(HasSubstr("drains")))
      << "no client of bucket 3 was asked for";
}

TEST(WhichText, TellsOfADrainWhatIsKnown) {
  auto made = while_buckets_move(under_pacemaker(report({"10.0.0.7"})));
  made.connections = std::map<unsigned, std::size_t>{{3, 1}};
  EXPECT_THAT(text(made),
              HasSubstr("Bucket 3 drains here: 1 connection left, for 14 s at most.\n"));
  made.connections.reset();
  EXPECT_THAT(text(made), HasSubstr("Bucket 3 drains here, for 14 s at most.\n"));
}

TEST(WhichText, TellsOfAnyBucketWhereThePortDecides) {
  auto made = while_buckets_move(report({"10.0.0.8"}, HashMode::source_ip_source_port));
  EXPECT_THAT(text(made), HasSubstr("Bucket 3 drains here"));
}

TEST(WhichText, CountsMany) {
  EXPECT_EQ(text(under_pacemaker(report({"10.0.0.0/24"}))),
            "10.0.0.100: 3 buckets, hash mode sourceip, seed 0\n\n"
            "256 clients\n\n"
            "bucket  node    clients  share\n"
            "     1  node1        88  34.4%  #############################################|#\n"
            "     2  node2        84  32.8%  #############################################|\n"
            "     3  nobody       84  32.8%  #############################################|\n\n"
            "| even: 85.3   fewest: 84 (bucket 2)   most: 88 (bucket 1)\n\n"
            "node    buckets  clients  share\n"
            "node1         1       88  34.4%  ################################             |\n"
            "node2         1       84  32.8%  ##############################               |\n"
            "nobody        1       84  32.8%  ##############################               |\n");
}

TEST(WhichText, SaysWhatDependsOnThePort) {
  const auto shown = text(report({"10.0.0.7", "10.0.0.8:80"}, HashMode::source_ip_source_port));
  EXPECT_THAT(shown, HasSubstr("\n10.0.0.7 (pings)       "));
  EXPECT_THAT(shown, HasSubstr("\n10.0.0.8:80            "));
  EXPECT_THAT(shown, HasSubstr("CLIENT:PORT"));
  EXPECT_THAT(text(report({"10.0.0.8:80"}, HashMode::source_ip_source_port)),
              Not(HasSubstr("CLIENT:PORT")));
  EXPECT_THAT(text(report({"10.0.0.0/24"}, HashMode::source_ip_source_port)),
              HasSubstr("256 clients, connections from ports 32768 to 60999\n"));
}

TEST(WhichText, ListsManyWhereThatIsAskedFor) {
  const auto many = report({"10.0.0.0/24"});
  EXPECT_THAT(text(many), Not(HasSubstr("10.0.0.255")));
  EXPECT_THAT(text(many, true), HasSubstr("\n10.0.0.255       3\n"));
  EXPECT_THAT(text(many, true), HasSubstr("256 clients"));
}

TEST(WhichText, FitsInEightyColumnsWithoutBlanksAtTheEnd) {
  for (const unsigned total : {1u, 2u, 16u, 32u, 33u, 1024u}) {
    for (const auto mode : {HashMode::source_ip, HashMode::source_ip_source_port_dest_port}) {
      const bool many = total >= 32 && mode != HashMode::source_ip;
      auto made = under_pacemaker(report({many ? "10.0.0.0/16" : "10.0.0.0/24"}, mode));
      made.sharing.total = total;
      made.resource->nodes[1] = {"web-server-1.example.com"};
      made.moves = {true, {{total, std::chrono::hours(1)}}, {{1, std::chrono::hours(1)}}};
      made.connections = std::map<unsigned, std::size_t>{{total, 262144}};
      std::istringstream lines(text(made));
      for (std::string line; std::getline(lines, line);) {
        EXPECT_LE(terminal::width(line), 80u) << line;
        EXPECT_FALSE(line.ends_with(' ')) << line;
      }
    }
  }
}

TEST(WhichText, IsDressedOnlyInColour) {
  const auto made = under_pacemaker(report({"10.0.0.7", "10.0.0.0/24"}));
  EXPECT_THAT(text(made, true, true), HasSubstr("\x1b[31mnobody\x1b[0m"));
  EXPECT_THAT(text(made, true, false), Not(HasSubstr("\x1b")));
}

TEST(WhichText, ObeysNoNameOfANode) {
  auto made = under_pacemaker(report({"10.0.0.8", "10.0.0.0/24"}));
  made.resource->nodes[1] = {"a\x1b[2J\n"};
  EXPECT_THAT(text(made, true), Not(HasSubstr("\x1b")));
}

TEST(WhichText, PlansForNodesThatFail) {
  auto made = report({"10.0.0.0/24"});
  made.nodes = 3;
  EXPECT_THAT(text(made), HasSubstr("\nThe busiest of the nodes that are up, whichever fail:\n\n"
                                    "up  failed  buckets  clients   even  more\n"
                                    " 3       0        1       88   85.3    3%\n"
                                    " 2       1        2      172  128.0   34%\n"
                                    " 1       2        3      256  256.0    0%\n\n"
                                    "Buckets alone put up to 33% more than an even share on one "
                                    "node, through two failures.\n"
                                    "Advised for 3 nodes: 6 with ebpf (0%), 6 with "
                                    "clusterip (0%).\n"));
}

TEST(WhichText, AdvisesNoBackendThatCannot) {
  auto made = report({"10.0.0.0/24"});
  made.nodes = 20;
  EXPECT_THAT(text(made), AllOf(HasSubstr("ebpf"), Not(HasSubstr("clusterip"))));
}

TEST(WhichJson, PlansForNodesThatFail) {
  auto made = report({"10.0.0.0/24"});
  EXPECT_FALSE(json(made).contains("plan"));
  made.nodes = 3;
  const auto said = json(made);
  ASSERT_EQ(said["plan"].size(), 3u);
  EXPECT_EQ(said["plan"][1], (nlohmann::json{{"up", 2},
                                             {"failed", 1},
                                             {"most_buckets", 2},
                                             {"most_clients", 172.0},
                                             {"even", 128.0}}));
  EXPECT_EQ(said["advised"]["ebpf"], (nlohmann::json{{"total", 6}, {"unevenness", 0.0}}));
}

TEST(WhichJson, SaysTheSame) {
  const auto said = json(under_pacemaker(report({"10.0.0.7", "10.0.0.8:4000"})));
  EXPECT_EQ(said["address"], "10.0.0.100");
  EXPECT_EQ(said["hash"], "sourceip");
  EXPECT_EQ(said["seed"], 0);
  EXPECT_EQ(said["total"], 3);
  EXPECT_EQ(said["resource"], "cluster-ip");
  ASSERT_EQ(said["clients"].size(), 2u);
  EXPECT_EQ(said["clients"][0], (nlohmann::json{{"address", "10.0.0.7"},
                                                {"only_pings", false},
                                                {"bucket", 3},
                                                {"here", false},
                                                {"nodes", nlohmann::json::array()}}));
  EXPECT_EQ(said["clients"][1]["port"], 4000);
  EXPECT_EQ(said["clients"][1]["nodes"], nlohmann::json{"node1"});
  ASSERT_EQ(said["buckets"].size(), 3u);
  EXPECT_EQ(said["buckets"][0]["clients"], 1);
  EXPECT_EQ(said["nodes"][0], (nlohmann::json{{"name", "node1"}, {"clients", 1}}));
}

TEST(WhichJson, TellsWhatDrains) {
  const auto said = json(while_buckets_move(under_pacemaker(report({"10.0.0.7"}))));
  const nlohmann::json draining{{"expires_in_ms", 13001}, {"connections", 2}};
  EXPECT_EQ(said["clients"][0]["draining"], draining);
  EXPECT_EQ(said["buckets"][2]["draining"], draining);
  EXPECT_FALSE(said["buckets"][2].contains("draining_elsewhere"));
  EXPECT_EQ(said["buckets"][0]["draining_elsewhere"], (nlohmann::json{{"expires_in_ms", 900}}));
  EXPECT_FALSE(said["buckets"][0].contains("draining"));
}

TEST(WhichJson, TellsNoConnectionsWhereTheKernelDoesNot) {
  auto made = while_buckets_move(under_pacemaker(report({"10.0.0.7"})));
  made.connections.reset();
  EXPECT_EQ(json(made)["clients"][0]["draining"], (nlohmann::json{{"expires_in_ms", 13001}}));
}

TEST(WhichJson, LeavesOutWhatIsNotKnown) {
  const auto said = json(report({"10.0.0.7"}, HashMode::source_ip_source_port));
  for (const char* key : {"resource", "nodes", "dport", "draining"})
    EXPECT_FALSE(said.contains(key)) << key;
  EXPECT_FALSE(said["clients"][0].contains("here"));
  EXPECT_FALSE(said["buckets"][0].contains("nodes"));
  EXPECT_EQ(said["clients"][0]["only_pings"], true);
}

TEST(WhichJson, SurvivesAnyNameOfANode) {
  auto made = under_pacemaker(report({"10.0.0.8"}));
  made.resource->nodes[1] = {"\xff\x1b\"\n"};
  EXPECT_EQ(json(made)["clients"][0]["nodes"].size(), 1u);
}

}  // namespace
}  // namespace loadshare::test
