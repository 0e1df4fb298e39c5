// SPDX-License-Identifier: GPL-2.0-or-later
// What conntrack must be able to do.
#include "checks/connections.h"

#include <gtest/gtest.h>

#include "builders.h"
#include "checks/printed.h"

namespace loadshare::checks {
namespace {

TEST(Conntrack, ThatIsNearlyFullIsAWarning) {
  EXPECT_EQ(printed(judge_conntrack(connections::Fill{235929, 262144})),
            "  ok    conntrack holds 235929 of 262144 connections\n");
  EXPECT_EQ(printed(judge_conntrack(connections::Fill{235930, 262144})),
            "  warn  conntrack holds 235930 of 262144 connections: when it is full, new ones\n"
            "        are dropped\n"
            "        → raise sysctl net.netfilter.nf_conntrack_max\n");
  EXPECT_EQ(judge_conntrack(connections::Fill{0xffffffff, 0xffffffff}).grade, Grade::warn);
}

TEST(Conntrack, CanBeWithoutALimit) {
  EXPECT_EQ(judge_conntrack(connections::Fill{7, 0}),
            ok("conntrack holds 7 connections, no limit"));
}

TEST(Conntrack, ThatTellsNothingCannotDrain) {
  EXPECT_EQ(printed(judge_conntrack(std::nullopt)),
            "  fail  this kernel does not tell its connections, which drain needs\n"
            "        → modprobe nf_conntrack_netlink, and have it loaded at boot\n");
}

}  // namespace
}  // namespace loadshare::checks
