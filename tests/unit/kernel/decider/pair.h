// SPDX-License-Identifier: GPL-2.0-or-later
// Two nodes' deciding programs: one owns every bucket, the other none. Both together show of a
// packet which bucket alone decides on it, whatever that is.
#pragma once

#include <ostream>

#include "kernel/decider/judge.h"

namespace loadshare::decider {

enum class Whose { owner, every_node, nobody };

/// What one packet has to meet with.
struct Expected {
  Whose whose = Whose::owner;
  unsigned bucket = 0;  ///< where `whose` is the owner

  bool operator==(const Expected&) const = default;
};

inline std::ostream& operator<<(std::ostream& to, const Expected& expected) {
  switch (expected.whose) {
    case Whose::owner:
      return to << "bucket " << expected.bucket;
    case Whose::every_node:
      return to << "every node";
    case Whose::nobody:
      return to << "nobody";
  }
  return to;
}

class Pair {
 public:
  void put(const IpAddress& address, const Filter& filter) {
    address_ = address;
    rich_.holdings().put(address, filter, all_of(filter.total));
    poor_.holdings().put(address, filter, {});
  }

  /// Whether the frame meets with that, on the node that owns the bucket and on the one that owns
  /// all others; true where this kernel runs no such frame. `address`: where several were put.
  bool agrees(const Bytes& frame, const Expected& expected) {
    return agrees(frame, expected, address_);
  }
  bool agrees(const Bytes& frame, const Expected& expected, const IpAddress& address) {
    if (expected.whose == Whose::owner) return is_decided_by(expected.bucket, frame, address);
    const auto wanted = expected.whose == Whose::nobody ? Verdict::dropped : Verdict::passes;
    rich_.forget_fragments();
    poor_.forget_fragments();
    return rich_.judge(frame).value_or(wanted) == wanted &&
           poor_.judge(frame).value_or(wanted) == wanted;
  }

 private:
  bool is_decided_by(unsigned bucket, const Bytes& frame, const IpAddress& address) {
    poor_.holdings().own(address, bucket, std::nullopt);
    rich_.holdings().give_up(address, bucket);
    const bool owner_takes = poor_.judge(frame).value_or(Verdict::passes) == Verdict::passes;
    const bool others_drop = rich_.judge(frame).value_or(Verdict::dropped) == Verdict::dropped;
    poor_.holdings().give_up(address, bucket);
    rich_.holdings().own(address, bucket, std::nullopt);
    return owner_takes && others_drop;
  }

  Judge rich_, poor_;
  IpAddress address_;
};

}  // namespace loadshare::decider
