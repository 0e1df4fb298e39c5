// SPDX-License-Identifier: GPL-2.0-or-later
#include "output/terminal.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <ostream>
#include <string_view>

namespace loadshare::terminal {
namespace {

constexpr char gap[] = "  ";

// Select Graphic Rendition, ECMA-48, 8.3.117.
const char* escape_of(Look look) {
  switch (look) {
    case Look::plain:
      return "";
    case Look::strong:
      return "\x1b[1m";
    case Look::dim:
      return "\x1b[2m";
    case Look::good:
      return "\x1b[32m";
    case Look::warning:
      return "\x1b[33m";
    case Look::bad:
      return "\x1b[31m";
  }
  return "";
}

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

std::vector<std::size_t> column_widths(const std::vector<std::vector<Cell>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t at = 0; at < row.size(); ++at) {
      widths[at] = std::max(widths[at], width(row[at].text));
    }
  }
  return widths;
}

}  // namespace

bool shows_colour() {
  return isatty(STDOUT_FILENO) == 1 && environment("NO_COLOR").empty() &&
         environment("TERM") != "dumb";
}

std::string dressed(const std::string& text, Look look, bool colour) {
  const std::string escape = escape_of(look);
  return colour && !escape.empty() ? escape + text + "\x1b[0m" : text;
}

std::size_t width(const std::string& text) {
  const auto starts_character = [](char c) { return (c & 0xc0) != 0x80; };
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), starts_character));
}

Cell heading(const char* text, bool to_the_right) { return {text, Look::dim, to_the_right}; }

Cell number(unsigned long long value) { return {std::to_string(value), Look::plain, true}; }

void Columns::print(std::ostream& to, bool colour) const {
  const auto widths = column_widths(rows_);
  for (const auto& row : rows_) {
    for (std::size_t at = 0; at < row.size(); ++at) {
      const auto& cell = row[at];
      const std::string blanks(widths[at] - width(cell.text), ' ');
      const bool last = at + 1 == row.size();
      to << (at > 0 ? gap : "") << (cell.to_the_right ? blanks : "")
         << dressed(cell.text, cell.look, colour) << (cell.to_the_right || last ? "" : blanks);
    }
    to << "\n";
  }
}

}  // namespace loadshare::terminal
