// SPDX-License-Identifier: GPL-2.0-or-later
// The hash against decisions of a real kernel, and against a second implementation for IPv6.
#include "clients/bucket_hash.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <numeric>
#include <sstream>

#include "builders.h"
#include "clients/decisions.h"

namespace loadshare::test {
namespace {

TEST(BucketHash, AgreesWithEveryDecisionOfTheKernel) {
  const auto decisions = read_decisions();
  ASSERT_EQ(decisions.size(), 6000u);
  for (const auto& row : decisions) {
    const auto mode = value::hash_mode(row.mode);
    ASSERT_EQ(bucket_of(hash_input_of(row), mode, row.seed, row.total), row.bucket) << row.line;
  }
}

TEST(BucketHash, IsComparedOverAllModesTotalsSeedsAndProtocols) {
  std::set<std::string> modes, protocols;
  std::set<unsigned> totals;
  std::set<std::uint32_t> seeds;
  for (const auto& row : read_decisions()) {
    modes.insert(row.mode);
    protocols.insert(row.protocol);
    totals.insert(row.total);
    seeds.insert(row.seed);
  }
  EXPECT_EQ(modes.size(), 3u);
  EXPECT_THAT(protocols, testing::ElementsAre("icmp", "sctp", "tcp", "udp"));
  EXPECT_THAT(totals, testing::ElementsAre(1, 2, 3, 5, 16));
  EXPECT_THAT(seeds, testing::ElementsAre(0, 1, 12345, 0xdeadbeef));
}

constexpr HashMode all_modes[] = {HashMode::source_ip, HashMode::source_ip_source_port,
                                  HashMode::source_ip_source_port_dest_port};

HashInput packet(const std::string& source, std::uint16_t source_port, std::uint16_t dest_port) {
  return {ip(source), source_port, dest_port};
}

// 100 packets a bucket: with a fair hash none is more than 6 standard deviations (60) away.
void expect_even_spread(HashInput client, HashMode mode, unsigned total,
                        std::size_t counter_octet) {
  std::vector<unsigned> packets(total + 1);
  for (unsigned i = 0; i < total * 100; ++i) {
    client.source.bytes[counter_octet] = static_cast<std::uint8_t>(i >> 16);
    client.source.bytes[counter_octet + 1] = static_cast<std::uint8_t>(i >> 8);
    client.source.bytes[counter_octet + 2] = static_cast<std::uint8_t>(i);
    const auto bucket = bucket_of(client, mode, 0, total);
    ASSERT_GE(bucket, 1u);
    ASSERT_LE(bucket, total);
    ++packets[bucket];
  }
  const auto [least, most] = std::minmax_element(packets.begin() + 1, packets.end());
  EXPECT_GE(*least, 40u) << "total " << total;
  EXPECT_LE(*most, 160u) << "total " << total;
}

TEST(BucketHash, SpreadsClientsEvenlyOverManyBuckets) {
  for (const unsigned total : {64u, 1000u, 1024u}) {
    for (const auto mode : all_modes) {
      expect_even_spread(packet("10.0.0.0", 40000, 443), mode, total, 1);
      expect_even_spread(packet("2001:db8::", 40000, 443), mode, total, 13);
    }
  }
}

TEST(BucketHash, LooksOnlyAtWhatTheModeNames) {
  const auto buckets = [](HashMode mode, std::uint16_t source_step, std::uint16_t dest_step) {
    std::set<unsigned> found;
    for (std::uint16_t i = 0; i < 100; ++i) {
      const auto source_port = static_cast<std::uint16_t>(1024 + i * source_step);
      const auto dest_port = static_cast<std::uint16_t>(80 + i * dest_step);
      found.insert(bucket_of(packet("192.0.2.1", source_port, dest_port), mode, 0, 16));
    }
    return found.size();
  };
  EXPECT_EQ(buckets(HashMode::source_ip, 1, 1), 1u);
  EXPECT_GT(buckets(HashMode::source_ip_source_port, 1, 0), 8u);
  EXPECT_EQ(buckets(HashMode::source_ip_source_port, 0, 1), 1u);
  EXPECT_GT(buckets(HashMode::source_ip_source_port_dest_port, 1, 0), 8u);
  EXPECT_GT(buckets(HashMode::source_ip_source_port_dest_port, 0, 1), 8u);
}

TEST(BucketHash, GivesOtherBucketsForAnotherSeed) {
  unsigned moved = 0;
  for (std::uint16_t port = 0; port < 1000; ++port) {
    const auto client = packet("192.0.2.1", port, 80);
    const auto mode = HashMode::source_ip_source_port;
    moved += bucket_of(client, mode, 0, 16) != bucket_of(client, mode, 1, 16);
  }
  EXPECT_GT(moved, 900u);
}

TEST(BucketHash, KnowsOneBucketOfOne) {
  for (const auto mode : all_modes) {
    EXPECT_EQ(bucket_of(packet("255.255.255.254", 65535, 65535), mode, 0xffffffff, 1), 1u);
  }
}

TEST(BucketHash, SplitsEachBucketInTwoWhenTheTotalDoubles) {
  for (std::uint16_t port = 0; port < 1000; ++port) {
    const auto client = packet("192.0.2.1", port, 80);
    const auto mode = HashMode::source_ip_source_port;
    const auto half = bucket_of(client, mode, 7, 512);
    const auto whole = bucket_of(client, mode, 7, 1024);
    ASSERT_EQ((whole + 1) / 2, half) << port;
  }
}

// lookup3 once more, byte by byte as http://burtleburtle.net/bob/c/lookup3.c describes it
// (hashlittle), written without a look at the other one.
std::uint32_t lookup3(const std::vector<std::uint8_t>& key, std::uint32_t seed) {
  const auto rotate = [](std::uint32_t x, int k) { return (x << k) | (x >> (32 - k)); };
  const auto word = [&](std::size_t at) {
    std::uint32_t number = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      if (at + i < key.size()) number += static_cast<std::uint32_t>(key[at + i]) << (8 * i);
    }
    return number;
  };
  std::uint32_t a = 0xdeadbeef + static_cast<std::uint32_t>(key.size()) + seed;
  std::uint32_t b = a, c = a;
  std::size_t at = 0;
  for (; key.size() - at > 12; at += 12) {
    a += word(at);
    b += word(at + 4);
    c += word(at + 8);
    std::uint32_t* x[] = {&a, &b, &c};
    int turn = 0;
    for (const int k : {4, 6, 8, 16, 19, 4}) {
      auto &one = *x[turn % 3], &two = *x[(turn + 1) % 3], &three = *x[(turn + 2) % 3];
      one = (one - three) ^ rotate(three, k);
      three += two;
      ++turn;
    }
  }
  if (at == key.size()) return c;
  a += word(at);
  b += word(at + 4);
  c += word(at + 8);
  std::uint32_t* x[] = {&c, &a, &b};
  int turn = 0;
  for (const int k : {14, 11, 25, 16, 4, 14, 24}) {
    auto &one = *x[turn % 3], &three = *x[(turn + 2) % 3];
    one = (one ^ three) - rotate(three, k);
    ++turn;
  }
  return c;
}

// The octets of the source, then each port with two octets of nothing behind it.
unsigned reference_bucket(const HashInput& client, HashMode mode, std::uint32_t seed,
                          unsigned total) {
  std::vector<std::uint8_t> key(client.source.octets().begin(), client.source.octets().end());
  const auto put_port = [&](unsigned port) {
    for (const unsigned octet : {port >> 8, port & 0xff, 0u, 0u}) {
      key.push_back(static_cast<std::uint8_t>(octet));
    }
  };
  if (mode != HashMode::source_ip) put_port(client.source_port);
  if (mode == HashMode::source_ip_source_port_dest_port) put_port(client.dest_port);
  return static_cast<unsigned>((std::uint64_t{lookup3(key, seed)} * total) >> 32) + 1;
}

TEST(BucketHashReference, IsLookup3) {
  // The self-test at the end of lookup3.c.
  const std::string text = "Four score and seven years ago";
  const std::vector<std::uint8_t> key(text.begin(), text.end());
  EXPECT_EQ(lookup3({}, 0), 0xdeadbeefu);
  EXPECT_EQ(lookup3(key, 0), 0x17770551u);
  EXPECT_EQ(lookup3(key, 1), 0xcd628161u);
}

TEST(BucketHash, AgreesWithTheReferenceOnIpv6) {
  std::uint32_t state = 1;
  const auto next = [&state] { return state = state * 1664525 + 1013904223; };
  for (int i = 0; i < 10'000; ++i) {
    HashInput client{IpAddress{6, {}}, static_cast<std::uint16_t>(next() >> 16),
                     static_cast<std::uint16_t>(next() >> 16)};
    for (auto& octet : client.source.bytes) octet = static_cast<std::uint8_t>(next() >> 24);
    const auto seed = i % 3 == 0 ? 0 : next();
    const auto total = 1 + (next() >> 16) % 1024;
    for (const auto mode : all_modes) {
      ASSERT_EQ(bucket_of(client, mode, seed, total), reference_bucket(client, mode, seed, total))
          << to_string(client.source) << " " << to_string(mode) << " " << seed << " " << total;
    }
  }
}

}  // namespace
}  // namespace loadshare::test
