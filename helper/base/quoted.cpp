// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/quoted.h"

#include <algorithm>

namespace loadshare {

std::string quoted(const std::string& text) {
  constexpr std::size_t longest = 64;
  return "'" + printable(text.substr(0, longest)) + (text.size() > longest ? "…'" : "'");
}

std::string printable(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return text;
}

}  // namespace loadshare
