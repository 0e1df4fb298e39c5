// SPDX-License-Identifier: GPL-2.0-or-later
// The deciding program as this kernel runs it, frame by frame (BPF_PROG_TEST_RUN).
#pragma once

#include <bpf/bpf.h>
#include <gtest/gtest.h>
#include <linux/pkt_cls.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

#include "builders.h"
#include "kernel/decider/program.h"
#include "packets.h"

namespace loadshare::decider {

using namespace test::packets;

enum class Verdict { passes, dropped };

/// Who a frame is for, as far as its Ethernet header tells.
enum class Receiver { cluster, this_node, another_node };

/// The kernel takes a frame of a test run for one that came in by loopback, whose MAC is all zeros.
inline MacAddress mac_of(Receiver receiver) {
  switch (receiver) {
    case Receiver::cluster:
      return test::cluster_mac;
    case Receiver::this_node:
      return {};
    case Receiver::another_node:
      return test::mac("02:00:00:00:00:02");
  }
  return {};
}

constexpr std::uint16_t type_ip4 = 0x0800, type_ip6 = 0x86dd, type_vlan = 0x8100;
constexpr std::size_t ethernet_size = 14;

inline Bytes frame_of(const Bytes& packet, std::uint16_t type,
                      Receiver receiver = Receiver::cluster) {
  const auto to = mac_of(receiver);
  Bytes frame(to.bytes.begin(), to.bytes.end());
  return frame + Bytes{2, 0, 0, 0, 0, 1} + number(type) + packet;
}

/// Of the type that the packet's own version says.
inline Bytes frame_of(const Bytes& packet, Receiver receiver = Receiver::cluster) {
  return frame_of(packet, packet.front() >> 4 == 4 ? type_ip4 : type_ip6, receiver);
}

/// Nothing where this kernel runs no such frame: newer ones refuse those that end within an IP
/// header.
inline std::optional<Verdict> verdict_on(const Bytes& frame, int program) {
  bpf_test_run_opts run{};
  run.sz = sizeof run;
  run.data_in = frame.data();
  run.data_size_in = static_cast<std::uint32_t>(frame.size());
  if (bpf_prog_test_run_opts(program, &run) != 0) {
    EXPECT_EQ(errno, EINVAL);
    return std::nullopt;
  }
  const auto answer = static_cast<int>(run.retval);
  EXPECT_TRUE(answer == TC_ACT_SHOT || answer == TC_ACT_UNSPEC) << answer;
  return answer == TC_ACT_SHOT ? Verdict::dropped : Verdict::passes;
}

class Judge {
 public:
  Holdings& holdings() { return program_.holdings(); }
  Program& program() { return program_; }

  std::optional<Verdict> judge(const Bytes& frame) const {
    return verdict_on(frame, program_.descriptor());
  }
  bool passes(const Bytes& frame) const { return judge(frame) == Verdict::passes; }

  /// No first fragment has been dropped.
  void forget_fragments() {
    decider_fragmented name{};
    while (bpf_map_get_next_key(dropped().number(), nullptr, &name) == 0) {
      bpf_map_delete_elem(dropped().number(), &name);
    }
  }
  /// They were dropped long ago.
  void age_fragments() {
    decider_fragmented name{};
    const __u64 long_ago = 1;
    const void* before = nullptr;
    while (bpf_map_get_next_key(dropped().number(), before, &name) == 0) {
      bpf_map_update_elem(dropped().number(), &name, &long_ago, BPF_EXIST);
      before = &name;
    }
  }

 private:
  const FileDescriptor& dropped() {
    if (dropped_) return dropped_;
    for (const auto id : bpf::inspect(program_.descriptor()).tables) {
      auto table = bpf::open_table(id);
      if (table && table->key_size == sizeof(decider_fragmented)) dropped_ = std::move(table->file);
    }
    return dropped_;
  }

  Program program_;
  FileDescriptor dropped_{-1};
};

/// Skips where nobody may load programs.
class DeciderTest : public testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "only root can load a program into the kernel";
  }
};

inline Filter a_filter_by(HashMode mode, unsigned total, std::uint32_t seed = 0) {
  return {"lo", test::cluster_mac, mode, seed, total};
}

inline std::set<unsigned> all_of(unsigned total) {
  std::set<unsigned> buckets;
  for (unsigned bucket = 1; bucket <= total; ++bucket) buckets.insert(bucket);
  return buckets;
}

constexpr HashMode all_modes[] = {HashMode::source_ip, HashMode::source_ip_source_port,
                                  HashMode::source_ip_source_port_dest_port};

}  // namespace loadshare::decider
