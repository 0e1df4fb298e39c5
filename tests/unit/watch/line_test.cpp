// SPDX-License-Identifier: GPL-2.0-or-later
// What `loadshare watch` prints: lines that fit the screen, a rate that holds, counts that add up.
#include "watch/line.h"

#include <gtest/gtest.h>
#include <netinet/in.h>

#include <sstream>

#include "builders.h"
#include "output/terminal.h"

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
    for (const auto answer :
         {Answer::responsible, Answer::not_responsible, Answer::drained_if_known,
          Answer::owned_if_known, Answer::every_node, Answer::nobody, Answer::unknown}) {
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
  EXPECT_EQ(judge_packet(packet, filter, {{bucket}, {}, {}}).answer, Answer::responsible);
  EXPECT_EQ(judge_packet(packet, filter, {{bucket % 3 + 1}, {}, {}}).answer,
            Answer::not_responsible);
  EXPECT_EQ(judge_packet(packet, filter, {}).bucket, bucket);
  packet.taker = Taker::every_node;
  EXPECT_EQ(judge_packet(packet, filter, {{1, 2, 3}, {}, {}}).answer, Answer::every_node);
  EXPECT_EQ(judge_packet(packet, filter, {{1, 2, 3}, {}, {}}).bucket, std::nullopt);
}

// What decider/moves.bpf.h does with the same packets.
TEST(JudgePacket, WhileItsBucketMovesAsksTheSocketsOfConnectionsThatHaveBegun) {
  const auto filter = test::a_filter();
  const std::set<unsigned> all{1, 2, 3}, none;
  struct Case {
    Buckets buckets;
    Answer later, first;  // of a connection's packets
  };
  const Case cases[] = {
      {{none, all, none}, Answer::drained_if_known, Answer::not_responsible},
      {{none, all, all}, Answer::drained_if_known, Answer::not_responsible},
      {{all, none, all}, Answer::owned_if_known, Answer::responsible},
      {{none, none, all}, Answer::not_responsible, Answer::not_responsible},
  };
  for (const auto& [buckets, later, first] : cases) {
    SCOPED_TRACE(in_words(buckets));
    auto packet = a_packet("10.0.0.7", 40001, 80);
    EXPECT_EQ(judge_packet(packet, filter, buckets).answer, later);
    packet.begins = true;
    EXPECT_EQ(judge_packet(packet, filter, buckets).answer, first);
    packet.begins = false;
    packet.protocol = IPPROTO_UDP;
    EXPECT_EQ(judge_packet(packet, filter, buckets).answer, first) << "no connection";
    packet.taker = Taker::every_node;
    EXPECT_EQ(judge_packet(packet, filter, buckets).answer, Answer::every_node);
  }
}

TEST(Buckets, AreThoseOfTheKernel) {
  FilterState state;
  state.buckets = {1, 2};
  state.moves.draining[3] = std::chrono::seconds(1);
  for (const unsigned bucket : {2U, 3U, 4U}) {
    state.moves.elsewhere[bucket] = std::chrono::seconds(1);
  }
  EXPECT_EQ(buckets_of(state), (Buckets{{1, 2}, {3}, {2}})) << "of others nobody asks here";
}

TEST(Buckets, AreToldInWords) {
  EXPECT_EQ(in_words(Buckets{}), "none");
  EXPECT_EQ(in_words(Buckets{{1, 2}, {}, {}}), "1,2");
  EXPECT_EQ(in_words(Buckets{{1, 2}, {3}, {1, 2}}), "1,2, drains 3, and 1,2 may drain elsewhere");
}

TEST(Line, OfABucketThatMovesFitsIntoOneToo) {
  EXPECT_EQ(line_of(noon, a_packet("10.0.0.7", 40001, 80), {2, Answer::drained_if_known}, false),
            "12:00:00.000  10.0.0.7:40001 → 80          tcp        bucket 2  drains if known\n");
  EXPECT_EQ(line_of(noon, a_packet("10.0.0.7", 40001, 80), {2, Answer::owned_if_known}, false),
            "12:00:00.000  10.0.0.7:40001 → 80          tcp        bucket 2  ours if known\n");
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
  tally.print(text, {{2}, {}, {}}, false);
  EXPECT_EQ(text.str(),
            "bucket  packets  share  this node\n"
            "     1        1    20%  not responsible\n"
            "     2        3    60%  responsible\n"
            "\n"
            "3  responsible\n"
            "1  not responsible\n"
            "1  for every node\n");
}

TEST(Tally, TellsOfBucketsThatMove) {
  Tally tally;
  tally.add({1, Answer::drained_if_known});
  tally.add({2, Answer::owned_if_known});
  std::ostringstream text;
  tally.print(text, {{2}, {1}, {2}}, false);
  EXPECT_EQ(text.str(),
            "bucket  packets  share  this node\n"
            "     1        1    50%  drains\n"
            "     2        1    50%  responsible\n"
            "\n"
            "0  responsible\n"
            "0  not responsible\n"
            "1  drained here if the connection is known here\n"
            "1  responsible, unless another node drains them\n");
}

}  // namespace
}  // namespace loadshare::watch
