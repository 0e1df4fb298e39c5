// SPDX-License-Identifier: GPL-2.0-or-later
// Numbers as a person reads them, and texts of several words.
#pragma once

#include <chrono>
#include <cstddef>
#include <set>
#include <string>
#include <vector>

namespace loadshare::words {

/// "1 bucket", "2 buckets": only for words whose plural is so.
std::string counted(std::size_t number, const std::string& what);

/// "12.3"
std::string with_one_digit(double value);

/// "14 s", rounded up: what is not over is never 0.
std::string seconds(std::chrono::milliseconds time);

/// "1,2,5"
std::string listed(const std::set<unsigned>& buckets);

/// At blanks.
std::vector<std::string> split(const std::string& text);

}  // namespace loadshare::words
