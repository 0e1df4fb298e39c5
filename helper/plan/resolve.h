// SPDX-License-Identifier: GPL-2.0-or-later
// What only a start asks of the node besides what the request becomes on it.
#pragma once

#include <optional>
#include <string>

#include "loadshare/plan.h"

namespace loadshare {

/// Why the interface can carry no cluster address as it is, in words; nothing where it can.
std::optional<std::string> unfit(const Interface& link);

/// Throws where the target's interface cannot carry a cluster address, now or ever.
void check_interface(const Target& target, const Observed& observed);

}  // namespace loadshare
