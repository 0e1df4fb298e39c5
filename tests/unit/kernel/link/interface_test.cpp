// SPDX-License-Identifier: GPL-2.0-or-later
// The list of joined multicast MACs, as /proc/net/dev_mcast has it.
#include "kernel/link/interface.h"

#include <gtest/gtest.h>

#include "builders.h"

namespace loadshare::test {
namespace {

using link::parse_joined;
using testing::ElementsAre;
using testing::IsEmpty;

// Taken from a Debian 6.1 machine.
constexpr char dev_mcast[] =
    "2    eth0            1     0     01005e000001\n"
    "2    eth0            2     0     333300000001\n"
    "2    eth0            1     1     01005e000114\n"
    "3    eth1            1     0     01005e000001\n"
    "22   a-very-long-nam 1     0     01005e000199\n";

TEST(ParseJoined, FindsTheMacsOfOneInterface) {
  EXPECT_THAT(parse_joined(dev_mcast, 2),
              ElementsAre(mac("01:00:5e:00:00:01"), cluster_mac, mac("33:33:00:00:00:01")));
  EXPECT_THAT(parse_joined(dev_mcast, 3), ElementsAre(mac("01:00:5e:00:00:01")));
  EXPECT_THAT(parse_joined(dev_mcast, 22), ElementsAre(other_mac));
}

TEST(ParseJoined, FindsNothingForAnInterfaceThatIsNotListed) {
  EXPECT_THAT(parse_joined(dev_mcast, 1), IsEmpty());
  EXPECT_THAT(parse_joined(dev_mcast, 222), IsEmpty());
  EXPECT_THAT(parse_joined("", 2), IsEmpty());
}

TEST(ParseJoined, ReadsALastLineWithoutItsEnd) {
  EXPECT_THAT(parse_joined("2 eth0 1 0 01005e000114", 2), ElementsAre(cluster_mac));
}

TEST(ParseJoined, PassesOverLinesThatAreNone) {
  for (const std::string line :
       {"\n", "2\n", "2 eth0\n", "2 eth0 1 0\n", "two eth0 1 0 01005e000114\n",
        "2 eth0 one 0 01005e000114\n", "2 eth0 1 0 01005e00011\n", "2 eth0 1 0 01005e0001144\n",
        "2 eth0 1 0 01005e00011g\n", "2 eth0 1 0 01:00:5e:00:01:14\n", "2 eth0 1 0 01:05e000114\n",
        "99999999999 eth0 1 0 01005e000114\n",
        // 20 octets, as InfiniBand has them
        "2 eth0 1 0 00ffffffff12401b0000000000000000ffffffff\n"}) {
    EXPECT_THAT(parse_joined(line, 2), IsEmpty()) << line;
    EXPECT_THAT(parse_joined(line + dev_mcast, 3), ElementsAre(mac("01:00:5e:00:00:01"))) << line;
  }
}

TEST(ParseJoined, IsNotFooledByAnInterfaceNamedLikeANumber) {
  EXPECT_THAT(parse_joined("3 2 1 0 01005e000114\n", 2), IsEmpty());
  EXPECT_THAT(parse_joined("3 2 1 0 01005e000114\n", 3), ElementsAre(cluster_mac));
}

}  // namespace
}  // namespace loadshare::test
