// SPDX-License-Identifier: GPL-2.0-or-later
// The usage says it all, in 80 columns.
#include <gtest/gtest.h>

#include <sstream>

#include "builders.h"
#include "commands/commands.h"
#include "request/options.h"

namespace loadshare::test {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Usage, NamesEveryCommand) {
  const auto text = usage(commands::all());
  for (const auto& command : commands::all()) {
    EXPECT_THAT(text, HasSubstr("\n  " + std::string(command.name) + " "));
    EXPECT_THAT(text, HasSubstr(command.operands.shown));
    EXPECT_THAT(text, HasSubstr(command.summary));
  }
}

TEST(Usage, OfACommandNamesItsOptions) {
  for (const auto& command : commands::all()) {
    const auto text = usage(command);
    for (const auto& option : all_options()) {
      const auto argument = option.argument == nullptr ? "" : " " + std::string(option.argument);
      const auto shown = HasSubstr("  --" + std::string(option.name) + argument + " ");
      const auto& names = command.options;
      if (std::find(names.begin(), names.end(), option.name) == names.end()) {
        EXPECT_THAT(text, Not(shown)) << command.name;
        continue;
      }
      EXPECT_THAT(text, shown) << command.name;
      if (option.parameter != nullptr && option.parameter != std::string(option.name)) {
        EXPECT_THAT(text, HasSubstr("[" + std::string(option.parameter) + "]"));
      }
    }
  }
}

std::vector<std::string> all_usages() {
  std::vector<std::string> texts{usage(commands::all())};
  for (const auto& command : commands::all()) texts.push_back(usage(command));
  return texts;
}

TEST(Usage, NamesEveryExitCode) {
  for (const auto& text : all_usages()) {
    for (const char* code : {"0 ", "1 ", "2 ", "4 ", "5 ", "6 ", "7 "}) {
      EXPECT_THAT(text, HasSubstr(code));
    }
  }
}

TEST(Usage, FitsEightyColumns) {
  for (const auto& text : all_usages()) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80u) << line;
  }
}

}  // namespace
}  // namespace loadshare::test
