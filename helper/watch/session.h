// SPDX-License-Identifier: GPL-2.0-or-later
// One run of `loadshare watch`, from the first packet to the counts.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/file_descriptor.h"
#include "loadshare/plan.h"
#include "request/options.h"
#include "watch/capture.h"
#include "watch/line.h"

namespace loadshare::watch {

class Session {
 public:
  /// Throws not_running where this node holds no cluster rule for the address.
  Session(const Invocation& call, const IpAddress& address);

  /// Until the wanted seconds or packets are over, or SIGINT or SIGTERM comes.
  void run();

 private:
  using Clock = std::chrono::steady_clock;

  FilterState read_state() const;
  void refresh();
  void take(const FilterState& state);
  bool read();
  void read_rest();
  void see(std::span<const std::uint8_t> bytes, const timespec& arrival);
  bool is_wanted(const Packet& packet, const Verdict& verdict) const;
  bool is_over() const;
  void wait() const;
  void tell_suppressed();
  void say(const std::string& note) const;
  void print_head() const;
  void print_end();
  void print_own_count() const;
  std::int64_t seconds() const;

  const Invocation& call_;
  IpAddress address_;
  bool colour_;
  FileDescriptor signals_;
  Clock::time_point start_;
  Clock::time_point read_at_;
  Filter filter_;
  Buckets buckets_;
  Counters counted_;     ///< by the node itself, when the watch began
  std::string trouble_;  ///< why the state could not be read, told once
  std::optional<Capture> capture_;
  FirstFragments fragments_;
  RateLimit rate_;
  Tally tally_;
  std::uint64_t lost_ = 0;
};

}  // namespace loadshare::watch
