// SPDX-License-Identifier: GPL-2.0-or-later
// The early drop as the kernel runs it, packet by packet, against the hash as a pure function; and
// what monitor says of one that knows other things than the rules.
#include "kernel/early_drop/early_drop.h"

#include <bpf/bpf.h>
#include <gtest/gtest.h>
#include <linux/pkt_cls.h>
#include <netinet/in.h>
#include <unistd.h>

#include <random>

#include "builders.h"
#include "clients/bucket_hash.h"
#include "kernel/bpf/object.h"
#include "kernel/early_drop/early_drops.h"

extern "C" const char loadshare_early_drop_object[];
extern "C" const char loadshare_early_drop_object_end[];

namespace loadshare::test {
namespace {

using Bytes = std::vector<std::uint8_t>;

const auto cluster4 = ip("10.0.0.100"), cluster6 = ip("fd00::100");

struct Packet {
  IpAddress source, destination;
  std::uint16_t source_port = 0, dest_port = 0;
  std::uint8_t protocol = IPPROTO_UDP;
  std::uint16_t fragment = 0;  ///< IPv4's flags and offset
  std::uint8_t first = 0x45;   ///< IPv4's version and header size
  MacAddress mac = cluster_mac;
};

void put16(unsigned value, Bytes& to) {
  to.push_back(static_cast<std::uint8_t>(value >> 8));
  to.push_back(static_cast<std::uint8_t>(value));
}

template <class Octets>
void put(const Octets& octets, Bytes& to) {
  to.insert(to.end(), std::begin(octets), std::end(octets));
}

Bytes frame_of(const Packet& packet) {
  Bytes frame;
  put(packet.mac.bytes, frame);
  put(mac("02:00:00:00:00:01").bytes, frame);
  const bool v4 = packet.destination.version == 4;
  put16(v4 ? 0x0800 : 0x86dd, frame);
  if (v4) {
    put(Bytes{packet.first, 0, 0, 48, 0, 0}, frame);
    put16(packet.fragment, frame);
    put(Bytes{64, packet.protocol, 0, 0}, frame);
  } else {
    put(Bytes{0x60, 0, 0, 0, 0, 28, packet.protocol, 64}, frame);
  }
  put(packet.source.octets(), frame);
  put(packet.destination.octets(), frame);
  put16(packet.source_port, frame);
  put16(packet.dest_port, frame);
  frame.resize(frame.size() + 24);
  return frame;
}

class EarlyDrop : public testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "only root can load a program into the kernel";
    object_.emplace(loadshare_early_drop_object, loadshare_early_drop_object_end, "the program");
  }

  void tell(const IpAddress& address, const early_drop_value& value) {
    const auto key = bpf::key_of(address);
    ASSERT_EQ(bpf_map_update_elem(object_->table("early_drops"), &key, &value, BPF_ANY), 0);
  }

  bool drops(const Packet& packet) { return drops(frame_of(packet)); }
  bool drops(const Bytes& frame) {
    bpf_test_run_opts run{};
    run.sz = sizeof run;
    run.data_in = frame.data();
    run.data_size_in = static_cast<std::uint32_t>(frame.size());
    EXPECT_EQ(bpf_prog_test_run_opts(object_->program("loadshare_early"), &run), 0);
    const auto verdict = static_cast<int>(run.retval);
    EXPECT_TRUE(verdict == TC_ACT_SHOT || verdict == TC_ACT_UNSPEC) << verdict;
    return verdict == TC_ACT_SHOT;
  }

  std::optional<bpf::Object> object_;
};

constexpr HashMode modes[] = {HashMode::source_ip, HashMode::source_ip_source_port,
                              HashMode::source_ip_source_port_dest_port};

// Every second bucket passes.
early_drop_value every_second(unsigned mode, std::uint32_t seed, unsigned total) {
  early_drop_value value{};
  value.seed = seed;
  value.total = total;
  value.hashed_ports = mode;
  for (auto& word : value.passing) word = 0x55555555;
  return value;
}

Packet random_packet(const IpAddress& destination, std::mt19937& random) {
  Packet packet{destination, destination};
  for (auto& octet : packet.source.octets()) octet = static_cast<std::uint8_t>(random());
  packet.source_port = static_cast<std::uint16_t>(random());
  packet.dest_port = static_cast<std::uint16_t>(random());
  constexpr std::uint8_t protocols[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP, IPPROTO_DCCP,
                                        IPPROTO_UDPLITE};
  packet.protocol = protocols[random() % std::size(protocols)];
  return packet;
}

