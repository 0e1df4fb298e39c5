// SPDX-License-Identifier: GPL-2.0-or-later
// Clients over buckets, buckets over nodes: every client counts once.
#include "clients/spread.h"

#include <numeric>

#include "builders.h"
#include "clients/bucket_hash.h"

namespace loadshare::test {
namespace {

using testing::ElementsAre;
using testing::Pair;

constexpr double precision = 1e-6;

Client client(const std::string& address, std::optional<std::uint16_t> port = {}) {
  return {ip(address), port};
}

std::vector<Client> range(const std::string& word) {
  Clients clients;
  add_clients(word, 4, clients);
  return clients.all;
}

double sum(const Spread& spread) {
  return std::accumulate(spread.clients.begin(), spread.clients.end(), 0.0);
}

Sharing sharing(HashMode mode, unsigned total = 6) { return {mode, 7, total, 80}; }

TEST(Bucket, OfAClientIsThatOfItsPackets) {
  for (const auto mode : {HashMode::source_ip, HashMode::source_ip_source_port,
                          HashMode::source_ip_source_port_dest_port}) {
    EXPECT_EQ(bucket_of(client("10.0.0.7", 4000), sharing(mode)),
              bucket_of({ip("10.0.0.7"), 4000, 80}, mode, 7, 6));
    EXPECT_EQ(bucket_of(client("10.0.0.7"), sharing(mode)),
              bucket_of({ip("10.0.0.7"), 0, 0}, mode, 7, 6))
        << "a ping has no ports";
  }
}

TEST(Bucket, DependsOnAPortThatCountsAndIsNotKnown) {
  const auto port_mode = HashMode::source_ip_source_port;
  EXPECT_TRUE(depends_on_port(client("10.0.0.7"), sharing(port_mode)));
  EXPECT_FALSE(depends_on_port(client("10.0.0.7", 1), sharing(port_mode)));
  EXPECT_FALSE(depends_on_port(client("10.0.0.7"), sharing(HashMode::source_ip)));
  EXPECT_FALSE(depends_on_port(client("10.0.0.7"), sharing(port_mode, 1)));
}

TEST(Spread, CountsEachClientInItsBucket) {
  const auto how = sharing(HashMode::source_ip);
  const auto clients = range("10.0.0.0/24");
  const auto counted = spread(clients, how);
  std::vector<double> expected(6);
  for (const auto& each : clients) expected[bucket_of(each, how) - 1] += 1;
  EXPECT_EQ(counted.clients, expected);
  EXPECT_EQ(sum(counted), 256);
}

TEST(Spread, SharesOutAClientWhosePortIsNotKnown) {
  const auto how = sharing(HashMode::source_ip_source_port);
  const auto counted = spread({client("10.0.0.7")}, how);
  EXPECT_EQ(counted.port_step, 1u);
  std::vector<unsigned> expected(6);
  for (unsigned port = 32768; port <= 60999; ++port) {
    ++expected[bucket_of(client("10.0.0.7", static_cast<std::uint16_t>(port)), how) - 1];
  }
  for (unsigned at = 0; at < 6; ++at) {
    EXPECT_NEAR(counted.clients[at], expected[at] / 28232.0, precision);
  }
}

TEST(Spread, TakesBoundedTimeForAnyNumberOfClients) {
  const auto counted = spread(range("10.0.0.0/16"), sharing(HashMode::source_ip_source_port, 1024));
  EXPECT_GT(counted.port_step, 100u);
  EXPECT_NEAR(sum(counted), 65536, precision);
}

TEST(Spread, OfKnownPortsAndOthersAddsUp) {
  const auto how = sharing(HashMode::source_ip_source_port);
  const auto counted = spread({client("10.0.0.7"), client("10.0.0.7", 5), client("10.0.0.8")}, how);
  EXPECT_NEAR(sum(counted), 3, precision);
  EXPECT_GT(counted.clients[bucket_of(client("10.0.0.7", 5), how) - 1], 1);
}

TEST(Spread, OfNobodyIsZero) { EXPECT_EQ(sum(spread({}, sharing(HashMode::source_ip))), 0); }

TEST(Nodes, GetTheSumOfTheirBuckets) {
  const Spread counted{{1, 2, 4, 8}, 1};
  EXPECT_THAT(by_node(counted, {{1, {"a"}}, {2, {"b"}}, {3, {"a", "b"}}, {9, {"c"}}}),
              ElementsAre(Pair("a", 5), Pair("b", 6)));
}

}  // namespace
}  // namespace loadshare::test
