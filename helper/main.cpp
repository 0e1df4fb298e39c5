// SPDX-License-Identifier: GPL-2.0-or-later
// The one catch and the one exit.
#include <algorithm>
#include <iostream>

#include "commands/commands.h"
#include "loadshare/error.h"

namespace loadshare {
namespace {

bool asks_for_help(const std::string& word) {
  return word == "help" || word == "--help" || word == "-h";
}

void run(const std::vector<std::string>& words) {
  const auto name = words.empty() ? "" : words.front();
  if (asks_for_help(name)) {
    std::cout << usage(commands::all());
    return;
  }
  if (name == "--version") {
    std::cout << "loadshare " LOADSHARE_VERSION "\n";
    return;
  }
  const auto command = std::find_if(commands::all().begin(), commands::all().end(),
                                    [&](const Command& row) { return name == row.name; });
  if (command == commands::all().end()) {
    throw Error(ExitCode::unimplemented, "no such command: try loadshare --help");
  }
  if (words.size() == 2 && asks_for_help(words[1])) {
    std::cout << usage(*command);
    return;
  }
  command->run(parse_options(*command, {words.begin() + 1, words.end()}));
}

}  // namespace
}  // namespace loadshare

int main(int argc, char** argv) {
  using loadshare::ExitCode;
  ExitCode code = ExitCode::success;
  try {
    loadshare::run({argv + 1, argv + argc});
  } catch (const loadshare::Error& error) {
    std::cerr << error.what() << "\n";
    code = error.code();
  } catch (const std::exception& error) {
    std::cerr << "unexpected: " << error.what() << "\n";
    code = ExitCode::generic_error;
  }
  return static_cast<int>(code);
}
