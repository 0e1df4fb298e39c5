// SPDX-License-Identifier: GPL-2.0-or-later
// Completion for bash.
#pragma once

#include <string>

namespace loadshare::packaging {

/// A file for bash-completion: commands, the options that each takes, and their values where these
/// are few or the machine knows them.
std::string completion();

}  // namespace loadshare::packaging
