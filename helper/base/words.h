// SPDX-License-Identifier: GPL-2.0-or-later
// Numbers as a person reads them.
#pragma once

#include <chrono>
#include <cstddef>
#include <set>
#include <string>

namespace loadshare::words {

/// "1 bucket", "2 buckets": only for words whose plural is so.
std::string counted(std::size_t number, const std::string& what);

/// "14 s", rounded up: what is not over is never 0.
std::string seconds(std::chrono::milliseconds time);

/// "1,2,5"
std::string listed(const std::set<unsigned>& buckets);

}  // namespace loadshare::words
