// SPDX-License-Identifier: GPL-2.0-or-later
// The one catch and the one exit.
#include <algorithm>
#include <csignal>
#include <iostream>

#include "commands/commands.h"
#include "loadshare/error.h"

namespace loadshare {
namespace {

bool asks_for_help(const std::string& word) {
  return word == "help" || word == "--help" || word == "-h";
}

// A full device, or a pipe that nobody reads any more.
void check_output() {
  if (!std::cout.flush())
    throw Error(ExitCode::generic_error, "standard output: cannot be written");
}

void run(const std::vector<std::string>& words) {
  const auto name = words.empty() ? "" : words.front();
  if (asks_for_help(name)) {
    std::cout << usage(commands::all());
    check_output();
    return;
  }
  if (name == "--version") {
    std::cout << "loadshare " LOADSHARE_VERSION "\n";
    check_output();
    return;
  }
  const auto command = std::find_if(commands::all().begin(), commands::all().end(),
                                    [&](const Command& row) { return name == row.name; });
  if (command == commands::all().end()) {
    throw Error(ExitCode::unimplemented, "no such command: try loadshare --help");
  }
  if (words.size() == 2 && asks_for_help(words[1])) {
    std::cout << usage(*command);
    check_output();
    return;
  }
  const auto call = parse_options(*command, {words.begin() + 1, words.end()});
  command->run(call);
  // What was asked of the kernel is done, whoever may hear of it; an answer that nobody got is
  // none.
  if (command->reading == Reading::as_given || call.dry_run) check_output();
}

}  // namespace
}  // namespace loadshare

int main(int argc, char** argv) {
  using loadshare::ExitCode;
  signal(SIGPIPE, SIG_IGN);  // or a start would end half-way, with whoever reads what it says
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