TEST_F(EarlyDrop, drops_exactly_the_buckets_that_do_not_pass) {
  std::mt19937 random(7);
  for (const auto& destination : {cluster4, cluster6}) {
    for (unsigned mode = 0; mode < std::size(modes); ++mode) {
      for (const unsigned total : {1U, 2U, 3U, 16U, 1000U, 1024U}) {
        const auto seed = static_cast<std::uint32_t>(random());
        tell(destination, every_second(mode, seed, total));
        for (int number = 0; number < 200; ++number) {
          const auto packet = random_packet(destination, random);
          const auto bucket = bucket_of({packet.source, packet.source_port, packet.dest_port},
                                        modes[mode], seed, total);
          ASSERT_EQ(drops(packet), bucket % 2 == 0)
              << to_string(packet.source) << " " << packet.source_port << " mode " << mode;
        }
      }
    }
  }
}

TEST_F(EarlyDrop, leaves_to_the_rules_whatever_is_not_plain) {
  early_drop_value nothing_passes{};
  nothing_passes.total = 1;
  tell(cluster4, nothing_passes);
  tell(cluster6, nothing_passes);
  const Packet plain4{ip("192.0.2.1"), cluster4, 1, 2}, plain6{ip("2001:db8::1"), cluster6, 1, 2};
  ASSERT_TRUE(drops(plain4));
  ASSERT_TRUE(drops(plain6));
  // ICMPv6, and a fragment, hop-by-hop options, a routing header and ESP before whatever comes.
  constexpr std::uint8_t extension_headers[] = {58, 44, 0, 43, 50};
  const auto passes = [&](Packet packet, auto change) {
    change(packet);
    return !drops(packet);
  };
  EXPECT_TRUE(passes(plain4, [](Packet& p) { p.fragment = 0x2000; })) << "more fragments follow";
  EXPECT_TRUE(passes(plain4, [](Packet& p) { p.fragment = 1; })) << "a later fragment";
  EXPECT_FALSE(passes(plain4, [](Packet& p) { p.fragment = 0x4000; })) << "don't fragment";
  EXPECT_TRUE(passes(plain4, [](Packet& p) { p.first = 0x46; })) << "options";
  for (const int protocol : {IPPROTO_ICMP, IPPROTO_ESP, IPPROTO_AH, IPPROTO_GRE}) {
    EXPECT_TRUE(
        passes(plain4, [&](Packet& p) { p.protocol = static_cast<std::uint8_t>(protocol); }));
  }
  for (const std::uint8_t header : extension_headers) {
    EXPECT_TRUE(passes(plain6, [&](Packet& p) { p.protocol = header; }));
  }
  for (const auto& plain : {plain4, plain6}) {
    EXPECT_TRUE(passes(plain, [](Packet& p) { p.mac = mac("02:00:00:00:00:02"); })) << "unicast";
    EXPECT_TRUE(passes(
        plain, [](Packet& p) { p.destination.bytes.back() ^= 1, p.destination.bytes[3] ^= 1; }));
    auto tagged = frame_of(plain);
    const Bytes tag{0x81, 0x00, 0x00, 0x05};
    tagged.insert(tagged.begin() + 12, tag.begin(), tag.end());
    EXPECT_FALSE(drops(tagged)) << "another VLAN's";
    auto cut = frame_of(plain);
    cut.resize(cut.size() - 25);
    EXPECT_FALSE(drops(cut)) << "ends within its ports";
  }
}

TEST_F(EarlyDrop, lets_pass_what_its_table_has_no_place_for) {
  early_drop_value broken{};
  broken.total = UINT32_MAX;
  tell(cluster4, broken);
  EXPECT_FALSE(drops({ip("192.0.2.1"), cluster4, 1, 2}));
}

early_drop::State knowing(const Filter& filter, const std::set<unsigned>& buckets) {
  return {{filter.hash_mode, filter.seed, filter.total, buckets}, 0};
}

TEST(EarlyDropFaults, none_where_all_that_is_owned_passes) {
  EXPECT_THAT(early_drop::faults(knowing(a_filter(), {1, 2}), a_filter(), {1, 2}),
              testing::IsEmpty());
  EXPECT_THAT(early_drop::faults(knowing(a_filter(), {1, 2}), a_filter(), {1}), testing::IsEmpty());
}

TEST(EarlyDropFaults, an_owned_bucket_that_is_dropped) {
  EXPECT_THAT(
      early_drop::faults(knowing(a_filter(), {1}), a_filter(), {1, 2, 3}),
      testing::ElementsAre("the early drop on eth0 drops buckets 2,3, served by this node"));
}

TEST(EarlyDropFaults, other_parameters) {
  for (auto change :
       {+[](Filter& filter) { filter.seed = 9; }, +[](Filter& filter) { filter.total = 9; },
        +[](Filter& filter) { filter.hash_mode = HashMode::source_ip; }}) {
    auto other = a_filter();
    change(other);
    EXPECT_THAT(early_drop::faults(knowing(other, {1}), a_filter(), {1}),
                testing::ElementsAre(testing::HasSubstr("other parameters than the rules")));
  }
}

}  // namespace
}  // namespace loadshare::test
