// SPDX-License-Identifier: GPL-2.0-or-later
// The MAC rewriter at an interface's egress, on this kernel: what it is told, and who comes first.
#include "kernel/neighbour/rewriter.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "builders.h"
#include "foreign_program.h"
#include "kernel/bpf/hook.h"
#include "nameless_program.h"
#include "own_namespace.h"

extern "C" const char loadshare_rewriter_object[];
extern "C" const char loadshare_rewriter_object_end[];

namespace loadshare::neighbour {
namespace {

using test::ip;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

constexpr char interface[] = "lo";
const IpAddress address4 = ip("10.0.0.100"), address6 = ip("fd77::100");

class Rewriter : public testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "only root can attach a program to an interface";
    namespace_.emplace();
  }
  static bpf::Hook egress() { return {interface, bpf::Direction::egress}; }

 private:
  std::optional<test::OwnNamespace> namespace_;
};

std::optional<MacAddress> announced_mac(const std::string& on, const IpAddress& address) {
  const auto one = announced(on, address);
  return one ? std::optional(one->mac) : std::nullopt;
}

bool is_first(const std::string& on) {
  const auto one = announced(on, address4);
  return one && one->before.empty();
}

TEST_F(Rewriter, KnowsWhatItWasTold) {
  EXPECT_EQ(announced_mac(interface, address4), std::nullopt);
  EXPECT_FALSE(is_first(interface));
  announce_as(interface, address4, test::cluster_mac);
  announce_as(interface, address6, test::other_mac);
  announce_as(interface, address6, test::cluster_mac);
  EXPECT_EQ(announced_mac(interface, address4), test::cluster_mac);
  EXPECT_THAT(announced_on(interface),
              ElementsAre(Pair(address4, test::cluster_mac), Pair(address6, test::cluster_mac)));
  EXPECT_THAT(interfaces_announcing(address6), ElementsAre(Pair(interface, test::cluster_mac)));
  EXPECT_THAT(announced_anywhere(), ElementsAre(address4, address6));
  EXPECT_TRUE(is_first(interface));
  EXPECT_EQ(egress().seats().size(), 1u);
}

TEST_F(Rewriter, GoesWithItsLastAddress) {
  announce_as(interface, address4, test::cluster_mac);
  announce_as(interface, address6, test::cluster_mac);
  EXPECT_FALSE(announce_no_more(interface, address4));
  take_away(interface);
  EXPECT_EQ(announced_mac(interface, address6), test::cluster_mac) << "still needed";
  EXPECT_TRUE(announce_no_more(interface, address6));
  take_away(interface);
  EXPECT_THAT(egress().seats(), IsEmpty());
  EXPECT_FALSE(announce_no_more(interface, address6));
}

// Whoever came later could let frames go by before it has seen them.
TEST_F(Rewriter, ComesFirstAgainWithAllItsAddresses) {
  announce_as(interface, address4, test::cluster_mac);
  const test::ForeignProgram pushy;
  egress().put_first(pushy.descriptor(), {});
  EXPECT_FALSE(is_first(interface));
  EXPECT_EQ(announced_mac(interface, address4), test::cluster_mac);
  announce_as(interface, address6, test::other_mac);
  EXPECT_TRUE(is_first(interface));
  EXPECT_THAT(announced_on(interface),
              ElementsAre(Pair(address4, test::cluster_mac), Pair(address6, test::other_mac)));
  const auto seats = egress().seats();
  ASSERT_EQ(seats.size(), 2u);
  EXPECT_EQ(seats.back().program_id, pushy.id());
}

// Where the kernel of an upgraded node has tcx by now, or its program was at clsact before.
TEST_F(Rewriter, IsFoundAmongFiltersToo) {
  announce_as(interface, address4, test::cluster_mac);
  const auto ours = egress().seats().front();
  const auto program = bpf_prog_get_fd_by_id(ours.program_id);
  ASSERT_GE(program, 0);
  test::attach_as_filter(program, bpf::index_of(interface), BPF_TC_EGRESS, 1, 0x7777);
  close(program);
  egress().take_off(ours);
  EXPECT_EQ(announced_mac(interface, address4), test::cluster_mac);
  EXPECT_TRUE(is_first(interface));
  announce_as(interface, address6, test::other_mac);
  EXPECT_EQ(announced_on(interface).size(), 2u);
}

TEST_F(Rewriter, IsFoundWithoutAName) {
  announce_as(interface, address4, test::cluster_mac);
  const auto named = egress().seats().front();
  const auto table = bpf::open_table(bpf::inspect(named.program_id)->tables.front());
  const test::NamelessProgram nameless(
      loadshare_rewriter_object, loadshare_rewriter_object_end, "loadshare_macs",
      [&](bpf_object& prepared) { bpf::reuse(prepared, "cluster_macs", table->file); });
  egress().put_first(nameless.descriptor(), {named});
  EXPECT_EQ(bpf::inspect(egress().seats().front().program_id)->name, "");
  EXPECT_EQ(announced_mac(interface, address4), test::cluster_mac);
  EXPECT_TRUE(is_first(interface));
}

}  // namespace
}  // namespace loadshare::neighbour
