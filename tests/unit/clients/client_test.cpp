// SPDX-License-Identifier: GPL-2.0-or-later
// Clients as people and logs write them, and everything that is none.
#include "clients/client.h"

#include <random>
#include <sstream>

#include "builders.h"

namespace loadshare::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> understood(const std::string& word, int ip_version = 4) {
  Clients clients;
  add_clients(word, ip_version, clients);
  std::vector<std::string> texts;
  for (const auto& client : clients.all) texts.push_back(to_string(client));
  return texts;
}

std::string refusal(const std::string& word, int ip_version = 4) {
  return outcome_of([&] { understood(word, ip_version); });
}

Clients lines(const std::string& text, int ip_version = 4) {
  std::istringstream from(text);
  return read_clients(from, ip_version);
}

TEST(Client, IsAnAddressWithOrWithoutAPort) {
  EXPECT_THAT(understood("10.0.0.7"), ElementsAre("10.0.0.7"));
  EXPECT_THAT(understood("10.0.0.7:4000"), ElementsAre("10.0.0.7:4000"));
  EXPECT_THAT(understood("FD00:0::7", 6), ElementsAre("fd00::7"));
  EXPECT_THAT(understood("[fd00::7]", 6), ElementsAre("fd00::7"));
  EXPECT_THAT(understood("[fd00::7]:65535", 6), ElementsAre("[fd00::7]:65535"));
}

TEST(Client, MayBeWrittenAsIPv6WhereItIsIPv4) {
  EXPECT_THAT(understood("::ffff:10.0.0.7"), ElementsAre("10.0.0.7"));
  EXPECT_THAT(understood("[::ffff:10.0.0.7]:80"), ElementsAre("10.0.0.7:80"));
}

TEST(Client, IsEachOfARange) {
  EXPECT_THAT(understood("10.0.0.7/30"),
              ElementsAre("10.0.0.4", "10.0.0.5", "10.0.0.6", "10.0.0.7"));
  EXPECT_THAT(understood("10.0.0.7/32"), ElementsAre("10.0.0.7"));
  EXPECT_THAT(understood("fd00::ffff/127", 6), ElementsAre("fd00::fffe", "fd00::ffff"));
  const auto all = understood("10.9.0.0/16");
  ASSERT_EQ(all.size(), 65536u);
  EXPECT_EQ(all.front(), "10.9.0.0");
  EXPECT_EQ(all[256], "10.9.1.0");
  EXPECT_EQ(all.back(), "10.9.255.255");
  EXPECT_EQ(understood("fd00::/112", 6).size(), 65536u);
}

TEST(Client, IsRefusedInOnePrintableLine) {
  for (const std::string word : {"",
                                 ":",
                                 "a",
                                 "10.0.0",
                                 "10.0.0.256",
                                 "10.0.0.7:",
                                 "10.0.0.7:0",
                                 "10.0.0.7:65536",
                                 "10.0.0.7:-1",
                                 "10.0.0.7:80 ",
                                 "10.0.0.7:0x50",
                                 "10.0.0.0/",
                                 "10.0.0.0/33",
                                 "10.0.0.0/-1",
                                 "10.0.0.0/24/24",
                                 "10.0.0.0/24:80",
                                 "[10.0.0.7]:80",
                                 "[",
                                 "[]",
                                 "[fd00::7",
                                 "[fd00::7]80",
                                 "fd00::7:::",
                                 "\x1b[31m10.0.0.7",
                                 "10.0.0.7\n",
                                 "\xff"}) {
    const auto line = refusal(word);
    EXPECT_THAT(line, Fails(ExitCode::not_configured, "is no client")) << word;
    for (const char c : line) EXPECT_TRUE(c >= ' ' && c <= '~') << line;
  }
  EXPECT_THAT(refusal("[fd00::7]:", 6), Fails(ExitCode::not_configured, "is no client"));
  EXPECT_LT(refusal(std::string(100000, 'x')).size(), 200u);
  EXPECT_THAT(refusal(std::string("10.0.0.7\0", 9)), Fails(ExitCode::not_configured, ""));
}

TEST(Client, IsOfTheAddressesIpVersion) {
  EXPECT_THAT(refusal("fd00::7"), Fails(ExitCode::not_configured, "is IPv6"));
  EXPECT_THAT(refusal("10.0.0.7", 6), Fails(ExitCode::not_configured, "is IPv4"));
  EXPECT_THAT(refusal("10.0.0.0/24", 6), Fails(ExitCode::not_configured, "is IPv4"));
  EXPECT_THAT(refusal("::ffff:10.0.0.0/120"), Fails(ExitCode::not_configured, "is IPv6"));
}

TEST(Clients, AreBounded) {
  EXPECT_THAT(refusal("10.0.0.0/15"), Fails(ExitCode::not_configured, "/16"));
  EXPECT_THAT(refusal("0.0.0.0/0"), Fails(ExitCode::not_configured, "/16"));
  EXPECT_THAT(refusal("fd00::/111", 6), Fails(ExitCode::not_configured, "/112"));
  Clients clients;
  add_clients("10.0.0.0/16", 4, clients);
  EXPECT_THAT(outcome_of([&] { add_clients("10.1.0.0", 4, clients); }),
              Fails(ExitCode::not_configured, "65536"));
}

TEST(Clients, AreReadLineByLine) {
  const auto clients = lines("\n 10.0.0.7 \r\n\n\t10.0.0.8:80\n10.0.0.8:80");
  ASSERT_EQ(clients.all.size(), 3u) << "the same one twice counts twice";
  EXPECT_EQ(clients.all[1], clients.all[2]);
  EXPECT_FALSE(clients.by_range);
  EXPECT_TRUE(lines("10.0.0.0/30").by_range);
  EXPECT_TRUE(lines("").all.empty());
  EXPECT_TRUE(lines("\n\n \n").all.empty());
  EXPECT_THAT(outcome_of([] { lines("10.0.0.7\n\nbad\x07\n"); }),
              Fails(ExitCode::not_configured, "line 3: 'bad?' is no client"));
}

TEST(Clients, EndWhereTheInputDoesNot) {
  EXPECT_THAT(outcome_of([] { lines(std::string(2'000'000, '\n')); }),
              Fails(ExitCode::not_configured, "too many lines"));
  EXPECT_THAT(outcome_of([] { lines(std::string(2'000'000, 'x')); }),
              Fails(ExitCode::not_configured, "line 1: "));
  std::string many;
  for (unsigned i = 0; i <= most_clients; ++i) many += "10.0.0.7\n";
  EXPECT_THAT(outcome_of([&] { lines(many); }), Fails(ExitCode::not_configured, "line 65537: "));
}

TEST(Clients, SurviveAnyBytes) {
  std::mt19937 random(7);
  constexpr char letters[] = "0123456789.:[]/af\n \0\x1b\xff";
  std::uniform_int_distribution<std::size_t> letter(0, sizeof letters - 2);
  for (int round = 0; round < 20000; ++round) {
    std::string text;
    for (int i = 0; i < 12; ++i) text += letters[letter(random)];
    const auto line = outcome_of([&] { lines(text); });
    EXPECT_TRUE(line == "no error" || line.starts_with("6: line ")) << line;
  }
}

}  // namespace
}  // namespace loadshare::test
