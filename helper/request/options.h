// SPDX-License-Identifier: GPL-2.0-or-later
// argv → what to do.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "loadshare/request.h"

namespace loadshare {

/// Whose packets, how many and how long.
struct WatchOptions {
  std::optional<Network> clients;
  unsigned lines_per_second = 20;  ///< what a person can follow
  unsigned seconds = 0;            ///< 0: until it is ended
  unsigned packets = 0;            ///< 0: any number
};

/// One call of the helper.
struct Invocation {
  Request request;
  bool dry_run = false;
  bool verbose = false;
  /// For each of the at most three locks of a call; together below the agent's shortest advised
  /// timeout (20 s).
  std::chrono::seconds lock_wait{5};
  bool json = false;
  std::optional<unsigned> vlan;
  std::optional<SwitchVendor> vendor;
  std::optional<std::uint16_t> dest_port;
  std::optional<unsigned> nodes;  ///< that are planned, at most most_nodes
  bool each = false;
  std::set<std::string> given;  ///< the names of the options that were there
  /// With Reading::only_identity: options whose values cannot be used, and why.
  std::map<std::string, std::string> unusable;
  WatchOptions watch;
  std::vector<std::string> operands;  ///< as written; each command reads its own
};

/// How much of the options a command looks at.
enum class Reading {
  whole_request,  ///< --ip is needed, and all values have to fit together
  only_identity,  ///< only what names the bucket is read, and what of it is bad is noted:
                  ///< no parameter may make a stop fail
  as_given,       ///< nothing is needed
};

/// The words of a command that belong to no option.
struct Operands {
  const char* shown = "";  ///< in the usage, after the command
  unsigned least = 0;
  unsigned most = 0;
};
constexpr unsigned any_number_of_operands = ~0U;

/// A word of the first argument, what it does, and how its options are read.
struct Command {
  const char* name;
  Operands operands;
  const char* summary;
  std::vector<std::string> options;  ///< by name, from all_options()
  Reading reading;
  /// Does the work and prints its answer; throws Error.
  void (*run)(const Invocation&);
  const char* details = "";  ///< lines for its --help
};

/// Reads an option's value, "" for a switch; throws Error.
using Store = std::function<void(Invocation&, const std::string&)>;

/// An option and the OCF parameter that the agent hands over in it.
struct Option {
  const char* name;
  const char* parameter;  ///< nullptr: not for the agent
  const char* argument;   ///< nullptr: a switch
  const char* help;
  Store store;
  bool names_bucket = false;           ///< read with Reading::only_identity, too
  std::vector<std::string> choices{};  ///< all values there are; empty: too many to list
};

/// The one list of options: usage, parsing and error messages follow it.
const std::vector<Option>& all_options();

/// Throws not_configured for a bad value ("PARAMETER: …") and bad_arguments for a bad option.
Invocation parse_options(const Command& command, const std::vector<std::string>& arguments);

/// What `loadshare --help` prints for these commands, and `loadshare COMMAND --help` for one; 80
/// columns wide.
std::string usage(const std::vector<Command>& commands);
std::string usage(const Command& command);

}  // namespace loadshare
