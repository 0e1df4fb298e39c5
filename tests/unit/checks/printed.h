// SPDX-License-Identifier: GPL-2.0-or-later
// A finding as it is printed, without colour.
#pragma once

#include <sstream>
#include <string>

#include "checks/finding.h"

namespace loadshare::checks {

inline std::string printed(const Finding& finding) {
  std::ostringstream text;
  print(text, finding, false);
  return text.str();
}

}  // namespace loadshare::checks
