// SPDX-License-Identifier: GPL-2.0-or-later
// What --help prints.
#include <algorithm>
#include <sstream>

#include "loadshare/exit_code.h"
#include "request/described.h"

namespace loadshare {
namespace {

namespace po = boost::program_options;

constexpr std::size_t line_width = 79;
constexpr std::size_t summary_column = 37;

std::string explained(const Option& option) {
  if (option.parameter == nullptr || std::string(option.parameter) == option.name) {
    return option.help;
  }
  return std::string(option.help) + " [" + option.parameter + "]";
}

bool takes(const Command& command, const Option& option) {
  const auto& names = command.options;
  return std::find(names.begin(), names.end(), option.name) != names.end();
}

std::string exit_status_in_words() {
  std::string text = "\nThe exit status is the OCF code:";
  std::size_t line_begins = 1;
  const auto meanings = exit_meanings();
  for (const auto& [code, words] : meanings) {
    const auto entry = std::to_string(static_cast<int>(code)) + " " + words +
                       (&words == &meanings.back().words ? "." : ",");
    const bool fits = text.size() - line_begins + 1 + entry.size() <= line_width;
    text += fits ? " " : "\n";
    if (!fits) line_begins = text.size();
    text += entry;
  }
  return text + "\n";
}

std::string row(const Command& command) {
  std::string line = "  " + std::string(command.name);
  if (command.operands.most > 0) line += " " + std::string(command.operands.shown);
  line.resize(std::max(line.size() + 1, summary_column), ' ');
  return line + command.summary + "\n";
}

}  // namespace

po::options_description described(const Command& command) {
  po::options_description description("Options, with the agent's parameter in brackets");
  for (const auto& option : all_options()) {
    if (!takes(command, option)) continue;
    const auto help = explained(option);
    if (option.argument == nullptr) {
      description.add_options()(option.name, help.c_str());
    } else {
      auto* argument = po::value<std::string>()->value_name(option.argument);
      description.add_options()(option.name, argument, help.c_str());
    }
  }
  return description;
}

std::string usage(const std::vector<Command>& commands) {
  std::string text =
      "loadshare: a load-sharing cluster address, bucket by bucket\n\n"
      "Usage: loadshare COMMAND [OPTION...]\n\n";
  for (const auto& command : commands) text += row(command);
  return text +
         "\nOptions of a command: loadshare COMMAND --help\nWhich loadshare it is: loadshare "
         "--version\n" +
         exit_status_in_words();
}

std::string usage(const Command& command) {
  std::ostringstream text;
  text << "Usage: loadshare " << command.name << " " << command.operands.shown
       << (command.operands.most > 0 ? " " : "") << "[OPTION...]\n"
       << command.summary << "\n\n"
       << command.details << (*command.details != '\0' ? "\n" : "") << described(command)
       << exit_status_in_words();
  return text.str();
}

}  // namespace loadshare
