// SPDX-License-Identifier: GPL-2.0-or-later
// Programs as filters of a clsact qdisc: the place where Linux before 6.6 has them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kernel/bpf/seat.h"

namespace loadshare::bpf::clsact {

/// In the order in which frames meet them; those of other chains are behind.
std::vector<Seat> filters(int interface, Direction direction);

/// The first place there is. Returns the error number, 0 for success.
int put_first(int interface, Direction direction, int program);

/// Why nothing of ours can have that place, in words that follow "INTERFACE: "; nothing where it
/// can. It is for whoever put it there to change.
std::optional<std::string> obstacle(int interface, Direction direction);

/// Succeeds where it is gone. A clsact qdisc that is empty then goes, too. Throws kernel_error.
void take_off(int interface, const FilterPlace& place);

}  // namespace loadshare::bpf::clsact
