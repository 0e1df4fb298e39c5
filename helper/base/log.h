// SPDX-License-Identifier: GPL-2.0-or-later
// A line in the system log.
#pragma once

#include <string>

namespace loadshare {

enum class Severity { warning = 4, information = 6 };  ///< RFC 5424, table 2

/// Never waits: syslog(3) does, for as long as the log's socket is full, and an operation of the
/// cluster must not hang for its log. Lines that nobody takes are lost; the next that gets through
/// is preceded by their number.
void log(Severity severity, const std::string& text);

}  // namespace loadshare
