// SPDX-License-Identifier: GPL-2.0-or-later
// What `loadshare status` says of a cluster address, for people and for machines. No kernel.
#pragma once

#include <iosfwd>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "loadshare/plan.h"

namespace loadshare::report {

struct AddressReport {
  IpAddress address;
  BackendChoice backend = BackendChoice::automatic;
  Observed observed;
  std::vector<std::string> differences;  ///< empty: healthy
};

/// As monitor compares it with what was asked: here with what the rule itself says it should be.
AddressReport report_on(const IpAddress& address, BackendChoice backend, const Observed& observed);

enum class Detail { overview, every_bucket };

/// Lines of at most 80 columns, unless a difference is longer.
void print(const AddressReport& report, Detail detail, std::ostream& to, bool colour);

/// The schema is docs/json.md.
nlohmann::ordered_json to_json(const AddressReport& report);

/// "1-3 5": neighbours of three and more as a range.
std::string in_short(const std::set<unsigned>& buckets);

}  // namespace loadshare::report
