// SPDX-License-Identifier: GPL-2.0-or-later
// Work that goes on when the command has answered.
#pragma once

#include <functional>

namespace loadshare {

/// Runs `work` in a process of its own, which outlives this one and has none of its files: neither
/// its locks nor the pipes that Pacemaker reads to their end. What `work` throws is lost. Throws
/// kernel_error where there can be no process.
void in_background(const std::function<void()>& work);

}  // namespace loadshare
