// SPDX-License-Identifier: GPL-2.0-or-later
// What `loadshare watch` prints: lines that fit the screen, a rate that holds, counts that add up.
#include <gtest/gtest.h>
#include <netinet/in.h>

#include <sstream>

#include "builders.h"
#include "terminal.h"
#include "watch/line.h"

namespace loadshare::watch {
namespace {

using test::ip;

const std::string noon = "12:00:00.000";
const Verdict ours{2, Answer::responsible}, others{1, Answer::not_responsible};

Packet a_packet(const std::string& client, std::uint16_t source, std::uint16_t dest) {
  return {.hashed = {ip(client), source, dest},
          .protocol = IPPROTO_TCP,
          .has_ports = true,
          .fragment = {}};
}

TEST(Line, SaysWhoWhatAndWhose) {
  EXPECT_EQ(line_of(noon, a_packet("10.0.0.7", 40001, 80), ours, false),
            "12:00:00.000  10.0.0.7:40001 → 80          tcp        bucket 2  responsible\n");
  EXPECT_EQ(line_of(noon, a_packet("10.0.0.7", 40001, 80), others, true),
            "12:00:00.000  10.0.0.7:40001 → 80          tcp        bucket 1  "
            "\x1b[2mnot responsible\x1b[0m\n");
}

TEST(Line, LeavesOutPortsThatAreNone) {
  auto ping = a_packet("10.0.0.7", 0, 0);
  ping.protocol = IPPROTO_ICMP;
  ping.has_ports = false;
  EXPECT_EQ(line_of(noon, ping, ours, false),
            "12:00:00.000  10.0.0.7                     icmp       bucket 2  responsible\n");
}

TEST(Line, TakesTwoWhereOneWouldBeTooWide) {
  const auto wide = a_packet("2001:db8:1234:5678:9abc:def0:1234:5678", 65535, 65535);
  EXPECT_EQ(line_of(noon, wide, others, false),
            "12:00:00.000  [2001:db8:1234:5678:9abc:def0:1234:5678]:65535\n"
            "              → 65535                      tcp        bucket 1  not responsible\n");
}

TEST(Line, NeverExceedsTheScreen) {
  for (const char* client :
       {"10.0.0.7", "255.255.255.255", "2001:db8::1", "2001:db8:1234:5678:9abc:def0:1234:5678"}) {
    for (const auto answer : {Answer::responsible, Answer::not_responsible, Answer::every_node,
                              Answer::nobody, Answer::unknown}) {
      auto packet = a_packet(client, 65535, 65535);
      packet.protocol = IPPROTO_UDPLITE;
      packet.is_error = true;
      std::istringstream lines(line_of(noon, packet, {1024, answer}, false));
      for (std::string line; std::getline(lines, line);) {
        EXPECT_LE(terminal::width(line), 80u) << line;
      }
    }
  }
}

TEST(JudgePacket, AsksForTheOwner) {
  const auto filter = test::a_filter();
  auto packet = a_packet("10.0.0.7", 40001, 80);
  const auto bucket = bucket_of(packet.hashed, filter.hash_mode, filter.seed, filter.total);
  EXPECT_EQ(judge_packet(packet, filter, {bucket}).answer, Answer::responsible);
  EXPECT_EQ(judge_packet(packet, filter, {bucket % 3 + 1}).answer, Answer::not_responsible);
  EXPECT_EQ(judge_packet(packet, filter, {}).bucket, bucket);
  packet.taker = Taker::every_node;
  EXPECT_EQ(judge_packet(packet, filter, {1, 2, 3}).answer, Answer::every_node);
  EXPECT_EQ(judge_packet(packet, filter, {1, 2, 3}).bucket, std::nullopt);
}

TEST(RateLimit, HoldsInEverySecond) {
  RateLimit rate(2);
  EXPECT_TRUE(rate.admits(5) && rate.admits(5));
  EXPECT_FALSE(rate.admits(5) || rate.admits(5) || rate.admits(5));
  EXPECT_EQ(rate.take_suppressed(5), 0u) << "the second is not over";
  EXPECT_EQ(rate.take_suppressed(6), 3u);
  EXPECT_EQ(rate.take_suppressed(6), 0u) << "told once";
  EXPECT_TRUE(rate.admits(6));
  EXPECT_EQ(rate.total_suppressed(), 3u);
}

TEST(RateLimit, OfZeroAdmitsNothingAndTellsNothing) {
  RateLimit rate(0);
  EXPECT_FALSE(rate.admits(1));
  EXPECT_EQ(rate.take_suppressed(2), 0u);
  EXPECT_EQ(rate.total_suppressed(), 1u);
}

TEST(Tally, CountsByBucketAndAnswer) {
  Tally tally;
  for (int i = 0; i < 3; ++i) tally.add(ours);
  tally.add(others);
  tally.add({{}, Answer::every_node});
  std::ostringstream text;
  tally.print(text, {2}, false);
  EXPECT_EQ(text.str(),
            "bucket  packets  share  this node\n"
            "     1        1    20%  not responsible\n"
            "     2        3    60%  responsible\n"
            "\n"
            "3  responsible\n"
            "1  not responsible\n"
            "1  for every node\n");
}

}  // namespace
}  // namespace loadshare::watch
