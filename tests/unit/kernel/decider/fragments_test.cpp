// SPDX-License-Identifier: GPL-2.0-or-later
// Later fragments bring no ports: they go where the first went.
#include "kernel/decider/reading.h"

namespace loadshare::decider {
namespace {

using test::ip;

class DeciderFragments : public DeciderTest, public testing::WithParamInterface<Pieces> {
 protected:
  bool passes(const Bytes& packet) { return node()->passes(frame_of(packet)); }

  void put(HashMode mode, bool all) {
    for (const auto& cluster : {cluster4, cluster6}) {
      node()->holdings().put(ip(cluster), a_filter_by(mode, 3), all ? all_of(3) : all_of(0));
    }
  }

  void SetUp() override {
    DeciderTest::SetUp();
    if (IsSkipped()) return;
    if (!node()) node().emplace();
    node()->forget_fragments();
  }
  static void TearDownTestSuite() { node().reset(); }

  static std::optional<Judge>& node() {
    static std::optional<Judge> judge;
    return judge;
  }
};

TEST_P(DeciderFragments, FollowTheFirst) {
  put(by_ports, true);
  for (const auto& piece : {GetParam().first, GetParam().second, GetParam().last}) {
    EXPECT_TRUE(passes(piece));
  }
  put(by_ports, false);
  for (const auto& piece : {GetParam().first, GetParam().second, GetParam().last}) {
    EXPECT_FALSE(passes(piece));
  }
}

// Never becomes a packet where the first is dropped.
TEST_P(DeciderFragments, ThatComeBeforeTheFirstPassOnEveryNode) {
  put(by_ports, false);
  EXPECT_TRUE(passes(GetParam().last));
  EXPECT_FALSE(passes(GetParam().first));
  EXPECT_FALSE(passes(GetParam().second));
}

TEST_P(DeciderFragments, AreToldFromThoseOfOtherPackets) {
  put(by_ports, false);
  EXPECT_FALSE(passes(GetParam().first));
  const bool is_ip4 = GetParam().first.front() >> 4 == 4;
  auto another = GetParam().last;
  another[is_ip4 ? 5U : 47U] ^= 1;  // the identification
  EXPECT_TRUE(passes(another));
  EXPECT_TRUE(passes(from(ip(is_ip4 ? "192.0.2.8" : "2001:db8::8"), GetParam().last)));
  EXPECT_FALSE(passes(GetParam().last));
}

// Longer than pieces are on their way, nothing is remembered of a first one.
TEST_P(DeciderFragments, AreNotThoseOfAFirstOfLongAgo) {
  put(by_ports, false);
  EXPECT_FALSE(passes(GetParam().first));
  node()->age_fragments();
  EXPECT_TRUE(passes(GetParam().last));
}

// The identification comes again.
TEST_P(DeciderFragments, OfALaterPacketFollowItsOwnFirst) {
  put(by_ports, false);
  EXPECT_FALSE(passes(GetParam().first));
  put(by_ports, true);
  EXPECT_TRUE(passes(GetParam().first));
  EXPECT_TRUE(passes(GetParam().last));
}

TEST_P(DeciderFragments, NeedNoFirstWhereOnlyTheAddressIsHashed) {
  put(by_source, false);
  EXPECT_FALSE(passes(GetParam().last));
  put(by_source, true);
  EXPECT_TRUE(passes(GetParam().last));
}

// RFC 6946: the only piece of a packet has nothing to do with the pieces of another.
TEST_P(DeciderFragments, AreNotThoseOfAnOnlyPieceOfTheSameNumber) {
  put(by_ports, false);
  EXPECT_FALSE(passes(ip6(IPPROTO_FRAGMENT, fragment6(0) + udp)));
  EXPECT_TRUE(passes(GetParam().last));
}

std::string name_of(const testing::TestParamInfo<Pieces>& chosen) {
  constexpr const char* names[] = {"Ip4", "Ip6", "Ip6WithOptions"};
  return names[chosen.index];
}

INSTANTIATE_TEST_SUITE_P(Families, DeciderFragments,
                         testing::Values(pieces4, pieces6, pieces6_with_options), name_of);

}  // namespace
}  // namespace loadshare::decider
