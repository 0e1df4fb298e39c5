// SPDX-License-Identifier: GPL-2.0-or-later
// Text for a person: colour where a terminal shows it, columns that line up.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace loadshare::terminal {

enum class Look { plain, strong, dim, good, warning, bad };

/// Whether standard output shows colour: a terminal other than TERM=dumb, and NO_COLOR unset or
/// empty (no-color.org).
bool shows_colour();

/// The text with the escape sequences of its look around it; unchanged where `colour` is false.
std::string dressed(const std::string& text, Look look, bool colour);

/// Columns on the screen that the text takes: one for each UTF-8 character.
std::size_t width(const std::string& text);

struct Cell {
  std::string text;
  Look look = Look::plain;
  bool to_the_right = false;  ///< numbers

  Cell(std::string shown, Look how = Look::plain, bool right = false)
      : text(std::move(shown)), look(how), to_the_right(right) {}
  Cell(const char* shown) : text(shown) {}
};

/// What stands above a column.
Cell heading(const char* text, bool to_the_right = false);

/// A cell for a number.
Cell number(unsigned long long value);

/// Rows whose cells stand under each other, with two blanks between and none at the end.
class Columns {
 public:
  void add(std::vector<Cell> row) { rows_.push_back(std::move(row)); }
  void print(std::ostream& to, bool colour) const;

 private:
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace loadshare::terminal
