// SPDX-License-Identifier: GPL-2.0-or-later
// What the program counts, and the helper adds up.
#include <sched.h>

#include <chrono>
#include <map>

#include "clients/bucket_hash.h"
#include "kernel/decider/holdings_fixture.h"

namespace loadshare::decider {
namespace {

using namespace std::chrono_literals;
using test::ip;

using DeciderCounters = DeciderHoldings;

/// So long on that processor; false where there is none of that number.
class OnProcessor {
 public:
  explicit OnProcessor(int number) {
    sched_getaffinity(0, sizeof former_, &former_);
    cpu_set_t wanted;
    CPU_ZERO(&wanted);
    CPU_SET(static_cast<unsigned>(number), &wanted);
    there_ = CPU_ISSET(static_cast<unsigned>(number), &former_) &&
             sched_setaffinity(0, sizeof wanted, &wanted) == 0;
  }
  ~OnProcessor() { sched_setaffinity(0, sizeof former_, &former_); }
  OnProcessor(const OnProcessor&) = delete;
  explicit operator bool() const { return there_; }

 private:
  cpu_set_t former_{};
  bool there_ = false;
};

TEST_F(DeciderCounters, CountEachBucketsPacketsOnEveryProcessor) {
  put(cluster4, 2, {1, 2});
  const auto client = ip(client4);
  const auto bucket = bucket_of({client}, HashMode::source_ip, 0, 2), other = 3 - bucket;
  std::uint64_t sent = 0;
  for (int processor = 0; processor < 8; ++processor) {
    const OnProcessor here(processor);
    if (!here) continue;
    for (int times = 0; times < 3; ++times, ++sent) EXPECT_TRUE(passes(cluster4, client4));
  }
  ASSERT_GT(sent, 0u);
  auto counters = holdings().state_of(ip(cluster4)).counters;
  EXPECT_EQ(counters.accepted, (std::map<unsigned, std::uint64_t>{{bucket, sent}, {other, 0}}));
  EXPECT_EQ(counters.dropped, 0u);

  holdings().give_up(ip(cluster4), bucket);
  EXPECT_FALSE(passes(cluster4, client4));
  counters = holdings().state_of(ip(cluster4)).counters;
  EXPECT_EQ(counters.accepted, (std::map<unsigned, std::uint64_t>{{other, 0}}));
  EXPECT_EQ(counters.dropped, 1u);

  holdings().own(ip(cluster4), bucket, {});
  EXPECT_EQ(holdings().state_of(ip(cluster4)).counters.accepted.at(bucket), 0u)
      << "since it was taken";
  EXPECT_TRUE(passes(cluster4, client4));
  holdings().own(ip(cluster4), bucket, 30s);
  EXPECT_EQ(holdings().state_of(ip(cluster4)).counters.accepted.at(bucket), 1u)
      << "taken already: a lease that is renewed";
}

TEST_F(DeciderCounters, CountNothingThatNoBucketDecides) {
  put(cluster6, 1, {1});
  EXPECT_TRUE(node()->passes(frame_of(ip6(IPPROTO_ICMPV6, icmp(136, Bytes(16, 0))))));
  EXPECT_FALSE(node()->passes(frame_of(ip6(IPPROTO_HOPOPTS, {IPPROTO_UDP, 9}))));
  const auto counters = holdings().state_of(ip(cluster6)).counters;
  EXPECT_EQ(counters.accepted.at(1), 0u);
  EXPECT_EQ(counters.dropped, 0u);
}

}  // namespace
}  // namespace loadshare::decider
