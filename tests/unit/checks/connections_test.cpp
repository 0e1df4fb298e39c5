// SPDX-License-Identifier: GPL-2.0-or-later
// What a drain needs of the kernel.
#include "checks/connections.h"

#include <gtest/gtest.h>

#include "builders.h"
#include "checks/printed.h"

namespace loadshare::checks {
namespace {

TEST(Sockets, AreNeededForADrain) {
  EXPECT_EQ(printed(judge_sockets(true)),
            "  ok    the kernel tells its TCP sockets, whose connections drain keeps\n");
  EXPECT_EQ(printed(judge_sockets(false)),
            "  fail  this kernel does not tell its TCP sockets, which drain needs\n"
            "        → modprobe tcp_diag, and have it loaded at boot\n");
}

}  // namespace
}  // namespace loadshare::checks
