// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/words.h"

#include <cstdio>
#include <iterator>
#include <sstream>

namespace loadshare::words {

std::string counted(std::size_t number, const std::string& what) {
  return std::to_string(number) + " " + what + (number == 1 ? "" : "s");
}

std::string with_one_digit(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", value);
  return text;
}

std::string seconds(std::chrono::milliseconds time) {
  return std::to_string(std::chrono::ceil<std::chrono::seconds>(time).count()) + " s";
}

std::string listed(const std::set<unsigned>& buckets) {
  std::string text;
  for (const unsigned bucket : buckets) {
    if (!text.empty()) text += ",";
    text += std::to_string(bucket);
  }
  return text;
}

std::vector<std::string> split(const std::string& text) {
  std::istringstream words(text);
  return {std::istream_iterator<std::string>(words), {}};
}

}  // namespace loadshare::words
