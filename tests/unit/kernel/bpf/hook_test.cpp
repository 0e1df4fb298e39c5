// SPDX-License-Identifier: GPL-2.0-or-later
// Our place among others' programs at an interface, on whatever this kernel has: tcx or clsact.
#include "kernel/bpf/hook.h"

#include <bpf/libbpf.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>

#include "base/program.h"
#include "builders.h"
#include "foreign_program.h"
#include "kernel/bpf/object.h"
#include "own_namespace.h"

namespace loadshare::bpf {
namespace {

using namespace std::chrono_literals;
using test::ForeignProgram;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr char interface[] = "lo";

class HookTest : public testing::TestWithParam<Direction> {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "only root can attach a program to an interface";
    be_quiet();
    namespace_.emplace();
    hook_.emplace(interface, GetParam());
    const ForeignProgram program;
    put(program);
    has_tcx_ = !hook_->seats().front().filter;
    hook_->take_off(hook_->seats().front());
  }

  std::vector<std::uint32_t> order() const {
    std::vector<std::uint32_t> ids;
    for (const auto& seat : hook_->seats()) ids.push_back(seat.program_id);
    return ids;
  }
  std::vector<Seat> seats_of(const ForeignProgram& program) const {
    auto found = hook_->seats();
    std::erase_if(found, [&](const Seat& seat) { return seat.program_id != program.id(); });
    return found;
  }
  void put(const ForeignProgram& program, const std::vector<Seat>& in_place_of = {}) const {
    hook_->put_first(program.descriptor(), in_place_of);
  }
  void attach_filter(const ForeignProgram& program, std::uint32_t priority,
                     std::uint32_t handle) const {
    const auto place = GetParam() == Direction::ingress ? BPF_TC_INGRESS : BPF_TC_EGRESS;
    test::attach_as_filter(program.descriptor(), index_of(interface), place, priority, handle);
  }

 private:
  std::optional<test::OwnNamespace> namespace_;
  std::optional<Hook> hook_;

 protected:
  const Hook& hook() const { return *hook_; }
  bool has_tcx_ = false;
};

TEST_P(HookTest, HasNobodyAtFirst) {
  EXPECT_THAT(order(), IsEmpty());
  EXPECT_THAT(Hook("nowhere", GetParam()).seats(), IsEmpty());
}

TEST_P(HookTest, SeatsWhoeverIsPutThereUntilItIsTakenOff) {
  const ForeignProgram ours;
  put(ours);
  EXPECT_THAT(order(), ElementsAre(ours.id()));
  const auto seat = hook().seats().front();
  hook().take_off(seat);
  EXPECT_THAT(order(), IsEmpty());
  hook().take_off(seat);
  EXPECT_THAT(order(), IsEmpty());
}

TEST_P(HookTest, SeatsEachDirectionByItself) {
  const ForeignProgram ours;
  put(ours);
  const auto other = GetParam() == Direction::ingress ? Direction::egress : Direction::ingress;
  EXPECT_THAT(Hook(interface, other).seats(), IsEmpty());
}

TEST_P(HookTest, SeatsANewOneInThePlaceOfAFormer) {
  const ForeignProgram former, ours;
  put(former);
  put(ours, seats_of(former));
  EXPECT_THAT(order(), ElementsAre(ours.id()));
}

TEST_P(HookTest, LeavesOthersWhereTheyAre) {
  const ForeignProgram early, late, ours;
  attach_filter(early, 1, 7);
  attach_filter(late, 9, 7);
  put(ours);
  EXPECT_THAT(order(), ElementsAre(ours.id(), early.id(), late.id()));
  hook().take_off(seats_of(ours).front());
  EXPECT_THAT(order(), ElementsAre(early.id(), late.id()));
}

// Whoever came later has pushed in, and a start puts ours to the front again.
TEST_P(HookTest, ComesBeforeWhoeverHasPushedIn) {
  const ForeignProgram former, pushy, ours;
  put(former);
  if (has_tcx_) {
    put(pushy);
  } else {
    attach_filter(pushy, 1, 7);
  }
  EXPECT_EQ(order().front(), pushy.id());
  put(ours, seats_of(former));
  EXPECT_THAT(order(), ElementsAre(ours.id(), pushy.id()));
}

TEST_P(HookTest, ReplacesNobodyWhoHasTheSameNumber) {
  const ForeignProgram alike, ours;
  attach_filter(alike, 1, 0x6c73);
  put(ours);
  EXPECT_THAT(order(), ElementsAre(ours.id(), alike.id()));
}

// Without tcx nobody comes before a filter of another kind that has the first priority.
TEST_P(HookTest, SaysThatTheFirstPlaceIsTaken) {
  const auto direction = GetParam() == Direction::ingress ? "ingress" : "egress";
  run_program({"tc", "qdisc", "add", "dev", interface, "clsact"}, 30s);
  const auto added = run_program({"tc", "filter", "add", "dev", interface, direction, "prio", "1",
                                  "protocol", "ip", "bpf", "bytecode", "1,6 0 0 0,"},
                                 30s);
  ASSERT_EQ(added.exit_status, 0);
  const ForeignProgram ours;
  const auto outcome = test::outcome_of([&] { put(ours); });
  EXPECT_EQ(order(), has_tcx_ ? (std::vector{ours.id(), 0U}) : (std::vector{0U}));
  if (has_tcx_) {
    EXPECT_EQ(outcome, "no error");
  } else {
    EXPECT_THAT(outcome, test::Fails(ExitCode::generic_error, "has the first place at its"));
  }
}

TEST_P(HookTest, ComesBeforeFilters) {
  const ForeignProgram filter, ours, later;
  attach_filter(filter, 1, 7);
  put(ours);
  EXPECT_THAT(order(), ElementsAre(ours.id(), filter.id()));
  attach_filter(later, 2, 7);
  EXPECT_THAT(order(), ElementsAre(ours.id(), filter.id(), later.id()));
}

// A kernel that learnt tcx under a node that was upgraded in place has it at clsact still.
TEST_P(HookTest, SeatsAtTcxInThePlaceOfAFilter) {
  const ForeignProgram former, ours;
  attach_filter(former, 1, 0x6c73);
  put(ours, seats_of(former));
  EXPECT_THAT(order(), ElementsAre(ours.id()));
}

TEST_P(HookTest, TakesAnEmptyClsactWithIt) {
  const ForeignProgram filter, ours;
  attach_filter(filter, 1, 7);
  put(ours);
  hook().take_off(seats_of(filter).front());
  hook().take_off(seats_of(ours).front());
  bpf_tc_hook clsact{};
  clsact.sz = sizeof clsact;
  clsact.ifindex = index_of(interface);
  clsact.attach_point = GetParam() == Direction::ingress ? BPF_TC_INGRESS : BPF_TC_EGRESS;
  EXPECT_EQ(bpf_tc_hook_create(&clsact), 0) << "it was there still";
}

TEST_P(HookTest, SaysWhichInterfaceIsGone) {
  const ForeignProgram ours;
  const Hook nowhere("nowhere", GetParam());
  EXPECT_THAT(test::outcome_of([&] { nowhere.put_first(ours.descriptor(), {}); }),
              testing::HasSubstr("nowhere"));
  nowhere.take_off({ours.id(), std::nullopt});
}

INSTANTIATE_TEST_SUITE_P(Directions, HookTest,
                         testing::Values(Direction::ingress, Direction::egress),
                         [](const auto& chosen) {
                           return chosen.param == Direction::ingress ? "Ingress" : "Egress";
                         });

}  // namespace
}  // namespace loadshare::bpf
