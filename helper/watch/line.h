// SPDX-License-Identifier: GPL-2.0-or-later
// What `loadshare watch` prints: a line for each packet, and the counts at the end. No system call.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "loadshare/plan.h"
#include "watch/packet.h"

namespace loadshare::watch {

/// How this node deals with a packet. Of a TCP connection's later packets the node's sockets decide
/// while the bucket moves: this node has given it up and keeps what it knows (drained_if_known), or
/// owns it and leaves to another node what it does not know (owned_if_known).
enum class Answer {
  responsible,
  not_responsible,
  drained_if_known,
  owned_if_known,
  every_node,
  nobody,
  unknown
};

/// The buckets that this node has to do with.
struct Buckets {
  std::set<unsigned> owned;
  std::set<unsigned> draining;   ///< given up, but for the connections that it knows
  std::set<unsigned> elsewhere;  ///< those owned that another node may be draining

  bool operator==(const Buckets&) const = default;
};
Buckets buckets_of(const FilterState& state);

/// "1,2, drains 3, and 4 may drain elsewhere"
std::string in_words(const Buckets& buckets);

struct Verdict {
  std::optional<unsigned> bucket;  ///< where one decides
  Answer answer = Answer::unknown;
};

Verdict judge_packet(const Packet& packet, const Filter& filter, const Buckets& buckets);

/// "17:04:05.123  10.0.0.7:40001 → 80  tcp  bucket 2  not responsible", in two lines where one
/// would be wider than 80 columns. Ends with a newline.
std::string line_of(const std::string& time, const Packet& packet, const Verdict& verdict,
                    bool colour);

/// "the node itself accepted 12 and dropped 30 meanwhile", of all clients; empty where the backend
/// does not tell them apart, or has begun to count anew.
std::string own_count_in_words(const Counters& before, const Counters& after);

/// Lets so many lines pass in each second, and counts the others.
class RateLimit {
 public:
  explicit RateLimit(unsigned lines_per_second) : most_(lines_per_second) {}

  /// Whether a line may be printed in this second; any clock that goes forward.
  bool admits(std::int64_t second);
  /// How many were held back before this second and not told yet.
  std::uint64_t take_suppressed(std::int64_t second);
  std::uint64_t total_suppressed() const { return total_; }

 private:
  unsigned most_;
  std::int64_t second_ = 0;
  unsigned admitted_ = 0;
  std::uint64_t untold_ = 0, total_ = 0;
};

/// Packets by bucket and by what this node did with them.
class Tally {
 public:
  void add(const Verdict& verdict);
  std::uint64_t packets() const { return packets_; }
  std::uint64_t of(Answer answer) const;
  /// A row for each bucket that had packets, and the sums.
  void print(std::ostream& to, const Buckets& place, bool colour) const;

 private:
  std::uint64_t packets_ = 0;
  std::map<unsigned, std::uint64_t> buckets_;
  std::map<Answer, std::uint64_t> answers_;
};

}  // namespace loadshare::watch
