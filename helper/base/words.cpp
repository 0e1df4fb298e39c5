// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/words.h"

namespace loadshare::words {

std::string counted(std::size_t number, const std::string& what) {
  return std::to_string(number) + " " + what + (number == 1 ? "" : "s");
}

std::string seconds(std::chrono::milliseconds time) {
  return std::to_string(std::chrono::ceil<std::chrono::seconds>(time).count()) + " s";
}

std::string listed(const std::set<unsigned>& buckets) {
  std::string text;
  for (const unsigned bucket : buckets) text += (text.empty() ? "" : ",") + std::to_string(bucket);
  return text;
}

}  // namespace loadshare::words
