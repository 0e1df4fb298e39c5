// SPDX-License-Identifier: GPL-2.0-or-later
// Foreign words in our own lines.
#pragma once

#include <string>

namespace loadshare {

/// What is quoted ends up in logs and in crm_mon: one line of at most 64 characters, in quotation
/// marks, and nothing that a terminal would obey.
std::string quoted(const std::string& text);

/// The same without marks and limit.
std::string printable(std::string text);

}  // namespace loadshare
