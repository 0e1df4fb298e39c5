// SPDX-License-Identifier: GPL-2.0-or-later
// The filters of a clsact qdisc, where kernels without tcx have our programs: newer ones have them,
// too. Whoever keeps ours out is named.
#include "kernel/bpf/clsact.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>

#include "base/program.h"
#include "builders.h"
#include "foreign_program.h"
#include "kernel/bpf/hook.h"
#include "own_namespace.h"

namespace loadshare::bpf {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr char interface[] = "lo";

class Clsact : public testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "only root can attach a program to an interface";
    namespace_.emplace();
    index_ = index_of(interface);
  }

  static void tc(std::vector<std::string> words) {
    words.insert(words.begin(), "tc");
    ASSERT_EQ(run_program(words, 30s).exit_status, 0);
  }
  std::string obstacle(Direction direction = Direction::ingress) const {
    return clsact::obstacle(index_, direction).value_or("none");
  }
  int put_first(Direction direction = Direction::ingress) const {
    return clsact::put_first(index_, direction, test::ForeignProgram().descriptor());
  }

  int index_ = 0;

 private:
  std::optional<test::OwnNamespace> namespace_;
};

TEST_F(Clsact, HasNoObstacleWhereThereIsNothing) {
  EXPECT_EQ(obstacle(), "none");
  EXPECT_EQ(put_first(), 0);
  EXPECT_EQ(obstacle(), "none");
  EXPECT_EQ(put_first(), 0);
}

TEST_F(Clsact, IsKeptOutByAnIngressQdisc) {
  tc({"qdisc", "add", "dev", interface, "ingress"});
  EXPECT_THAT(obstacle(), HasSubstr("its ingress qdisc leaves no place at the egress"));
  EXPECT_THAT(obstacle(Direction::egress), HasSubstr("its ingress qdisc"));
  EXPECT_NE(put_first(), 0);
}

TEST_F(Clsact, IsKeptOutByFiltersThatInterfacesShare) {
  tc({"qdisc", "add", "dev", interface, "ingress_block", "7", "clsact"});
  EXPECT_THAT(obstacle(), HasSubstr("shares the filters of other interfaces"));
  EXPECT_NE(put_first(), 0);
}

TEST_F(Clsact, IsKeptOutByAFilterOfAnotherKindInFirstPlace) {
  tc({"qdisc", "add", "dev", interface, "clsact"});
  tc({"filter", "add", "dev", interface, "ingress", "prio", "1", "protocol", "all", "u32", "match",
      "u32", "0", "0"});
  EXPECT_THAT(obstacle(), HasSubstr("a u32 filter of priority 1 has the first place at its"));
  EXPECT_EQ(obstacle(Direction::egress), "none");
  EXPECT_NE(put_first(), 0);
  EXPECT_EQ(put_first(Direction::egress), 0);
}

TEST_F(Clsact, IsKeptOutByAFilterOfAnotherProtocolInFirstPlace) {
  tc({"qdisc", "add", "dev", interface, "clsact"});
  tc({"filter", "add", "dev", interface, "egress", "prio", "1", "protocol", "ip", "bpf", "bytecode",
      "1,6 0 0 0,"});
  EXPECT_THAT(obstacle(Direction::egress), HasSubstr("a bpf filter of priority 1"));
  EXPECT_NE(put_first(Direction::egress), 0);
}

// Frames do not meet those unless they are sent there.
TEST_F(Clsact, DoesNotMindFiltersOfOtherChains) {
  tc({"qdisc", "add", "dev", interface, "clsact"});
  tc({"filter", "add", "dev", interface, "ingress", "chain", "3", "prio", "1", "protocol", "all",
      "u32", "match", "u32", "0", "0"});
  EXPECT_EQ(obstacle(), "none");
  EXPECT_EQ(put_first(), 0);
  const auto filters = clsact::filters(index_, Direction::ingress);
  ASSERT_GE(filters.size(), 2u);
  EXPECT_EQ(filters.front().filter->chain, 0u);
  EXPECT_EQ(filters.back().filter->kind, "u32");
  clsact::take_off(index_, *filters.front().filter);
  EXPECT_EQ(clsact::filters(index_, Direction::ingress).size(), filters.size() - 1);
}

TEST_F(Clsact, TellsWhoIsThere) {
  const test::ForeignProgram program("somebody");
  test::attach_as_filter(program.descriptor(), index_, BPF_TC_INGRESS, 3, 9);
  tc({"filter", "add", "dev", interface, "ingress", "prio", "5", "protocol", "all", "u32", "match",
      "u32", "0", "0"});
  EXPECT_EQ(in_words(clsact::filters(index_, Direction::ingress)),
            "somebody (program " + std::to_string(program.id()) +
                ") in a filter of priority 3, a u32 filter of priority 5");
}

}  // namespace
}  // namespace loadshare::bpf
