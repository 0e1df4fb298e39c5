// SPDX-License-Identifier: GPL-2.0-or-later
// The deciding program as it is found again at an interface: by its mark, and whether it is the
// very one and in its place.
#include "kernel/decider/program.h"

#include "foreign_program.h"
#include "kernel/decider/judge.h"
#include "nameless_program.h"
#include "own_namespace.h"

extern "C" const char loadshare_decider_object[];
extern "C" const char loadshare_decider_object_end[];

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
  EXPECT_THAT(found->before, IsEmpty());
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
  EXPECT_EQ(found->before.size(), 1u);
  EXPECT_TRUE(found->is_ours);
  EXPECT_THAT(found->faults(),
              ElementsAre(HasSubstr("is not the first at its ingress: foreign (program " +
                                    std::to_string(pushy.id()) + ") comes before it")));
}

TEST_F(DeciderProgram, KnowsWhatItsInterfaceWasCalled) {
  attach_one();
  find(interface)->holdings->note_interface("eth0");
  EXPECT_THAT(find(interface)->faults(), ElementsAre("interface eth0 is called lo now"));
}

// libbpf's probing of the kernel can fail, and then it gives no names.
TEST_F(DeciderProgram, IsFoundWithoutAName) {
  Program program;
  program.holdings().put(ip(cluster4), a_filter_by(HashMode::source_ip, 3), {1});
  const auto& files = program.holdings().files();
  const test::NamelessProgram nameless(loadshare_decider_object, loadshare_decider_object_end,
                                       "loadshare_owner", [&](bpf_object& prepared) {
                                         bpf::reuse(prepared, "root", files.root);
                                         bpf::reuse(prepared, "addresses", files.addresses);
                                         bpf::reuse(prepared, "cells", files.cells);
                                         bpf::reuse(prepared, "counts", files.counts);
                                         bpf::reuse(prepared, "strangers", files.strangers);
                                       });
  program.holdings().note_interface(interface);
  ingress().put_first(nameless.descriptor(), {});
  const auto found = find(interface);
  ASSERT_TRUE(found && found->holdings);
  EXPECT_EQ(bpf::inspect(found->seats.front().program_id)->name, "");
  EXPECT_THAT(found->faults(), IsEmpty());
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
