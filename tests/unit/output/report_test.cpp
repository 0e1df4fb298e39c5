// SPDX-License-Identifier: GPL-2.0-or-later
// What status says: for people, for machines, and of broken nodes.
#include "output/report.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "builders.h"

namespace loadshare::report {
namespace {

using loadshare::test::ip;
using testing::HasSubstr;
using testing::Not;

const IpAddress address = ip("10.0.0.100");
const MacAddress mac{{0x01, 0, 0x5e, 0, 0, 0x64}};

Observed healthy() {
  Observed observed;
  observed.filter.filters = {{"eth0", mac, HashMode::source_ip, 7, 6}};
  observed.filter.buckets = {1, 2, 3, 5};
  observed.filter.counters.dropped = 10;
  observed.filter.counters.accepted = {{1, 100}, {2, 0}, {3, 11}, {5, 1}};
  observed.addresses = {{"lo", 32, false, true}};
  observed.interface = Interface{.name = "eth0",
                                 .index = 2,
                                 .up = true,
                                 .carrier = true,
                                 .loopback = false,
                                 .multicast = true,
                                 .joined = {mac}};
  return observed;
}

std::string printed(const Observed& observed, Detail detail = Detail::overview) {
  std::ostringstream text;
  print(report_on(address, BackendChoice::ebpf, observed), detail, text, false);
  return text.str();
}

TEST(Status, OfAHealthyAddress) {
  EXPECT_EQ(printed(healthy()),
            "10.0.0.100 on eth0 with ebpf: healthy\n"
            "  held on      lo\n"
            "  cluster MAC  01:00:5e:00:00:64\n"
            "  hash mode    sourceip, seed 7\n"
            "  buckets      1-3 5 of 6\n"
            "  packets      112 accepted, 10 dropped\n");
}

TEST(Status, ShowsEveryBucketWhereItIsAsked) {
  EXPECT_THAT(printed(healthy(), Detail::every_bucket),
              HasSubstr("  bucket  accepted\n       1       100\n       2         0\n"));
}

TEST(Status, ListsEveryDifferenceThatMonitorWouldFind) {
  auto observed = healthy();
  observed.interface->joined.clear();
  observed.addresses.clear();
  observed.network = ConnectedNetwork{"eth0", 24, std::nullopt};
  observed.filter.faults = {"the set is missing"};
  EXPECT_THAT(printed(observed), HasSubstr("10.0.0.100 on eth0 with ebpf: 3 faults\n"
                                           "  ! the set is missing\n"
                                           "  ! the cluster MAC 01:00:5e:00:00:64 is not joined"));
}

TEST(Status, SaysThatANodeWithoutBucketsAnswersNobody) {
  auto observed = healthy();
  observed.filter.buckets.clear();
  observed.filter.counters.accepted.clear();
  EXPECT_THAT(printed(observed), HasSubstr("healthy"));
  EXPECT_THAT(printed(observed), HasSubstr("none of 6: nobody is answered here"));
}

TEST(Status, TellsOfAnAddressWithoutARule) {
  Observed observed;
  observed.addresses = {{"eth0", 24}};
  EXPECT_THAT(printed(observed), HasSubstr("! 10.0.0.100 is on eth0 without a working cluster"));
}

TEST(Status, OfClusteripKnowsOnlyWhatWasSeen) {
  auto observed = healthy();
  observed.filter.counters = {.seen = 5, .dropped = std::nullopt, .accepted = {}};
  EXPECT_THAT(printed(observed), HasSubstr("packets      5 seen, taken or not"));
  const auto json = to_json(report_on(address, BackendChoice::clusterip, observed));
  EXPECT_EQ(json["packets"]["seen"], 5);
  EXPECT_FALSE(json["packets"].contains("dropped"));
  EXPECT_FALSE(json["buckets"][0].contains("accepted"));
}

TEST(Status, InJsonSaysTheSame) {
  const auto json = to_json(report_on(address, BackendChoice::ebpf, healthy()));
  EXPECT_EQ(
      json.dump(),
      R"({"address":"10.0.0.100","held_on":"lo","backend":"ebpf","interface":"eth0",)"
      R"("mac":"01:00:5e:00:00:64","hash_mode":"sourceip","seed":7,"total":6,"lease":false,"drain":0,"buckets":[)"
      R"({"bucket":1,"accepted":100},{"bucket":2,"accepted":0},{"bucket":3,"accepted":11},)"
      R"({"bucket":5,"accepted":1}],"draining":[],"draining_elsewhere":[],"packets":{"accepted":112,"dropped":10},)"
      R"("healthy":true,"differences":[]})");
}

// Buckets 1 to 3 and 5 are served; 4 and 6 drain, and 1 and 2 may drain on another node.
Observed moving() {
  using std::chrono::milliseconds;
  auto observed = healthy();
  observed.filter.filters[0].drain = std::chrono::seconds(30);
  observed.filter.moves = {true,
                           {{4, milliseconds(13001)}, {6, milliseconds(2000)}},
                           {{1, milliseconds(900)}, {2, milliseconds(29999)}}};
  observed.connections = std::map<unsigned, std::size_t>{{4, 12}, {6, 0}};
  return observed;
}

TEST(StatusWithDrain, TellsHowLongABucketThatMovesKeepsItsConnections) {
  auto observed = healthy();
  observed.filter.filters[0].drain = std::chrono::seconds(30);
  EXPECT_EQ(printed(observed),
            "10.0.0.100 on eth0 with ebpf: healthy\n"
            "  held on      lo\n"
            "  cluster MAC  01:00:5e:00:00:64\n"
            "  hash mode    sourceip, seed 7\n"
            "  buckets      1-3 5 of 6\n"
            "  drain        30 s\n"
            "  packets      112 accepted, 10 dropped\n");
}

TEST(StatusWithDrain, TellsWhatMoves) {
  EXPECT_EQ(printed(moving()),
            "10.0.0.100 on eth0 with ebpf: healthy\n"
            "  held on             lo\n"
            "  cluster MAC         01:00:5e:00:00:64\n"
            "  hash mode           sourceip, seed 7\n"
            "  buckets             1-3 5 of 6\n"
            "  drain               30 s\n"
            "  draining            4 6 with 12 connections, for 14 s at most\n"
            "  draining elsewhere  perhaps 1 2, for 30 s at most\n"
            "  packets             112 accepted, 10 dropped\n");
}

TEST(StatusWithDrain, TellsConnectionsAsTheKernelDoes) {
  auto observed = moving();
  observed.connections = std::map<unsigned, std::size_t>{{4, 1}, {6, 0}};
  EXPECT_THAT(printed(observed), HasSubstr("4 6 with 1 connection, for 14 s at most"));
  observed.connections.reset();
  EXPECT_THAT(printed(observed),
              HasSubstr("4 6 with connections, nobody knows how many, for 14 s at most"));
}

TEST(StatusWithDrain, TakesAnAddressThatLeavesForNoFault) {
  auto observed = moving();
  observed.addresses[0].expiring = true;
  EXPECT_THAT(printed(observed), HasSubstr("! 10.0.0.100/32 on lo is about to expire"))
      << "while buckets are served";
  observed.filter.buckets.clear();
  EXPECT_THAT(printed(observed), HasSubstr("healthy"));
  EXPECT_THAT(printed(observed), HasSubstr("none of 6: nobody is answered here"));
}

TEST(StatusWithDrain, InJsonSaysTheSame) {
  auto json = to_json(report_on(address, BackendChoice::ebpf, moving()));
  EXPECT_EQ(json["drain"], 30);
  EXPECT_EQ(json["draining"].dump(), R"([{"bucket":4,"expires_in_ms":13001,"connections":12},)"
                                     R"({"bucket":6,"expires_in_ms":2000,"connections":0}])");
  EXPECT_EQ(json["draining_elsewhere"].dump(),
            R"([{"bucket":1,"expires_in_ms":900},{"bucket":2,"expires_in_ms":29999}])");
  EXPECT_EQ(json["healthy"], true);
  auto observed = moving();
  observed.connections.reset();
  json = to_json(report_on(address, BackendChoice::ebpf, observed));
  EXPECT_EQ(json["draining"][0].dump(), R"({"bucket":4,"expires_in_ms":13001})");
}

TEST(StatusWithDrain, InJsonNeedsNoCountForEveryBucket) {
  auto observed = moving();
  observed.connections = std::map<unsigned, std::size_t>{{4, 12}};
  const auto json = to_json(report_on(address, BackendChoice::ebpf, observed));
  EXPECT_EQ(json["draining"][1].dump(), R"({"bucket":6,"expires_in_ms":2000})");
}

TEST(StatusWithDrain, FitsInEightyColumns) {
  auto observed = moving();
  for (const unsigned bucket : {2U, 4U, 6U}) {
    observed.filter.moves.draining[bucket] = std::chrono::hours(1);
    (*observed.connections)[bucket] = 262144;
  }
  std::istringstream lines(printed(observed));
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80u) << line;
}

TEST(BucketsInShort, FoldNeighboursOfThreeAndMore) {
  EXPECT_EQ(in_short({}), "");
  EXPECT_EQ(in_short({4}), "4");
  EXPECT_EQ(in_short({1, 2, 4}), "1 2 4");
  EXPECT_EQ(in_short({1, 2, 3, 5, 7, 8, 9, 10}), "1-3 5 7-10");
}

}  // namespace
}  // namespace loadshare::report
