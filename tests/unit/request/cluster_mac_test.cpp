// SPDX-License-Identifier: GPL-2.0-or-later
// The MAC that IPaddr2 would derive. Digests come from
//   printf '%s\n' "10.0.0.100 24 10.0.0.255" | md5sum
#include "request/cluster_mac.h"

#include <gtest/gtest.h>

#include "builders.h"

namespace loadshare::test {
namespace {

std::string derived(const std::string& address, unsigned prefix_length,
                    const std::string& broadcast) {
  return to_string(derive_cluster_mac(ip(address), prefix_length, broadcast));
}

TEST(ClusterMac, HasOneForAnEvenSecondDigit) {
  // 8a488f5339b3…, 5807cbf90dfe…
  EXPECT_EQ(derived("10.0.0.100", 24, "10.0.0.255"), "81:48:8f:53:39:b3");
  EXPECT_EQ(derived("192.168.1.5", 24, "192.168.1.255"), "51:07:cb:f9:0d:fe");
}

TEST(ClusterMac, KeepsAnOddSecondDigit) {
  // 2f5a6a562455…, ef1a7f306d20…, ad1cdd66aa03…
  EXPECT_EQ(derived("10.0.0.1", 24, "10.0.0.255"), "2f:5a:6a:56:24:55");
  EXPECT_EQ(derived("10.0.0.101", 24, "10.0.0.255"), "ef:1a:7f:30:6d:20");
  EXPECT_EQ(derived("10.0.0.102", 24, "10.0.0.255"), "ad:1c:dd:66:aa:03");
}

TEST(ClusterMac, LeavesAnEmptyBroadcastAndItsBlankOut) {
  // "10.0.0.100 24\n": e24de654fb5a…
  EXPECT_EQ(derived("10.0.0.100", 24, ""), "e1:4d:e6:54:fb:5a");
}

TEST(ClusterMac, TakesTheBroadcastAsItWasWritten) {
  // "192.168.1.5 16 +\n": fd28c4a74a3a…, "172.16.0.9 32 -\n": 6aa8788089f8…
  EXPECT_EQ(derived("192.168.1.5", 16, "+"), "fd:28:c4:a7:4a:3a");
  EXPECT_EQ(derived("172.16.0.9", 32, "-"), "61:a8:78:80:89:f8");
}

TEST(ClusterMac, WritesAnIpv6AddressInItsOneSpelling) {
  // "2001:db8::1 64\n": d29813cdb3ad…
  EXPECT_EQ(derived("2001:0DB8:0:0::1", 64, ""), "d1:98:13:cd:b3:ad");
}

TEST(ClusterMac, IsAlwaysMulticast) {
  auto address = ip("10.0.0.0");
  for (unsigned last = 0; last < 256; ++last) {
    address.bytes[3] = static_cast<std::uint8_t>(last);
    EXPECT_TRUE(derive_cluster_mac(address, 24, "10.0.0.255").is_multicast()) << last;
  }
}

}  // namespace
}  // namespace loadshare::test
