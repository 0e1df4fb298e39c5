// SPDX-License-Identifier: GPL-2.0-or-later
// argv → what to do.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "loadshare/request.h"

namespace loadshare {

/// One call of the helper.
struct Invocation {
  Request request;
  bool dry_run = false;
  bool verbose = false;
  std::chrono::seconds lock_wait{10};  ///< below the agent's shortest advised timeout (20 s)
};

/// A word of the first argument, what it does, and how its options are read.
struct Command {
  const char* name;
  const char* summary;
  /// Stop reads only what names the bucket, so that no other bad value can make it fail.
  bool only_identity;
  /// Does the work and prints at most one line; throws Error.
  void (*run)(const Invocation&);
};

/// An option and the OCF parameter that the agent hands over in it.
struct Option {
  const char* name;
  const char* parameter;  ///< nullptr: not for the agent
  const char* argument;   ///< nullptr: a switch
  const char* help;
  bool names_bucket;  ///< stop reads it, too
  void (*store)(Invocation&, const std::string&);
};

/// The one list of options: usage, parsing and error messages follow it.
const std::vector<Option>& all_options();

/// Throws not_configured for a bad value ("PARAMETER: …") and bad_arguments for a bad option.
Invocation parse_options(const Command& command, const std::vector<std::string>& arguments);

/// What `loadshare --help` prints for these commands, 80 columns wide.
std::string usage(const std::vector<Command>& commands);

}  // namespace loadshare
