// SPDX-License-Identifier: GPL-2.0-or-later
// The hash as the kernel runs it: against all decisions of its own CLUSTERIP, and for IPv6 against
// the hash as a pure function.
#include <netinet/in.h>

#include <map>
#include <random>
#include <tuple>

#include "clients/bucket_hash.h"
#include "clients/decisions.h"
#include "kernel/decider/pair.h"

namespace loadshare::decider {
namespace {

using test::ip;

using DeciderHash = DeciderTest;

std::uint8_t protocol_number(const std::string& name) {
  static const std::map<std::string, std::uint8_t> numbers{
      {"icmp", IPPROTO_ICMP}, {"tcp", IPPROTO_TCP}, {"udp", IPPROTO_UDP}, {"sctp", IPPROTO_SCTP}};
  return numbers.at(name);
}

Bytes packet_of(const test::Decision& row) {
  const auto words = number(row.source_port) + number(row.dest_port);
  const auto payload = row.protocol == "icmp" ? Bytes{8, 0, 0, 0} + words : words + Bytes(16, 0);
  return from(ip(row.source), ip4(protocol_number(row.protocol), payload));
}

TEST_F(DeciderHash, DecidesAsClusteripOnAllItsPackets) {
  std::map<std::tuple<std::string, unsigned, std::uint32_t>, std::vector<test::Decision>> sorted;
  for (auto& row : test::read_decisions()) {
    sorted[{row.mode, row.total, row.seed}].push_back(std::move(row));
  }
  Pair nodes;
  std::size_t judged = 0;
  for (const auto& [parameters, rows] : sorted) {
    const auto& [mode, total, seed] = parameters;
    nodes.put(ip(cluster4), a_filter_by(value::hash_mode(mode), total, seed));
    for (const auto& row : rows) {
      ASSERT_TRUE(nodes.agrees(frame_of(packet_of(row)), {Whose::owner, row.bucket})) << row.line;
      ++judged;
    }
  }
  EXPECT_EQ(judged, 6000u);
}

struct Client {
  IpAddress address;
  std::uint16_t port, to_port;
};

Client random_client(int version, std::mt19937& random) {
  Client client{{version, {}}, 0, 0};
  for (auto& octet : client.address.octets()) octet = static_cast<std::uint8_t>(random());
  client.port = static_cast<std::uint16_t>(random());
  client.to_port = static_cast<std::uint16_t>(random());
  return client;
}

Bytes packet_of(const Client& client, std::uint8_t protocol) {
  const auto payload = number(client.port) + number(client.to_port) + Bytes(16, 0);
  return from(client.address,
              client.address.version == 4 ? ip4(protocol, payload) : ip6(protocol, payload));
}

TEST_F(DeciderHash, IsTheOneOfWhichForAllTotalsAndBothFamilies) {
  constexpr std::uint8_t protocols[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP, IPPROTO_DCCP,
                                        IPPROTO_UDPLITE};
  std::mt19937 random(7);
  Pair nodes;
  for (unsigned total = 1; total <= most_buckets; total += total < 32 ? 1 : 31) {
    for (const auto mode : all_modes) {
      for (const auto& cluster : {cluster4, cluster6}) {
        const auto seed = static_cast<std::uint32_t>(random());
        nodes.put(ip(cluster), a_filter_by(mode, total, seed));
        for (const auto protocol : protocols) {
          const auto client = random_client(ip(cluster).version, random);
          const auto bucket =
              bucket_of({client.address, client.port, client.to_port}, mode, seed, total);
          ASSERT_TRUE(nodes.agrees(frame_of(packet_of(client, protocol)), {Whose::owner, bucket}))
              << to_string(client.address) << " " << client.port << " mode " << to_string(mode);
        }
      }
    }
  }
}

}  // namespace
}  // namespace loadshare::decider
