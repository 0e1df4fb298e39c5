// SPDX-License-Identifier: GPL-2.0-or-later
// Lines for routers and switches: the address, the MAC as each writes it, and nothing unfilled that
// is known.
#include "output/switch_config.h"

#include <gtest/gtest.h>

#include <sstream>

#include "builders.h"

namespace loadshare::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

SwitchEntry an_entry(const std::string& address = "10.0.0.100") {
  return {.address = ip(address),
          .mac = mac("03:aa:bb:cc:dd:ee"),
          .origin = "as given",
          .vlan = 20,
          .prefix_length = 24};
}

std::string lines(const std::string& name, const SwitchEntry& entry) {
  for (const auto& language : switch_languages()) {
    if (to_string(language.vendor) == name) return switch_config(language, entry);
  }
  return "no such vendor";
}

TEST(SwitchConfig, HasWhatEachRouterNeedsForIpv4) {
  EXPECT_THAT(lines("ios", an_entry()), HasSubstr("\narp 10.0.0.100 03aa.bbcc.ddee arpa\n"));
  EXPECT_THAT(lines("nxos", an_entry()),
              HasSubstr("\ninterface Vlan20\n  ip arp 10.0.0.100 03aa.bbcc.ddee\n"));
  EXPECT_THAT(lines("junos", an_entry()),
              HasSubstr("\nedit interfaces irb unit 20 family inet address ROUTER/24\n"
                        "set arp 10.0.0.100 multicast-mac 03:aa:bb:cc:dd:ee\ntop\n"));
  EXPECT_THAT(lines("eos", an_entry()), HasSubstr("\narp 10.0.0.100 03aa.bbcc.ddee arpa\n"));
}

TEST(SwitchConfig, HasNeighbourEntriesForIpv6) {
  auto entry = an_entry("2001:DB8:0::100");
  entry.prefix_length = 64;
  EXPECT_THAT(lines("ios", entry),
              HasSubstr("\nipv6 neighbor 2001:db8::100 Vlan20 03aa.bbcc.ddee\n"));
  EXPECT_THAT(lines("nxos", entry), HasSubstr("\n  ipv6 neighbor 2001:db8::100 03aa.bbcc.ddee\n"));
  EXPECT_THAT(lines("junos", entry),
              HasSubstr("\nedit interfaces irb unit 20 family inet6 address ROUTER/64\n"
                        "set ndp 2001:db8::100 multicast-mac 03:aa:bb:cc:dd:ee\ntop\n"));
  EXPECT_THAT(lines("eos", entry),
              HasSubstr("\nipv6 neighbor 2001:db8::100 Vlan20 03aa.bbcc.ddee\n"));
  for (const auto* router : {"ios", "nxos", "junos", "eos"}) {
    EXPECT_THAT(lines(router, entry), Not(testing::ContainsRegex("(^|[ \n])(set |ip )?arp ")))
        << router;
  }
}

TEST(SwitchConfig, NamesTheVlanOfTheSwitches) {
  for (const auto* name : {"ios", "eos"}) {
    EXPECT_THAT(lines(name, an_entry()),
                HasSubstr("\nmac address-table static 03aa.bbcc.ddee vlan 20 interface PORT"));
  }
}

TEST(SwitchConfig, LeavesAWordInCapitalsForWhatIsUnknown) {
  auto entry = an_entry();
  entry.vlan = std::nullopt;
  entry.prefix_length = std::nullopt;
  EXPECT_THAT(lines("ios", entry), HasSubstr(" vlan VLAN interface PORT"));
  EXPECT_THAT(lines("nxos", entry), HasSubstr("\ninterface ROUTER_INTERFACE\n"));
  EXPECT_THAT(lines("junos", entry), HasSubstr(" unit VLAN family inet address ROUTER/LENGTH\n"));
  EXPECT_THAT(switch_config(entry), Not(HasSubstr("in VLAN")));
}

TEST(SwitchConfig, WarnsOfAMacThatSnoopingSwitchesTakeForAGroup) {
  auto entry = an_entry();
  EXPECT_THAT(switch_config(entry), Not(HasSubstr("is one of IP multicast")));
  for (const auto* text : {"01:00:5e:00:01:14", "33:33:00:00:00:01"}) {
    entry.mac = mac(text);
    EXPECT_THAT(switch_config(entry), HasSubstr("is one of IP multicast")) << text;
  }
  entry.mac = mac("01:00:5e:80:01:14");
  EXPECT_THAT(switch_config(entry), Not(HasSubstr("is one of IP multicast")));
}

TEST(SwitchConfig, ForAllHasABlockOfEachVendor) {
  const auto all = switch_config(an_entry());
  for (const auto& language : switch_languages()) {
    EXPECT_THAT(all,
                AllOf(HasSubstr(std::string(language.comment) + "---- " + language.title + "\n"),
                      HasSubstr(language.lines(an_entry()))));
  }
}

TEST(SwitchConfig, FitsEightyColumns) {
  auto entry = an_entry();
  entry.vlan = 4094;
  entry.mac = mac("33:33:00:00:00:01");
  for (const auto* address : {"203.113.113.113", "2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff"}) {
    entry.address = ip(address);
    std::istringstream text(switch_config(entry));
    for (std::string line; std::getline(text, line);) EXPECT_LE(line.size(), 80u) << line;
  }
}

// Whatever is pasted as a whole must be read as a whole: comments are comments there.
TEST(SwitchConfig, OfOneVendorIsInItsLanguageAlone) {
  for (const auto& language : switch_languages()) {
    const std::string foreign = language.comment[0] == '!' ? "\n#" : "\n!";
    EXPECT_THAT("\n" + switch_config(language, an_entry()), Not(HasSubstr(foreign)))
        << language.title;
  }
}

}  // namespace
}  // namespace loadshare::test
