// SPDX-License-Identifier: GPL-2.0-or-later
// The words of a command line → the request, and what else the call asks for.
#include "base/quoted.h"
#include "loadshare/error.h"
#include "request/described.h"

namespace loadshare {
namespace {

namespace po = boost::program_options;

// The parameter's name for somebody who configures the agent, the option's for the shell.
std::string shown_name(const Option& option) {
  const std::string name = option.name;
  if (option.parameter == nullptr) return "--" + name;
  return option.parameter == name ? name : std::string(option.parameter) + " (--" + name + ")";
}

void store(const Option& option, const std::string& text, Invocation& invocation) {
  try {
    option.store(invocation, text);
  } catch (const Error& error) {
    throw error.within(shown_name(option));
  }
}

/// The words sorted into options and operands.
struct Given {
  po::variables_map options;
  std::vector<std::string> operands;
};

Given parse_words(const Command& command, const std::vector<std::string>& words) {
  try {
    namespace style = po::command_line_style;
    // No guessing from abbreviations: a typing error must not become another option.
    const auto strict = style::unix_style & ~style::allow_guessing;
    const auto known = described(command);
    const po::positional_options_description no_names;
    auto parser = po::command_line_parser(words).options(known).style(strict);
    if (command.operands.most == 0) parser.positional(no_names);
    const auto parsed = parser.run();
    Given given;
    po::store(parsed, given.options);
    given.operands = po::collect_unrecognized(parsed.options, po::include_positional);
    return given;
  } catch (const po::error& error) {
    throw Error(ExitCode::bad_arguments, printable(error.what()));
  }
}

void check_operands(const Command& command, const std::vector<std::string>& operands) {
  const auto& wanted = command.operands;
  if (operands.size() >= wanted.least && operands.size() <= wanted.most) return;
  throw Error(ExitCode::bad_arguments, "usage: loadshare " + std::string(command.name) + " " +
                                           wanted.shown + " [OPTION...]");
}

void check_identity(const po::variables_map& given) {
  if (given.count("bucket") != 0 && given.count("clone") != 0) {
    throw Error(ExitCode::bad_arguments, "--bucket and --clone exclude each other");
  }
}

void read(const Option& option, const std::string& text, Reading reading, Invocation& invocation) {
  const bool only_identity = reading == Reading::only_identity;
  if (only_identity && !option.names_bucket) return;
  try {
    store(option, text, invocation);
    invocation.given.insert(option.name);
  } catch (const Error& error) {
    if (!only_identity) throw;
    invocation.unusable.emplace(option.name, error.what());
  }
}

void check_address(Reading reading, Invocation& invocation) {
  if (invocation.given.contains("ip") || invocation.unusable.contains("ip")) return;
  if (reading == Reading::whole_request) throw Error(ExitCode::not_configured, "ip: missing");
  invocation.unusable.emplace("ip", "ip: missing");
}

}  // namespace

Invocation parse_options(const Command& command, const std::vector<std::string>& arguments) {
  const auto given = parse_words(command, arguments);
  if (command.reading != Reading::as_given) check_identity(given.options);
  check_operands(command, given.operands);
  Invocation invocation;
  invocation.operands = given.operands;
  for (const auto& option : all_options()) {
    const auto found = given.options.find(option.name);
    if (found == given.options.end()) continue;
    const auto text = option.argument == nullptr ? "" : found->second.as<std::string>();
    read(option, text, command.reading, invocation);
  }
  if (command.reading != Reading::as_given) check_address(command.reading, invocation);
  if (command.reading == Reading::whole_request) check(invocation.request);
  return invocation;
}

}  // namespace loadshare
