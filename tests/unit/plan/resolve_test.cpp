// SPDX-License-Identifier: GPL-2.0-or-later
// What the request becomes on a node: interface, netmask, broadcast, MAC.
#include <gtest/gtest.h>

#include "builders.h"
#include "loadshare/plan.h"

namespace loadshare::test {
namespace {

Request with_nothing_given() {
  auto request = a_request();
  request.mac.reset();
  return request;
}

TEST(Resolve, TakesFromTheNetworkWhatIsNotGiven) {
  const auto target = resolve(with_nothing_given(), an_empty_node());
  EXPECT_EQ(target.address, ip("10.0.0.100"));
  EXPECT_EQ(target.held, in_form("lo"));
  EXPECT_EQ(target.prefix_length, 24u);
  EXPECT_EQ(target.filter.interface, "eth0");
  EXPECT_EQ(target.broadcast, ip("10.0.0.255"));
  // md5 of "10.0.0.100 24 10.0.0.255\n", see cluster_mac_test.cpp
  EXPECT_EQ(target.filter.mac, mac("81:48:8f:53:39:b3"));
  EXPECT_EQ(target.label, std::nullopt);
  EXPECT_EQ(target.route, std::nullopt) << "the node's own address brings one";
}

TEST(Resolve, PrefersWhatIsGiven) {
  auto request = a_request();
  request.interface = "eth0";
  request.prefix_length = 25;
  request.broadcast = "10.0.0.127";
  request.label = "web";
  const auto target = resolve(request, an_empty_node());
  EXPECT_EQ(target.prefix_length, 25u);
  EXPECT_EQ(target.broadcast, ip("10.0.0.127"));
  EXPECT_EQ(target.label, "web");
  EXPECT_EQ(target.filter.mac, cluster_mac);
}

TEST(Resolve, HoldsTheAddressInTheVrfOfItsInterface) {
  auto node = an_empty_node();
  node.holder->name = "red";
  node.holder->route_table = 100;
  node.network.reset();
  auto request = a_request();
  request.interface = "eth0";
  request.prefix_length = 24;
  const auto target = resolve(request, node);
  EXPECT_EQ(target.held, in_form("red"));
  EXPECT_EQ(target.route, (NetworkRoute{{ip("10.0.0.0"), 24}, "eth0", 100}));
}

TEST(Resolve, HoldsTheAddressOnAnInterfaceThatAnswersForNoOther) {
  auto node = an_empty_node();
  for (const int arp_ignore : {1, 2}) {
    node.interface->arp_ignore = arp_ignore;
    EXPECT_EQ(resolve(a_request(), node).held, in_form("eth0"));
  }
}

TEST(Resolve, AddsARouteWhereTheNodeHasNoAddressInTheNetwork) {
  auto node = an_empty_node();
  node.interface->name = "eth1";
  auto request = a_request();
  request.interface = "eth1";
  request.prefix_length = 20;
  EXPECT_EQ(resolve(request, node).route, (NetworkRoute{{ip("10.0.0.0"), 20}, "eth1"}));
  request.no_prefix_route = true;
  EXPECT_EQ(resolve(request, node).route, std::nullopt);
}

// In a network of 10.0.0.0 to 10.0.0.127.
TEST(Resolve, RefusesTheFirstAndTheLastAddressOfTheNetwork) {
  auto node = an_empty_node();
  const auto refused = [&](const std::string& address, unsigned prefix_length) {
    auto request = a_request();
    request.address = ip(address);
    request.interface = "eth0";
    request.prefix_length = prefix_length;
    return outcome_of([&] { resolve(request, node); });
  };
  EXPECT_THAT(refused("10.0.0.0", 25), Fails(ExitCode::not_configured, "10.0.0.0 is the network "));
  EXPECT_THAT(refused("10.0.0.127", 25),
              Fails(ExitCode::not_configured, "10.0.0.127 is the broadcast "));
  EXPECT_EQ(refused("10.0.0.127", 24), "no error");
  EXPECT_EQ(refused("10.0.0.128", 24), "no error");
  EXPECT_EQ(refused("10.0.0.0", 31), "no error");
  EXPECT_EQ(refused("10.0.0.0", 32), "no error");
  EXPECT_THAT(refused("fd00::", 64), Fails(ExitCode::not_configured, "the routers' anycast "));
  EXPECT_EQ(refused("fd00::ffff:ffff:ffff:ffff", 64), "no error");
  EXPECT_EQ(refused("fd00::", 127), "no error");
}

// As `ip address add` does it.
TEST(Resolve, UnderstandsPlusAndMinusAsHostBitsSetAndCleared) {
  const struct {
    const char* text;
    unsigned prefix_length;
    std::optional<IpAddress> expected;
  } rows[] = {
      {"+", 24, ip("10.0.0.255")},     {"-", 24, ip("10.0.0.0")},   {"+", 16, ip("10.0.255.255")},
      {"-", 16, ip("10.0.0.0")},       {"+", 25, ip("10.0.0.127")}, {"-", 26, ip("10.0.0.64")},
      {"+", 29, ip("10.0.0.103")},     {"-", 29, ip("10.0.0.96")},  {"+", 31, std::nullopt},
      {"-", 31, std::nullopt},         {"+", 32, std::nullopt},     {"-", 32, std::nullopt},
      {"+", 1, ip("127.255.255.255")}, {"-", 1, ip("0.0.0.0")},
  };
  for (const auto& row : rows) {
    auto request = a_request();
    request.broadcast = row.text;
    request.prefix_length = row.prefix_length;
    EXPECT_EQ(resolve(request, an_empty_node()).broadcast, row.expected)
        << row.text << " /" << row.prefix_length;
  }
}

TEST(Resolve, DerivesTheMacFromTheBroadcastAsItIsWritten) {
  Request request;
  request.address = ip("192.168.1.5");
  request.interface = "eth0";
  request.prefix_length = 16;
  request.broadcast = "+";
  EXPECT_EQ(resolve(request, an_empty_node()).filter.mac, mac("fd:28:c4:a7:4a:3a"));
}

TEST(Resolve, IgnoresTheNetworkOfAnotherInterface) {
  auto request = with_nothing_given();
  request.interface = "eth1";
  auto node = an_empty_node();
  node.interface->name = "eth1";
  EXPECT_THAT(outcome_of([&] { resolve(request, node); }),
              Fails(ExitCode::not_installed, "cidr_netmask: not given, and eth1 "));
  request.prefix_length = 24;
  const auto target = resolve(request, node);
  EXPECT_EQ(target.broadcast, std::nullopt);
  // md5 of "10.0.0.100 24\n"
  EXPECT_EQ(target.filter.mac, mac("e1:4d:e6:54:fb:5a"));
}

TEST(Resolve, CallsTheInterfaceByItsFirstName) {
  auto request = a_request();
  request.interface = "lan0";
  const auto target = resolve(request, an_empty_node());
  EXPECT_EQ(target.filter.interface, "eth0");
}

// IPv6 that is off has taken the node's own addresses away.
TEST(Resolve, NamesAnObstacleBeforeWhatItHasTaken) {
  auto node = an_empty_node();
  node.network.reset();
  node.path.obstacles = {"eth0 takes no IPv6"};
  auto request = a_request();
  request.interface = "eth0";
  EXPECT_THAT(outcome_of([&] { resolve(request, node); }),
              Fails(ExitCode::generic_error, "eth0 takes no IPv6"));
}

TEST(Resolve, NamesTheParameterThatCannotBeFound) {
  auto node = an_empty_node();
  node.network.reset();
  EXPECT_THAT(outcome_of([&] { resolve(a_request(), node); }),
              Fails(ExitCode::not_installed, "nic: not given"));
  auto request = a_request();
  request.interface = "eth0";
  EXPECT_THAT(outcome_of([&] { resolve(request, node); }),
              Fails(ExitCode::not_installed, "cidr_netmask: not given"));
  request.prefix_length = 24;
  EXPECT_EQ(outcome_of([&] { resolve(request, node); }), "no error");
}

}  // namespace
}  // namespace loadshare::test
