// SPDX-License-Identifier: GPL-2.0-or-later
// The commands of the traffic tool.
#pragma once

#include <string>
#include <vector>

namespace traffic {

using Arguments = std::vector<std::string>;  ///< those behind the command's name

/// Each runs one command to its end and returns the exit status: 0 when all was as it should be,
/// 1 when the traffic shows otherwise. Throws when the question could not be asked at all.
int serve(const Arguments& arguments);
int ask(const Arguments& arguments);
int converse(const Arguments& arguments);
int knock(const Arguments& arguments);
int observe(const Arguments& arguments);
int identity(const Arguments& arguments);
int watch_arp(const Arguments& arguments);
int arp_storm(const Arguments& arguments);
int flood(const Arguments& arguments);
int decider_program(const Arguments& arguments);
int tcx(const Arguments& arguments);
int claim(const Arguments& arguments);

}  // namespace traffic
