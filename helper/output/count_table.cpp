// SPDX-License-Identifier: GPL-2.0-or-later
#include "output/count_table.h"

#include <algorithm>
#include <cmath>
#include <ostream>

#include "base/words.h"

namespace loadshare::terminal {
namespace {

constexpr std::size_t screen_width = 80;
constexpr std::size_t least_bar_width = 10;

}  // namespace

void CountTable::print(std::ostream& to, bool colour) const {
  Columns columns;
  auto row = headings_;
  row.push_back(heading("clients", true));
  row.push_back(heading("share", true));
  columns.add(row);
  for (const auto& count : counts_) {
    row = count.of;
    row.push_back({number(count.clients), Look::plain, true});
    row.push_back({words::with_one_digit(100 * share(count)) + "%", Look::plain, true});
    row.push_back(bar(share(count)));
    columns.add(row);
  }
  columns.print(to, colour);
}

std::string CountTable::number(double clients) const {
  return whole_numbers_ ? std::to_string(std::llround(clients)) : words::with_one_digit(clients);
}

std::size_t CountTable::bar_width() const {
  std::size_t taken = 2 * (headings_.size() + 2);
  for (std::size_t at = 0; at < headings_.size(); ++at) {
    auto widest = width(headings_[at].text);
    for (const auto& count : counts_) {
      widest = std::max(widest, width(count.of[at].text));
    }
    taken += widest;
  }
  taken += std::string("clients").size() + std::string("100.0%").size();
  return std::max(least_bar_width, taken < screen_width ? screen_width - taken : 0);
}

std::string CountTable::bar(double part) const {
  double longest = even_share_;
  for (const auto& count : counts_) longest = std::max(longest, share(count));
  const auto scale = static_cast<double>(bar_width()) / longest;
  std::string text(static_cast<std::size_t>(std::lround(part * scale)), '#');
  const auto mark = static_cast<std::size_t>(std::max(1L, std::lround(even_share_ * scale)));
  text.resize(std::max(text.size(), mark), ' ');
  text[mark - 1] = '|';
  return text;
}

}  // namespace loadshare::terminal
