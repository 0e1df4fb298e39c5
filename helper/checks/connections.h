// SPDX-License-Identifier: GPL-2.0-or-later
// Whether this node can tell which connections a drain has to keep.
#pragma once

#include "checks/finding.h"

namespace loadshare::checks {

/// `told` is whether the kernel tells its TCP sockets.
Finding judge_sockets(bool told);

}  // namespace loadshare::checks
