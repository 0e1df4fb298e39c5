// SPDX-License-Identifier: GPL-2.0-or-later
// What is left to do when buckets no longer move.
#pragma once

#include "request/options.h"

namespace loadshare::commands {

/// Leaves a process behind that waits until no bucket of the address moves, and then removes what
/// the kernel does not remove by itself: rules, and with the last bucket everything. A second one
/// stands by, in case somebody kills the first; more than two there never are. Without them all
/// ends just as silent, and the next call that finds it leaves others. A dry run leaves none.
void settle_later(const Invocation& call);

}  // namespace loadshare::commands
