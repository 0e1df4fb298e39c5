// SPDX-License-Identifier: GPL-2.0-or-later
// Which of the node's own addresses tells interface and netmask of the cluster address.
#include "kernel/link/address.h"

#include <gtest/gtest.h>

#include "builders.h"

namespace loadshare::test {
namespace {

using link::connected_network;
using link::NodeAddress;

const IpAddress vip = ip("10.0.0.100");

NodeAddress own(const std::string& address, const std::string& interface, unsigned prefix_length) {
  return {ip(address), {interface, prefix_length}, ip("10.0.0.255")};
}

// "INTERFACE/PREFIX", or "none".
std::string found(const std::vector<NodeAddress>& addresses,
                  const std::optional<std::string>& interface = {},
                  const std::optional<unsigned>& longest_prefix = {}) {
  const auto network = connected_network(addresses, vip, interface, longest_prefix);
  return network ? network->interface + "/" + std::to_string(network->prefix_length) : "none";
}

TEST(ConnectedNetwork, IsThatOfAnAddressInTheSameNetwork) {
  const auto network = connected_network({own("127.0.0.1", "lo", 8), own("10.0.0.1", "eth0", 24)},
                                         vip, std::nullopt, std::nullopt);
  ASSERT_TRUE(network);
  EXPECT_EQ(network->interface, "eth0");
  EXPECT_EQ(network->prefix_length, 24u);
  EXPECT_EQ(network->broadcast, ip("10.0.0.255"));
}

TEST(ConnectedNetwork, IsNoneWithoutSuchAnAddress) {
  EXPECT_EQ(found({}), "none");
  EXPECT_EQ(found({own("10.0.1.1", "eth0", 24), own("127.0.0.1", "lo", 8)}), "none");
}

TEST(ConnectedNetwork, IsNeverTheClusterAddressItself) {
  EXPECT_EQ(found({own("10.0.0.100", "eth0", 24)}), "none");
  EXPECT_EQ(found({own("10.0.0.100", "eth0", 32), own("10.0.0.1", "eth1", 24)}), "eth1/24");
}

TEST(ConnectedNetwork, IsTheLongestOneThatFits) {
  EXPECT_EQ(found({own("10.0.9.1", "eth0", 16), own("10.0.0.1", "eth1", 24)}), "eth1/24");
  EXPECT_EQ(found({own("10.0.0.1", "eth1", 24), own("10.0.9.1", "eth0", 16)}), "eth1/24");
}

TEST(ConnectedNetwork, IsTheFirstOfEquals) {
  EXPECT_EQ(found({own("10.0.0.1", "eth0", 24), own("10.0.0.2", "eth1", 24)}), "eth0/24");
}

TEST(ConnectedNetwork, StaysOnTheInterfaceAskedFor) {
  const std::vector<NodeAddress> node{own("10.0.0.1", "eth0", 24), own("10.0.9.1", "eth1", 16)};
  EXPECT_EQ(found(node, "eth1"), "eth1/16");
  EXPECT_EQ(found(node, "eth2"), "none");
}

TEST(ConnectedNetwork, IsNotLongerThanThePrefixAskedFor) {
  const std::vector<NodeAddress> node{own("10.0.0.1", "eth0", 24), own("10.0.9.1", "eth1", 16)};
  EXPECT_EQ(found(node, std::nullopt, 24), "eth0/24");
  EXPECT_EQ(found(node, std::nullopt, 23), "eth1/16");
  EXPECT_EQ(found(node, std::nullopt, 8), "none");
}

TEST(ConnectedNetwork, IgnoresTheOtherIpVersion) {
  EXPECT_EQ(found({own("2001:db8::1", "eth0", 1)}), "none");
}

}  // namespace
}  // namespace loadshare::test
