// SPDX-License-Identifier: GPL-2.0-or-later
// Command-line values of the traffic tool.
#pragma once

#include <boost/program_options.hpp>
#include <chrono>
#include <cstdint>
#include <string>

#include "commands.h"
#include "loadshare/addresses.h"

namespace traffic {

using loadshare::IpAddress;
using loadshare::MacAddress;

/// Thrown for --help: what to print before a successful end.
struct HelpWanted {
  std::string text;
};

/// A command's options; add to `described` (and `positional`), then read.
struct OptionReader {
  explicit OptionReader(const std::string& usage);

  /// Throws on an unknown option, a missing required one, or --help.
  boost::program_options::variables_map read(const Arguments& arguments) const;

  boost::program_options::options_description described;
  boost::program_options::positional_options_description positional;
};

/// The values' own readings; each throws std::invalid_argument with a line that quotes `text`.
IpAddress ip_address(const std::string& text);
MacAddress mac_address(const std::string& text);
/// A whole decimal number without sign, at most `most`.
std::uint32_t number(const std::string& text, std::uint32_t most);

/// The parts of `text` between separators; an empty text has one empty part.
std::vector<std::string> split(const std::string& text, char separator);

}  // namespace traffic
