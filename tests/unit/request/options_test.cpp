// SPDX-License-Identifier: GPL-2.0-or-later
// The tables of options and commands, and what the agent hands over.
#include "request/options.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "builders.h"
#include "commands/commands.h"

namespace loadshare::test {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Options, HaveUniqueNamesAndParameters) {
  std::set<std::string> names, parameters;
  for (const auto& option : all_options()) {
    EXPECT_TRUE(names.insert(option.name).second) << option.name;
    if (option.parameter == nullptr) continue;
    EXPECT_TRUE(parameters.insert(option.parameter).second) << option.parameter;
  }
}

TEST(Options, AreHandedOverByTheAgent) {
  std::ostringstream text;
  text << std::ifstream(AGENT).rdbuf();
  ASSERT_THAT(text.str(), HasSubstr("OCF_RESKEY_ip")) << AGENT;
  EXPECT_THAT(text.str(), HasSubstr("\"--resource=${OCF_RESOURCE_INSTANCE%:*}\""));
  for (const auto& option : all_options()) {
    if (option.name == std::string("resource")) continue;  // of the environment, no parameter
    if (option.parameter == nullptr) {
      EXPECT_THAT(text.str(), Not(HasSubstr("\"--" + std::string(option.name) + "=")));
    } else {
      EXPECT_THAT(text.str(), HasSubstr("\"--" + std::string(option.name) + "=$OCF_RESKEY_" +
                                        option.parameter + "\""));
    }
  }
}

TEST(Commands, HaveUniqueNamesAndKnownOptions) {
  std::set<std::string> names, known, used;
  for (const auto& option : all_options()) known.insert(option.name);
  for (const auto& command : commands::all()) {
    EXPECT_TRUE(names.insert(command.name).second) << command.name;
    for (const auto& name : command.options) {
      EXPECT_TRUE(known.contains(name)) << command.name << " --" << name;
      used.insert(name);
    }
  }
}

}  // namespace
}  // namespace loadshare::test
