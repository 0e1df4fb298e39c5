// SPDX-License-Identifier: GPL-2.0-or-later
// The manual page loadshare(8).
#pragma once

#include <string>

namespace loadshare::packaging {

/// The page's own text (roff, man macros) with the lines `@COMMANDS@`, `@OPTIONS@` and
/// `@EXIT_STATUS@` replaced by what the tables say. Throws std::invalid_argument where one of them
/// is not there once.
std::string manual(std::string page);

}  // namespace loadshare::packaging
