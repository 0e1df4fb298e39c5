// SPDX-License-Identifier: GPL-2.0-or-later
// What the caller may ask for: every value alone, and what they say together.
#include "loadshare/request.h"

#include <gtest/gtest.h>

#include <functional>

#include "builders.h"

namespace loadshare::test {
namespace {

using testing::HasSubstr;

// A check of one value: what passes, what fails, and what the refusal says is wrong.
struct ValueCheck {
  std::string name;
  std::function<void(const std::string&)> check;
  std::vector<std::string> good;
  struct Refusal {
    std::string text, says;
  };
  std::vector<Refusal> bad;
};

void PrintTo(const ValueCheck& row, std::ostream* out) { *out << row.name; }

const std::vector<ValueCheck> value_checks = {
    {"cluster_address",
     [](const std::string& text) { value::cluster_address(text); },
     {"10.0.0.100", "1.0.0.0", "126.255.255.255", "128.0.0.1", "223.255.255.255", "2001:db8::1",
      "fd00::1", "::2"},
     {{"10.0.0", "neither an IPv4 nor an IPv6 address"},
      {"10.0.0.100/24", "neither an IPv4 nor an IPv6 address"},
      {"cluster.example", "neither an IPv4 nor an IPv6 address"},
      {"0.0.0.0", "not an address of a host"},
      {"0.1.2.3", "not an address of a host"},
      {"127.0.0.1", "loopback"},
      {"224.0.0.1", "multicast"},
      {"239.255.255.255", "multicast"},
      {"240.0.0.1", "not an address of a host"},
      {"255.255.255.255", "not an address of a host"},
      {"::ffff:10.0.0.100", "give it as IPv4"},
      {"::", "not an address of a host"},
      {"::1", "loopback"},
      {"0:0::1", "loopback"},
      {"ff02::1", "multicast"}}},
    {"interface",
     [](const std::string& text) { value::interface(text); },
     {"e", "eth0", "eth0.100", "br-lan", "enp0s31f6", "wlan0_x", "lo0", "abcdefghijklmno"},
     {{std::string(128, 'x'), "not the name of a network interface"},
      {".", "not the name of a network interface"},
      {"..", "not the name of a network interface"},
      {"eth+", "not the name of a network interface"},
      {"+", "not the name of a network interface"},
      {"eth%d", "not the name of a network interface"},
      {"eth*", "not the name of a network interface"},
      {"a/b", "not the name of a network interface"},
      {"eth0:1", "not the name of a network interface"},
      {"eth 0", "not the name of a network interface"},
      {"lo", "cannot carry a cluster address"}}},
    {"prefix_length",
     [](const std::string& text) { value::prefix_length(text); },
     {"1", "24", "32", "64", "128", "255.255.255.0", "255.255.255.255", "128.0.0.0",
      "255.255.254.0"},
     {{"0", "neither a prefix length"},
      {"129", "neither a prefix length"},
      {"-1", "neither a prefix length"},
      {"+24", "neither a prefix length"},
      {"/24", "neither a prefix length"},
      {"24.5", "neither a prefix length"},
      {"0x18", "neither a prefix length"},
      {"4294967320", "neither a prefix length"},
      {"0.0.0.0", "nor a netmask"},
      {"255.0.255.0", "nor a netmask"},
      {"0.255.255.255", "nor a netmask"},
      {"255.255.255.1", "nor a netmask"},
      {"ffff::", "nor a netmask"}}},
    {"broadcast",
     [](const std::string& text) { value::broadcast(text); },
     {"+", "-", "10.0.0.255", "255.255.255.255"},
     {{"++", "neither an IPv4 address nor + "},
      {"10.0.0", "neither an IPv4 address nor + "},
      {"2001:db8::ff", "neither an IPv4 address nor + "},
      {"none", "neither an IPv4 address nor + "}}},
    {"label",
     [](const std::string& text) { value::label(text); },
     {"1", "web", "a-b_c.d", "abcdefghijklmno"},
     {{"abcdefghijklmnop", "not an interface label"},
      {"a:b", "not an interface label"},
      {"a b", "not an interface label"},
      {"a/b", "not an interface label"},
      {"..", "not an interface label"}}},
    {"cluster_mac",
     [](const std::string& text) { value::cluster_mac(text); },
     {"01:00:5e:00:01:14", "FF:FF:FF:FF:FF:FE", "33:33:00:00:00:01", "81:48:8f:53:39:b3"},
     {{"01:00:5e:zz:00:01", "not a MAC address"},
      {"01:00:5e:00:01", "not a MAC address"},
      {"01005e000114", "not a MAC address"},
      {"00:00:5e:00:01:14", "unicast"},
      {"52:54:00:12:34:56", "unicast"},
      {"ff:ff:ff:ff:ff:ff", "broadcast"}}},
    {"hash_mode",
     [](const std::string& text) { value::hash_mode(text); },
     {"sourceip", "sourceip-sourceport", "sourceip-sourceport-destport"},
     {{"bogus", "none of sourceip, "},
      {"SourceIP", "none of sourceip, "},
      {"sourceip-", "none of sourceip, "},
      {"sourceip-destport", "none of sourceip, "}}},
    {"backend",
     [](const std::string& text) { value::backend(text); },
     {"auto", "clusterip", "ebpf", "nftables"},
     {{"iptables", "none of auto, clusterip, ebpf"},
      {"automatic", "none of auto, clusterip, ebpf"},
      {"Auto", "none of auto, clusterip, ebpf"}}},
    {"boolean",
     [](const std::string& text) { value::boolean(text); },
     {"true", "True", "TRUE", "yes", "YES", "on", "ON", "1", "ja", "false", "False", "FALSE", "no",
      "NO", "off", "OFF", "0", "nein"},
     {{"2", "neither true nor false"},
      {"maybe", "neither true nor false"},
      {"tru", "neither true nor false"}}},
    {"network_namespace",
     [](const std::string& text) { value::network_namespace(text); },
     {"blue", "a.b-c_d+e%f", "...", std::string(255, 'x')},
     {{std::string(256, 'x'), "not the name of a namespace"},
      {".", "not the name of a namespace"},
      {"..", "not the name of a namespace"},
      {"../../etc/passwd", "not the name of a namespace"},
      {"a/b", "not the name of a namespace"}}},
    {"number",
     [](const std::string& text) { value::number(text, 2, 4294967294); },
     {"2", "16", "016", "4294967294"},
     {{"1", "not a number from 2 to 4294967294"},
      {"0", "not a number from 2"},
      {"4294967295", "not a number from 2"},
      {"4294967298", "not a number from 2"},
      {"18446744073709551618", "not a number from 2"},
      {"-3", "not a number from 2"},
      {"+3", "not a number from 2"},
      {"3.0", "not a number from 2"},
      {"3e1", "not a number from 2"},
      {"0x3", "not a number from 2"},
      {"three", "not a number from 2"}}},
};

class EveryValue : public testing::TestWithParam<ValueCheck> {
 protected:
  static std::string outcome(const std::string& text) {
    return outcome_of([&] { GetParam().check(text); });
  }
};

INSTANTIATE_TEST_SUITE_P(Of, EveryValue, testing::ValuesIn(value_checks),
                         [](const auto& row) { return row.param.name; });

TEST_P(EveryValue, PassesWhenItIsGood) {
  for (const auto& text : GetParam().good) EXPECT_EQ(outcome(text), "no error") << text;
}

TEST_P(EveryValue, IsRefusedWithAQuoteAndTheReasonWhenItIsBad) {
  for (const auto& [text, says] : GetParam().bad) {
    EXPECT_THAT(outcome(text), Fails(ExitCode::not_configured, says)) << text;
    EXPECT_THAT(outcome(text), HasSubstr("'" + text.substr(0, 64))) << text;
  }
}

TEST_P(EveryValue, IsRefusedWithBlanksAroundIt) {
  for (const auto& good : GetParam().good) {
    for (const auto& text : {" " + good, good + " ", good + "\n", "\t" + good}) {
      EXPECT_THAT(outcome(text), Fails(ExitCode::not_configured, "'")) << "'" << text << "'";
    }
  }
}

// What a message must never carry into a log or a terminal, whoever wrote the value.
TEST_P(EveryValue, IsRefusedInOneShortPrintableLineHoweverHostile) {
  for (const std::string& text :
       {std::string(), std::string(1'000'000, 'a'), std::string(1'000'000, '1'),
        std::string("\x1b[31mred\x1b[0m"), std::string("line\nfeed"), std::string("10.0.0.1\r\n7"),
        std::string("\x7f\x01\x02\x08"), std::string("ét0"), std::string("\xff\xfe"),
        std::string(100, '\xc3'), std::string("$(reboot)`reboot`;'\" &|<>"),
        std::string("--ip=10.0.0.1 ")}) {
    const auto outcome = EveryValue::outcome(text);
    ASSERT_THAT(outcome, Fails(ExitCode::not_configured, "'")) << text.substr(0, 20);
    EXPECT_LT(outcome.size(), 200u) << text.substr(0, 20);
    auto printable = outcome;
    // The only character beyond ASCII that our own words use.
    if (const auto at = printable.find("…"); at != std::string::npos) printable.erase(at, 3);
    for (const char c : printable) EXPECT_TRUE(c >= ' ' && c <= '~') << outcome;
  }
}

TEST(Values, AreReadAsWhatTheySay) {
  EXPECT_EQ(value::cluster_address("10.0.0.100"), ip("10.0.0.100"));
  EXPECT_EQ(value::interface("eth0"), "eth0");
  EXPECT_EQ(value::prefix_length("24"), 24u);
  EXPECT_EQ(value::prefix_length("255.255.254.0"), 23u);
  EXPECT_EQ(value::prefix_length("255.255.255.255"), 32u);
  EXPECT_EQ(value::prefix_length("128.0.0.0"), 1u);
  EXPECT_EQ(value::broadcast("+"), "+");
  EXPECT_EQ(value::label("web"), "web");
  EXPECT_EQ(value::cluster_mac("01:00:5E:00:01:14"), cluster_mac);
  EXPECT_EQ(value::network_namespace("blue"), "blue");
  EXPECT_EQ(value::number("4294967295", 0, 4294967295), 4294967295u);
  EXPECT_TRUE(value::boolean("yes"));
  EXPECT_FALSE(value::boolean("off"));
}

TEST(Values, OfHashModeAndBackendAreWrittenAsTheyAreRead) {
  for (const char* name : {"sourceip", "sourceip-sourceport", "sourceip-sourceport-destport"}) {
    EXPECT_STREQ(to_string(value::hash_mode(name)), name);
  }
  for (const char* name : {"auto", "clusterip", "ebpf"}) {
    EXPECT_STREQ(to_string(value::backend(name)), name);
  }
  EXPECT_EQ(value::hash_mode("sourceip"), HashMode::source_ip);
  EXPECT_EQ(value::hash_mode("sourceip-sourceport"), HashMode::source_ip_source_port);
  EXPECT_EQ(value::backend("ebpf"), BackendChoice::ebpf);
}

// So clusters were configured before; nobody is told the word any more.
TEST(Values, OfBackendHaveAFormerName) {
  EXPECT_EQ(value::backend("nftables"), BackendChoice::ebpf);
  EXPECT_THAT(backend_names(), testing::Not(testing::Contains("nftables")));
}

TEST(Request, HasTheDefaultsOfIpaddr2) {
  const Request request;
  EXPECT_EQ(request.hash_mode, HashMode::source_ip_source_port);
  EXPECT_EQ(request.seed, 0u);
  EXPECT_EQ(request.bucket, 1u);
  EXPECT_EQ(request.total, 1u);
  EXPECT_EQ(request.mac, std::nullopt);
  EXPECT_EQ(request.announcement.count, 5u);
  EXPECT_EQ(request.announcement.interval, std::chrono::milliseconds(200));
  EXPECT_TRUE(request.announcement.in_background);
}

Request a_v6_request() {
  auto request = a_request();
  request.address = ip("2001:db8::1");
  return request;
}

std::string checked(const Request& request) {
  return outcome_of([&] { check(request); });
}

TEST(CheckRequest, TakesWhatFitsTogether) {
  EXPECT_EQ(checked(a_request()), "no error");
  EXPECT_EQ(checked(a_request(3)), "no error") << "the last bucket";
  EXPECT_EQ(checked(a_v6_request()), "no error");
}

TEST(CheckRequest, WantsABucketWithinTheTotal) {
  EXPECT_THAT(checked(a_request(4)),
              testing::AllOf(Fails(ExitCode::not_configured, "CRM_meta_clone_max: "),
                             HasSubstr("bucket 4"), HasSubstr("3")));
}

TEST(CheckRequest, WantsAPrefixThatTheAddressCanHave) {
  auto request = a_request();
  request.prefix_length = 32;
  EXPECT_EQ(checked(request), "no error");
  request.prefix_length = 33;
  EXPECT_THAT(checked(request), Fails(ExitCode::not_configured, "cidr_netmask: /33 "));
  request.address = ip("2001:db8::1");
  EXPECT_EQ(checked(request), "no error");
  request.prefix_length = 128;
  EXPECT_EQ(checked(request), "no error");
}

TEST(CheckRequest, KnowsNeitherBroadcastNorLabelInIpv6) {
  for (const char* broadcast : {"+", "-", "10.0.0.255"}) {
    auto request = a_v6_request();
    request.broadcast = broadcast;
    EXPECT_THAT(checked(request), Fails(ExitCode::not_configured, "broadcast: "));
  }
  auto request = a_v6_request();
  request.label = "web";
  EXPECT_THAT(checked(request), Fails(ExitCode::not_configured, "iflabel: "));
}

TEST(CheckRequest, WantsALabelThatFitsBehindTheInterface) {
  auto request = a_request();
  request.label = "abcdefghijkl";  // with "lo:" 15 characters
  EXPECT_EQ(checked(request), "no error");
  request.label = "abcdefghijklm";
  EXPECT_THAT(checked(request), Fails(ExitCode::not_configured, "iflabel: lo:abcdefghijklm "));
}

}  // namespace
}  // namespace loadshare::test
