// SPDX-License-Identifier: GPL-2.0-or-later
// Where locks are.
#pragma once

#include <filesystem>

namespace loadshare {

/// Not for what has to outlive the machine's next boot.
inline std::filesystem::path run_folder() { return "/run/loadshare"; }

}  // namespace loadshare
