// SPDX-License-Identifier: GPL-2.0-or-later
// check: will it work here?
#include <algorithm>
#include <iostream>

#include "base/words.h"
#include "checks/checks.h"
#include "commands/commands.h"
#include "commands/steps.h"
#include "loadshare/error.h"
#include "output/terminal.h"

namespace loadshare::commands {
namespace {

using checks::Findings;
using checks::Grade;
using checks::Place;

/// What a check needs to know before it can run.
enum class Needs { nothing, interface, address };

struct Check {
  Needs needs;
  Findings (*run)(const Place&);
};

const Check all_checks[] = {
    {Needs::nothing, [](const Place&) { return checks::privileges(); }},
    {Needs::nothing, [](const Place&) { return checks::kernel_parts(); }},
    {Needs::interface, checks::interface},
    {Needs::interface, checks::settings},
    {Needs::interface, checks::programs},
    {Needs::address, checks::this_node},
    {Needs::nothing, checks::sockets},
    {Needs::address, checks::resources},
    {Needs::address, checks::other_hosts},
    {Needs::nothing, [](const Place& place) { return checks::trial(place.request, start); }},
};

bool has_address(const Place& place) { return place.request.address != IpAddress{}; }

bool knows(const Place& place, Needs needs) {
  switch (needs) {
    case Needs::nothing:
      return true;
    case Needs::interface:
      return !place.interface.empty();
    case Needs::address:
      return has_address(place);
  }
  return false;
}

Place find_place(const Request& request) {
  Place place{request, {}, "", {}};
  if (!has_address(place) && !request.interface) return place;
  place.observed = Kernel(request, {}).observe(request);
  if (request.interface) place.interface = *request.interface;
  if (place.observed.interface) place.interface = place.observed.interface->name;
  if (!has_address(place)) return place;
  try {
    place.target = resolve(request, place.observed);
    place.interface = place.target->filter.interface;
  } catch (const Error&) {
    // this_node tells it, in the words of start
  }
  return place;
}

// A check that cannot be made says so and keeps no other from being made.
Findings run(const Check& one, const Place& place) {
  try {
    return one.run(place);
  } catch (const Error& error) {
    return {checks::fail(error.what())};
  }
}

}  // namespace

void check(const Invocation& call) {
  enter_namespace(call);
  auto request = call.request;
  request.notify = true;  // whether the clone has it is for Pacemaker to tell
  const auto place = find_place(request);
  if (has_address(place)) loadshare::check(request);
  const bool colour = terminal::shows_colour();
  std::size_t failures = 0, warnings = 0;
  for (const auto& one : all_checks) {
    if (!knows(place, one.needs)) continue;
    for (const auto& finding : run(one, place)) {
      checks::print(std::cout, finding, colour);
      if (finding.grade == Grade::fail) ++failures;
      if (finding.grade == Grade::warn) ++warnings;
    }
    std::cout << std::flush;
  }
  if (failures > 0) {
    throw Error(ExitCode::generic_error,
                "it will not work here: " + words::counted(failures, "failure") + ", " +
                    words::counted(warnings, "warning"));
  }
  std::cout << "it will work here" << (warnings > 0 ? ", but mind the warnings" : "") << "\n";
}

}  // namespace loadshare::commands
