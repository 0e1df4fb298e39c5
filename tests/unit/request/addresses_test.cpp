// SPDX-License-Identifier: GPL-2.0-or-later
// IP and MAC addresses: spellings, bad input, networks.
#include "loadshare/addresses.h"

#include <gtest/gtest.h>

#include "builders.h"

namespace loadshare::test {
namespace {

TEST(IpAddresses, ReadADottedQuad) {
  const auto address = ip("192.0.2.7");
  EXPECT_EQ(address.version, 4);
  EXPECT_EQ(address.bits(), 32u);
  EXPECT_THAT(address.octets(), testing::ElementsAre(192, 0, 2, 7));
}

TEST(IpAddresses, ReadEverySpellingOfOneIpv6AddressAsTheSameValue) {
  const auto address = ip("2001:db8::1");
  EXPECT_EQ(address.version, 6);
  EXPECT_EQ(address.octets().size(), 16u);
  for (const char* spelling :
       {"2001:DB8::1", "2001:0db8:0:0:0:0:0:1", "2001:db8:0::0:1", "2001:db8::0.0.0.1"}) {
    EXPECT_EQ(parse_ip_address(spelling), address) << spelling;
  }
}

TEST(IpAddresses, AreWrittenInTheOneCanonicalSpelling) {
  const struct {
    const char* read;
    const char* written;
  } rows[] = {
      {"10.0.0.100", "10.0.0.100"},
      {"255.255.255.255", "255.255.255.255"},
      {"2001:0DB8:0:0:0:0:0:1", "2001:db8::1"},
      {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
      {"0:0:0:0:0:0:0:0", "::"},
      {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
  };
  for (const auto& row : rows) EXPECT_EQ(to_string(ip(row.read)), row.written);
}

TEST(IpAddresses, RefuseEverythingElse) {
  for (const std::string text : {"",
                                 " ",
                                 "10.0.0",
                                 "10.0.0.0.1",
                                 "10.0.0.256",
                                 "10.0.0.-1",
                                 "010.0.0.1",
                                 "0x0a.0.0.1",
                                 "10.0.0.1 ",
                                 " 10.0.0.1",
                                 "10.0.0.1\n",
                                 "10.0.0.1/24",
                                 "10,0,0,1",
                                 "167772161",
                                 "localhost",
                                 ":",
                                 ":::",
                                 "1::2::3",
                                 "2001:db8::12345",
                                 "2001:db8::g",
                                 "fe80::1%eth0",
                                 "[2001:db8::1]",
                                 "1:2:3:4:5:6:7",
                                 "1:2:3:4:5:6:7:8:9",
                                 "::10.0.0.256",
                                 "١٠.٠.٠.١"}) {
    EXPECT_EQ(parse_ip_address(text), std::nullopt) << "'" << text << "'";
  }
  EXPECT_EQ(parse_ip_address(std::string(100'000, '1')), std::nullopt);
}

TEST(IpAddresses, OfDifferentVersionsAreNeverEqual) { EXPECT_NE(ip("0.0.0.0"), ip("::")); }

TEST(SameNetwork, ComparesTheFirstBitsAndNoOther) {
  const struct {
    const char *one, *other;
    unsigned prefix_length;
    bool same;
  } rows[] = {
      {"10.0.0.1", "10.0.0.254", 24, true},
      {"10.0.0.1", "10.0.1.1", 24, false},
      {"10.0.0.1", "10.0.1.1", 23, true},
      {"10.0.0.127", "10.0.0.128", 25, false},
      {"10.0.0.128", "10.0.0.255", 25, true},
      {"10.0.0.4", "10.0.0.7", 30, true},
      {"10.0.0.7", "10.0.0.8", 30, false},
      {"10.0.0.6", "10.0.0.7", 31, true},
      {"10.0.0.6", "10.0.0.7", 32, false},
      {"10.0.0.6", "10.0.0.6", 32, true},
      {"1.2.3.4", "200.100.50.25", 0, true},
      {"127.0.0.1", "128.0.0.1", 1, false},
      {"2001:db8::1", "2001:db8::ffff", 64, true},
      {"2001:db8::1", "2001:db8:0:1::1", 64, false},
      {"2001:db8::", "2001:db8:0:1::", 63, true},
      {"::1", "::2", 0, true},
      {"::6", "::7", 127, true},
      {"::6", "::7", 128, false},
      {"::7", "::7", 128, true},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(same_network(ip(row.one), ip(row.other), row.prefix_length), row.same)
        << row.one << " " << row.other << " /" << row.prefix_length;
    EXPECT_EQ(same_network(ip(row.other), ip(row.one), row.prefix_length), row.same)
        << row.other << " " << row.one << " /" << row.prefix_length;
  }
}

TEST(SameNetwork, NeverHoldsBothVersions) {
  EXPECT_FALSE(same_network(ip("0.0.0.0"), ip("::"), 0));
}

TEST(MacAddresses, AreReadInBothCasesAndWrittenInLowerCase) {
  EXPECT_EQ(to_string(mac("01:00:5E:7f:Ab:0f")), "01:00:5e:7f:ab:0f");
  EXPECT_EQ(mac("01:00:5E:00:01:14"), mac("01:00:5e:00:01:14"));
}

TEST(MacAddresses, RefuseEverythingElse) {
  for (const std::string text :
       {"", "01:00:5e:00:01", "01:00:5e:00:01:14:15", "01:00:5e:zz:00:01", "1:0:5e:0:1:14",
        "01-00-5e-00-01-14", "01005e000114", "0100.5e00.0114", "01:00:5e:00:01:1g",
        "01:00:5e:00:01:1 ", " 1:00:5e:00:01:14", "01:00:5e:00:01:-1", "01:00:5e:00:01:+1",
        "01:00:5e:00:0x:14", "01:00:5e:00:01:14\n", "01:00:5e:00:01:14 ", "01:00:5e:00:01;14",
        "01::0:5e:00:01:14"}) {
    EXPECT_EQ(parse_mac_address(text), std::nullopt) << "'" << text << "'";
  }
}

TEST(MacAddresses, AreMulticastWhenTheFirstOctetIsOdd) {
  EXPECT_TRUE(mac("01:00:00:00:00:00").is_multicast());
  EXPECT_TRUE(mac("ff:ff:ff:ff:ff:ff").is_multicast());
  EXPECT_FALSE(mac("00:01:01:01:01:01").is_multicast());
  EXPECT_FALSE(mac("fe:ff:ff:ff:ff:ff").is_multicast());
}

}  // namespace
}  // namespace loadshare::test
