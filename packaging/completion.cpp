// SPDX-License-Identifier: GPL-2.0-or-later
#include "completion.h"

#include <map>

#include "commands/commands.h"

namespace loadshare::packaging {
namespace {

// Names and values are words of letters, digits and hyphens: nothing here needs quoting in bash.
std::string list(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

std::string offer(const std::string& words) {
  return "mapfile -t COMPREPLY < <(compgen -W " + words + " -- \"$cur\")";
}

// The words that bash offers after the option; nothing for what only the user can know.
std::string values(const Option& option) {
  const std::string argument = option.argument;
  if (!option.choices.empty()) return list(option.choices);
  if (argument == "BOOL") return "true false";
  if (argument == "INTERFACE") return "$(ls /sys/class/net)";
  if (argument == "NAMESPACE") return "$(ls /run/netns 2>/dev/null)";
  return "";
}

// "    --one | --two)\n"
std::string case_of(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "    --" : " | --") + name;
  return text + ")\n";
}

// One case for each list of values, and a last one for all that cannot be completed.
std::string value_cases() {
  std::map<std::string, std::vector<std::string>> options_with;
  for (const auto& option : all_options()) {
    if (option.argument != nullptr) options_with[values(option)].emplace_back(option.name);
  }
  std::string text;
  for (const auto& [words, names] : options_with) {
    text += case_of(names);
    if (!words.empty()) text += "      " + offer('"' + words + '"') + "\n";
    text += "      return ;;\n";
  }
  return text;
}

std::string command_names() {
  std::vector<std::string> names;
  for (const auto& command : commands::all()) names.emplace_back(command.name);
  return list(names);
}

// A value follows in the same word, so that it is clear that one is needed.
std::string option_words(const Command& command) {
  std::vector<std::string> words{"--help"};
  for (const auto& name : command.options) {
    for (const auto& option : all_options()) {
      if (option.name == name) words.push_back("--" + name + (option.argument ? "=" : ""));
    }
  }
  return list(words);
}

std::string option_cases() {
  std::string text;
  for (const auto& command : commands::all()) {
    text += "    " + std::string(command.name) + ") offered=\"" + option_words(command) + "\" ;;\n";
  }
  return text;
}

}  // namespace

std::string completion() {
  return R"(# bash completion for loadshare(8), made from its tables of commands and options
# shellcheck shell=bash

_loadshare() {
  # shellcheck disable=SC2034 # _init_completion sets them all
  local cur prev words cword split offered
  _init_completion -s || return
  case $prev in
)" + value_cases() +
         R"(  esac
  $split && return
  if [ "$cword" -eq 1 ]; then
    )" + offer('"' + command_names() + " --help --version\"") +
         R"(
    return
  fi
  case ${words[1]} in
)" + option_cases() +
         R"(    *) return ;;
  esac
  )" + offer("\"$offered\"") +
         R"(
  # A value follows in the same word.
  [[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace
}
complete -F _loadshare loadshare
)";
}

}  // namespace loadshare::packaging
