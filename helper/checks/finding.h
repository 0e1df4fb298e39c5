// SPDX-License-Identifier: GPL-2.0-or-later
// What a check has found, in words for a person.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace loadshare::checks {

enum class Grade {
  ok,
  warn,  ///< may work, but look at it
  fail,  ///< will not work
};

struct Finding {
  Grade grade = Grade::ok;
  std::string text;
  std::string advice;  ///< what to do; may be empty

  bool operator==(const Finding&) const = default;
};
using Findings = std::vector<Finding>;

inline Finding ok(std::string text) { return {Grade::ok, std::move(text), ""}; }
inline Finding warn(std::string text, std::string advice) {
  return {Grade::warn, std::move(text), std::move(advice)};
}
inline Finding fail(std::string text, std::string advice = "") {
  return {Grade::fail, std::move(text), std::move(advice)};
}

/// "  warn  TEXT" and "        → ADVICE", wrapped at 80 columns.
void print(std::ostream& to, const Finding& finding, bool colour);

}  // namespace loadshare::checks
