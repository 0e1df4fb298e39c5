// SPDX-License-Identifier: GPL-2.0-or-later
// Command-line values of the traffic tool.
#include "arguments.h"

#include <algorithm>
#include <charconv>
#include <sstream>
#include <stdexcept>

namespace traffic {

namespace po = boost::program_options;

namespace {

/// The last of several counts, so that a script can append to its defaults.
void keep_last(po::parsed_options& parsed, const po::options_description& described) {
  auto& options = parsed.options;
  for (auto option = options.begin(); option != options.end();) {
    const bool collects = described.find(option->string_key, true).semantic()->is_composing();
    const bool overruled =
        !collects && std::any_of(option + 1, options.end(), [&](const po::option& later) {
          return later.string_key == option->string_key;
        });
    option = overruled ? options.erase(option) : option + 1;
  }
}

}  // namespace

OptionReader::OptionReader(const std::string& usage) : described("usage: traffic " + usage) {
  described.add_options()("help", "print this");
}

po::variables_map OptionReader::read(const Arguments& arguments) const {
  po::variables_map values;
  auto parsed = po::command_line_parser(arguments).options(described).positional(positional).run();
  keep_last(parsed, described);
  po::store(parsed, values);
  if (values.count("help") != 0) {
    std::ostringstream text;
    text << described;
    throw HelpWanted{text.str()};
  }
  po::notify(values);
  return values;
}

IpAddress ip_address(const std::string& text) {
  if (const auto address = loadshare::parse_ip_address(text)) return *address;
  throw std::invalid_argument("\"" + text + "\" is not an IP address");
}

MacAddress mac_address(const std::string& text) {
  if (const auto mac = loadshare::parse_mac_address(text)) return *mac;
  throw std::invalid_argument("\"" + text + "\" is not a MAC address");
}

std::uint32_t number(const std::string& text, std::uint32_t most) {
  std::uint32_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error == std::errc{} && stop == end && value <= most) return value;
  throw std::invalid_argument("\"" + text + "\" is not a number up to " + std::to_string(most));
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == separator) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

}  // namespace traffic
