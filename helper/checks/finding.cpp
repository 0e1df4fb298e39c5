// SPDX-License-Identifier: GPL-2.0-or-later
#include "checks/finding.h"

#include <ostream>
#include <sstream>

#include "output/terminal.h"

namespace loadshare::checks {
namespace {

using terminal::Look;

constexpr std::size_t screen_width = 80;
constexpr char margin[] = "        ";

struct GradeWord {
  const char* padded;
  Look look;
};
GradeWord word_for(Grade grade) {
  switch (grade) {
    case Grade::ok:
      return {"  ok    ", Look::good};
    case Grade::warn:
      return {"  warn  ", Look::warning};
    case Grade::fail:
      break;
  }
  return {"  fail  ", Look::bad};
}

// At blanks alone; a word that is too long stays whole.
std::vector<std::string> wrapped(const std::string& text, std::size_t most) {
  std::vector<std::string> lines{""};
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    auto& line = lines.back();
    if (line.empty()) {
      line = word;
    } else if (terminal::width(line) + 1 + terminal::width(word) <= most) {
      line += " " + word;
    } else {
      lines.push_back(word);
    }
  }
  return lines;
}

}  // namespace

void print(std::ostream& to, const Finding& finding, bool colour) {
  const auto [padded, look] = word_for(finding.grade);
  auto start = terminal::dressed(padded, look, colour);
  for (const auto& line : wrapped(finding.text, screen_width - sizeof margin + 1)) {
    to << start << line << "\n";
    start = margin;
  }
  if (finding.advice.empty()) return;
  start = std::string(margin) + "→ ";
  for (const auto& line : wrapped(finding.advice, screen_width - sizeof margin - 1)) {
    to << start << line << "\n";
    start = std::string(margin) + "  ";
  }
}

}  // namespace loadshare::checks
