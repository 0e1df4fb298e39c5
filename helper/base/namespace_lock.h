// SPDX-License-Identifier: GPL-2.0-or-later
// Locks of things that each network namespace has for itself.
#pragma once

#include <string>

#include "base/file_lock.h"

namespace loadshare {

/// Locks /run/loadshare/NAMESPACE-NAME.lock. The file stays: removing it would let two in.
FileLock lock_in_namespace(const std::string& name, LockMode mode,
                           std::chrono::seconds longest_wait);

}  // namespace loadshare
