// SPDX-License-Identifier: GPL-2.0-or-later
// What need not be waited for.
#pragma once

#include <functional>

namespace loadshare {

/// Does `work` in a process of its own and returns at once. That process keeps `file` open and no
/// other: neither our locks nor the pipes that Pacemaker reads to their end. What `work` throws
/// ends it; there is nobody left to tell. Throws kernel_error where there can be no more processes.
void in_background(int file, const std::function<void()>& work);

/// The same with no file at all.
void in_background(const std::function<void()>& work);

}  // namespace loadshare
