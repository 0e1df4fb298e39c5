// SPDX-License-Identifier: GPL-2.0-or-later
// A filter as the deciding program knows it.
#pragma once

#include "kernel/decider/tables.h"
#include "loadshare/plan.h"

namespace loadshare::decider {

/// False for numbers that parameters_for never gives.
bool are_ours(const decider_address& parameters);

decider_address parameters_for(const Filter& filter, std::uint32_t first_cell);

/// The interface is for whoever knows it to fill in.
Filter filter_of(const decider_address& parameters);

}  // namespace loadshare::decider
