// SPDX-License-Identifier: GPL-2.0-or-later
#include "manual.h"

#include <algorithm>
#include <stdexcept>

#include "commands/commands.h"
#include "loadshare/exit_code.h"

namespace loadshare::packaging {
namespace {

// A hyphen is to be copied into a shell, and a line may begin with what roff would obey.
std::string roff(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if ((c == '.' || c == '\'') && escaped.empty()) escaped += "\\&";
    if (c == '-') escaped += '\\';
    escaped += c;
    if (c == '\\') escaped += 'e';
  }
  return escaped;
}

std::string bold(const std::string& text) { return "\\fB" + roff(text) + "\\fR"; }
std::string italic(const std::string& text) { return "\\fI" + roff(text) + "\\fR"; }

std::string sentence(std::string text) {
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') {
    text[0] = static_cast<char>(text[0] - 'a' + 'A');
  }
  return text + (text.empty() || text.back() == '?' || text.back() == '.' ? "" : ".");
}

// What begins with a value must stay as it is to be written.
std::string sentence_of(const Option& option) {
  const std::string help = option.help;
  const auto first = help.substr(0, help.find_first_of(" ,"));
  const auto& values = option.choices;
  const bool is_value = std::find(values.begin(), values.end(), first) != values.end();
  return is_value ? help + "." : sentence(help);
}

std::string option_names(const Command& command) {
  std::string names;
  for (const auto& name : command.options) {
    names += (names.empty() ? "" : ",\n") + bold("--" + name);
  }
  return names;
}

// The name of the first command with the same options: a list is not told again.
std::string first_with_options_of(const Command& command) {
  const auto& all = commands::all();
  return std::find_if(all.begin(), all.end(),
                      [&](const Command& other) { return other.options == command.options; })
      ->name;
}

std::string options_of(const Command& command) {
  if (command.options.empty()) return "";
  const auto first = first_with_options_of(command);
  return first == command.name ? "Options:\n" + option_names(command) + ".\n"
                               : "Options: those of\n" + bold(first) + ".\n";
}

std::string commands() {
  std::string text;
  for (const auto& command : commands::all()) {
    text += ".TP\n" + bold(command.name);
    if (command.operands.most > 0) text += " " + italic(command.operands.shown);
    text += "\n" + roff(sentence(command.summary)) + "\n" + options_of(command);
  }
  return text;
}

bool is_taken(const Option& option) {
  return std::any_of(commands::all().begin(), commands::all().end(), [&](const Command& command) {
    return std::find(command.options.begin(), command.options.end(), option.name) !=
           command.options.end();
  });
}

std::string options() {
  std::string text;
  for (const auto& option : all_options()) {
    if (!is_taken(option)) continue;
    text += ".TP\n" + bold("--" + std::string(option.name));
    if (option.argument != nullptr) text += " " + italic(option.argument);
    text += "\n" + roff(sentence_of(option)) + "\n";
    if (option.parameter != nullptr && option.parameter != std::string(option.name)) {
      text += "[" + bold(option.parameter) + "]\n";
    }
  }
  return text;
}

std::string exit_status() {
  std::string text;
  for (const auto& [code, words] : exit_meanings()) {
    text += ".TP\n" + bold(std::to_string(static_cast<int>(code))) + "\n" + roff(sentence(words)) +
            "\n";
  }
  return text;
}

void replace_line(std::string& page, const std::string& line, const std::string& by) {
  const auto at = page.find("\n" + line + "\n");
  if (at == std::string::npos) throw std::invalid_argument("the page has no line " + line);
  page.replace(at + 1, line.size() + 1, by);
  if (page.find(line) != std::string::npos) throw std::invalid_argument(line + " comes twice");
}

}  // namespace

std::string manual(std::string page) {
  replace_line(page, "@COMMANDS@", commands());
  replace_line(page, "@OPTIONS@", options());
  replace_line(page, "@EXIT_STATUS@", exit_status());
  return page;
}

}  // namespace loadshare::packaging
