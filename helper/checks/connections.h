// SPDX-License-Identifier: GPL-2.0-or-later
// Whether conntrack can do what a drain needs.
#pragma once

#include <optional>

#include "checks/finding.h"
#include "kernel/connections/connections.h"

namespace loadshare::checks {

/// `conntrack` is nothing where the kernel does not tell its connections.
Finding judge_conntrack(const std::optional<connections::Fill>& conntrack);

}  // namespace loadshare::checks
