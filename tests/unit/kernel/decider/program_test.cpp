// SPDX-License-Identifier: GPL-2.0-or-later
// The deciding program as it is found again at an interface: by its mark, and whether it is the
// very one and in its place.
#include "kernel/decider/program.h"

#include "foreign_program.h"
#include "kernel/decider/judge.h"
#include "own_namespace.h"

namespace loadshare::decider {
namespace {

using test::ForeignProgram;
using test::ip;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr char interface[] = "lo";

class DeciderProgram : public DeciderTest {
 protected:
  void SetUp() override {
    DeciderTest::SetUp();
    if (!IsSkipped()) namespace_.emplace();
  }

  static bpf::Hook ingress() { return {interface, bpf::Direction::ingress}; }

  /// Comes before ours, for it came later.
  static void push_in(const ForeignProgram& pushy) { ingress().put_first(pushy.descriptor(), {}); }

  /// As a start leaves it.
  static void attach_one() {
    Program program;
    program.holdings().put(ip(cluster4), a_filter_by(HashMode::source_ip, 3), {1});
    program.attach(ingress());
  }

 private:
  std::optional<test::OwnNamespace> namespace_;
};

TEST_F(DeciderProgram, IsNotFoundWhereThereIsNone) {
  EXPECT_FALSE(find(interface));
  EXPECT_FALSE(find("nowhere"));
  EXPECT_THAT(find_all(), IsEmpty());
}

// It goes on when whoever put it there is gone.
TEST_F(DeciderProgram, IsFoundAgainWithAllThatItHolds) {
  attach_one();
  const auto found = find(interface);
  ASSERT_TRUE(found && found->holdings);
  EXPECT_EQ(found->interface, interface);
  EXPECT_TRUE(found->is_first);
  EXPECT_TRUE(found->is_ours);
  EXPECT_EQ(found->seats.size(), 1u);
  EXPECT_THAT(found->faults(), IsEmpty());
  EXPECT_THAT(found->holdings->addresses(), ElementsAre(ip(cluster4)));
  EXPECT_THAT(found->holdings->state_of(ip(cluster4)).buckets, ElementsAre(1));
  EXPECT_EQ(find_all().size(), 1u);
}

TEST_F(DeciderProgram, IsGoneWithItsLastSeat) {
  attach_one();
  auto found = find(interface);
  for (const auto& seat : found->seats) found->ingress.take_off(seat);
  EXPECT_FALSE(find(interface));
}

// Anybody may use it.
TEST_F(DeciderProgram, IsNotKnownByItsName) {
  const ForeignProgram alike("loadshare_owner");
  ingress().put_first(alike.descriptor(), {});
  EXPECT_FALSE(find(interface));
  attach_one();
  EXPECT_EQ(find(interface)->seats.size(), 1u);
}

TEST_F(DeciderProgram, HasToBeTheFirst) {
  attach_one();
  const ForeignProgram pushy;
  push_in(pushy);
  const auto found = find(interface);
  ASSERT_TRUE(found);
  EXPECT_FALSE(found->is_first);
  EXPECT_TRUE(found->is_ours);
  EXPECT_THAT(found->faults(), ElementsAre(HasSubstr("is not the first at its ingress")));
}

TEST_F(DeciderProgram, TakesThePlaceOfAFormerOneWithAllThatThatHeld) {
  attach_one();
  const ForeignProgram pushy;
  push_in(pushy);
  const auto former = find(interface);
  Program program(former->holdings ? &*former->holdings : nullptr);
  program.attach(former->ingress, former->seats);
  const auto found = find(interface);
  ASSERT_TRUE(found && found->holdings);
  EXPECT_THAT(found->faults(), IsEmpty());
  EXPECT_EQ(found->seats.size(), 1u);
  EXPECT_THAT(found->holdings->state_of(ip(cluster4)).buckets, ElementsAre(1));
}

TEST_F(DeciderProgram, OfAnotherVersionIsLeftAsItIs) {
  const auto is_another = [](auto change) {
    attach_one();
    change(find(interface)->holdings->root());
    const auto found = find(interface);
    ASSERT_TRUE(found);
    EXPECT_FALSE(found->holdings);
    EXPECT_FALSE(found->is_ours);
    EXPECT_THAT(found->faults(), ElementsAre(HasSubstr("is another version's")));
    for (const auto& seat : found->seats) found->ingress.take_off(seat);
  };
  is_another([](decider_root& root) { root.mark[sizeof LOADSHARE_MARK - 2] = '9'; });
  is_another([](decider_root& root) { ++root.build; });
  is_another([](decider_root& root) { root.cells = root.addresses; });
  is_another([](decider_root& root) { root.strangers = 0xffffffff; });
}

TEST_F(DeciderProgram, WithoutItsMarkIsNobodys) {
  attach_one();
  find(interface)->holdings->root().mark[0] = 'x';
  EXPECT_FALSE(find(interface));
}

TEST_F(DeciderProgram, HasToBeTheVeryOneThatWasLoaded) {
  attach_one();
  find(interface)->holdings->root().program_tag[0] ^= 1;
  const auto found = find(interface);
  ASSERT_TRUE(found);
  EXPECT_FALSE(found->is_ours);
  EXPECT_THAT(found->faults(), ElementsAre(HasSubstr("is not the one that was put there")));
}

TEST_F(DeciderProgram, IsServedByThisKernel) {
  EXPECT_EQ(test::outcome_of(check_kernel), "no error");
}

}  // namespace
}  // namespace loadshare::decider
