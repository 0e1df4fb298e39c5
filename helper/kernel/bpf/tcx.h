// SPDX-License-Identifier: GPL-2.0-or-later
// Programs at tcx (Linux 6.6), whatever version libbpf has.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "kernel/bpf/seat.h"

namespace loadshare::bpf::tcx {

/// Their ids in the order in which frames meet them, empty where the interface is gone; nothing
/// where the kernel has no tcx. Throws kernel_error.
std::optional<std::vector<std::uint32_t>> programs(int interface, Direction direction);

/// Before all others. Returns the error number, 0 for success.
int put_first(int interface, Direction direction, int program);

/// Succeeds where it is gone. Throws kernel_error.
void take_off(int interface, Direction direction, std::uint32_t program_id);

}  // namespace loadshare::bpf::tcx
