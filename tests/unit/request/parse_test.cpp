// SPDX-License-Identifier: GPL-2.0-or-later
// argv: every option stored, every mistake named.
#include <gtest/gtest.h>

#include "builders.h"
#include "commands/commands.h"
#include "request/options.h"

namespace loadshare::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const Command& command_named(const std::string& name) {
  const auto& all = commands::all();
  return *std::find_if(all.begin(), all.end(),
                       [&](const Command& row) { return name == row.name; });
}

// Functions: the table may be made after the objects of this file.
const Command& start() { return command_named("start"); }
const Command& stop() { return command_named("stop"); }
const Command operator_command{
    "show", {"ADDRESS [BUCKET...]", 1, 3}, "show it", {"json", "seed"}, Reading::as_given, nullptr};

bool is_of_resource(const Option& option) {
  return std::find(start().options.begin(), start().options.end(), option.name) !=
         start().options.end();
}

// Adds --ip, without which nothing goes.
Invocation parse(const Command& command, std::vector<std::string> words) {
  words.insert(words.begin(), "--ip=10.0.0.100");
  return parse_options(command, words);
}

Invocation started(const std::vector<std::string>& words) { return parse(start(), words); }
Request asked(const std::vector<std::string>& words) { return started(words).request; }

std::string outcome(const Command& command, const std::vector<std::string>& words) {
  return outcome_of([&] { parse(command, words); });
}

TEST(ParseOptions, StoresEveryValue) {
  EXPECT_EQ(asked({}).address, ip("10.0.0.100"));
  EXPECT_EQ(asked({"--bucket=2", "--total=3"}).bucket, 2u);
  EXPECT_EQ(asked({"--total=16"}).total, 16u);
  EXPECT_EQ(asked({"--nic=eth0"}).interface, "eth0");
  EXPECT_EQ(asked({"--netmask=24"}).prefix_length, 24u);
  EXPECT_EQ(asked({"--netmask=255.255.0.0"}).prefix_length, 16u);
  EXPECT_EQ(asked({"--broadcast=10.0.0.255"}).broadcast, "10.0.0.255");
  EXPECT_EQ(asked({"--label=web"}).label, "web");
  EXPECT_EQ(asked({"--mac=01:00:5e:00:01:14"}).mac, cluster_mac);
  EXPECT_EQ(asked({"--hash=sourceip"}).hash_mode, HashMode::source_ip);
  EXPECT_EQ(asked({"--seed=4294967295"}).seed, 0xffffffffu);
  EXPECT_EQ(asked({"--backend=clusterip"}).backend, BackendChoice::clusterip);
  EXPECT_EQ(asked({"--arp-count=0"}).announcement.count, 0u);
  EXPECT_EQ(asked({"--arp-interval=50"}).announcement.interval, std::chrono::milliseconds(50));
  EXPECT_FALSE(asked({"--arp-bg=false"}).announcement.in_background);
  EXPECT_TRUE(asked({"--noprefixroute=true"}).no_prefix_route);
  EXPECT_EQ(asked({"--network-namespace=blue"}).network_namespace, "blue");
  EXPECT_EQ(started({"--wait=3"}).lock_wait, std::chrono::seconds(3));
  EXPECT_TRUE(started({"--dry-run"}).dry_run);
  EXPECT_TRUE(started({"--verbose"}).verbose);
}

TEST(ParseOptions, StoresWhatWatchTakes) {
  const auto watched = [](const std::string& word) {
    return parse_options(command_named("watch"), {"10.0.0.100", word}).watch;
  };
  EXPECT_EQ(watched("--client=192.0.2.0/24").clients, (Network{ip("192.0.2.0"), 24}));
  EXPECT_EQ(watched("--client=192.0.2.7").clients, (Network{ip("192.0.2.7"), 32}));
  EXPECT_EQ(watched("--client=2001:db8::/32").clients, (Network{ip("2001:db8::"), 32}));
  EXPECT_EQ(watched("--rate=0").lines_per_second, 0u);
  EXPECT_EQ(watched("--seconds=3").seconds, 3u);
  EXPECT_EQ(watched("--count=7").packets, 7u);
  EXPECT_EQ(watched("--bucket=2").clients, std::nullopt);
  EXPECT_FALSE(parse_options(command_named("watch"), {"10.0.0.100"}).given.contains("bucket"));
  EXPECT_TRUE(
      parse_options(command_named("watch"), {"10.0.0.100", "--bucket=2"}).given.contains("bucket"));
}

TEST(ParseOptions, LeavesTheRestAtItsDefault) {
  const auto call = started({});
  EXPECT_EQ(call.request.bucket, 1u);
  EXPECT_EQ(call.request.total, 1u);
  EXPECT_EQ(call.request.interface, std::nullopt);
  EXPECT_EQ(call.request.prefix_length, std::nullopt);
  EXPECT_EQ(call.request.broadcast, std::nullopt);
  EXPECT_EQ(call.request.label, std::nullopt);
  EXPECT_EQ(call.request.mac, std::nullopt);
  EXPECT_EQ(call.request.hash_mode, HashMode::source_ip_source_port);
  EXPECT_EQ(call.request.backend, BackendChoice::automatic);
  EXPECT_EQ(call.request.network_namespace, std::nullopt);
  EXPECT_FALSE(call.dry_run);
  EXPECT_FALSE(call.verbose);
  EXPECT_EQ(call.lock_wait, std::chrono::seconds(5));
}

TEST(ParseOptions, ReadsTheValueFromTheNextWordToo) {
  EXPECT_EQ(asked({"--nic", "eth0", "--broadcast", "-"}).broadcast, "-");
  EXPECT_EQ(asked({"--broadcast=-"}).broadcast, "-");
  EXPECT_EQ(asked({"--broadcast=+"}).broadcast, "+");
}

TEST(ParseOptions, CountsClonesFromZeroAndBucketsFromOne) {
  EXPECT_EQ(asked({"--clone=0", "--total=3"}).bucket, 1u);
  EXPECT_EQ(asked({"--clone=2", "--total=3"}).bucket, 3u);
  EXPECT_EQ(asked({"--clone=1023", "--total=1024"}).bucket, 1024u);
  EXPECT_THAT(outcome(start(), {"--clone=3", "--total=3"}),
              Fails(ExitCode::not_configured, "bucket 4"));
}

TEST(ParseOptions, TakesEitherBucketOrClone) {
  for (const auto& command : {start(), stop()}) {
    EXPECT_THAT(outcome(command, {"--bucket=1", "--clone=0"}),
                AllOf(Fails(ExitCode::bad_arguments, "--bucket"), HasSubstr("--clone")));
  }
}

TEST(ParseOptions, SplitsTheLabelFromTheInterface) {
  const auto request = asked({"--nic=eth0:web"});
  EXPECT_EQ(request.interface, "eth0");
  EXPECT_EQ(request.label, "web");
  EXPECT_EQ(asked({"--nic=eth0:web", "--label=db"}).label, "db") << "the parameter's own wins";
  EXPECT_THAT(outcome(start(), {"--nic=eth0:"}), Fails(ExitCode::not_configured, "nic: "));
  EXPECT_THAT(outcome(start(), {"--nic=:web"}), Fails(ExitCode::not_configured, "nic: "));
  EXPECT_THAT(outcome(start(), {"--nic=eth0:a:b"}), Fails(ExitCode::not_configured, "nic: "));
}

TEST(ParseOptions, WantsAnAddress) {
  EXPECT_THAT(outcome_of([] { parse_options(start(), {}); }),
              Fails(ExitCode::not_configured, "ip: "));
  EXPECT_TRUE(parse_options(stop(), {}).unusable.contains("ip"))
      << "the kernel knows what it holds";
}

TEST(ParseOptions, WantsAGloballyUniqueClone) {
  EXPECT_EQ(outcome(start(), {"--globally-unique=true"}), "no error");
  EXPECT_THAT(outcome(start(), {"--globally-unique=false"}),
              AllOf(Fails(ExitCode::not_configured, "CRM_meta_globally_unique"),
                    HasSubstr("globally-unique=true")));
}

TEST(ParseOptions, NamesTheParameterOfABadValue) {
  const struct {
    std::string name, bad, names;
  } rows[] = {
      {"bucket", "0", "--bucket: "},
      {"bucket", "1025", "--bucket: "},
      {"clone", "1024", "CRM_meta_clone (--clone): "},
      {"clone", "-1", "CRM_meta_clone (--clone): "},
      {"total", "0", "CRM_meta_clone_max (--total): "},
      {"total", "1025", "CRM_meta_clone_max (--total): "},
      {"nic", "eth+", "nic: "},
      {"netmask", "255.0.255.0", "cidr_netmask (--netmask): "},
      {"broadcast", "all", "broadcast: "},
      {"label", "a b", "iflabel (--label): "},
      {"mac", "52:54:00:12:34:56", "mac: "},
      {"hash", "bogus", "clusterip_hash (--hash): "},
      {"seed", "0x10", "clusterip_hash_seed (--seed): "},
      {"backend", "bogus", "backend: "},
      {"arp-count", "1001", "arp_count (--arp-count): "},
      {"arp-interval", "60001", "arp_interval (--arp-interval): "},
      {"arp-bg", "perhaps", "arp_bg (--arp-bg): "},
      {"noprefixroute", "perhaps", "noprefixroute: "},
      {"lease", "perhaps", "lease: "},
      {"interval", "1s", "CRM_meta_interval (--interval): "},
      {"timeout", "-1", "CRM_meta_timeout (--timeout): "},
      {"drain", "3601", "drain: "},
      {"notify", "perhaps", "CRM_meta_notify (--notify): "},
      {"resource", "a b", "--resource: "},
      {"network-namespace", "../blue", "network_namespace (--network-namespace): "},
      {"globally-unique", "perhaps", "CRM_meta_globally_unique (--globally-unique): "},
      {"wait", "601", "--wait: "},
  };
  // What the cluster says of a transition is read by transition.h; no word of it is bad.
  std::set<std::string> tried{"ip", "node", "stopping", "stopping-on", "starting", "starting-on"};
  for (const auto& row : rows) {
    EXPECT_THAT(outcome(start(), {"--" + row.name + "=" + row.bad}),
                Fails(ExitCode::not_configured, "6: " + row.names))
        << row.name;
    tried.insert(row.name);
  }
  EXPECT_THAT(outcome_of([] { parse_options(start(), {"--ip=10.0.0"}); }),
              Fails(ExitCode::not_configured, "6: ip: '10.0.0'"));
  for (const auto& option : all_options()) {
    EXPECT_TRUE(option.argument == nullptr || !is_of_resource(option) ||
                tried.contains(option.name))
        << option.name << " is missing from this test";
  }
}

TEST(ParseOptions, ChecksWhatTheValuesSayTogether) {
  EXPECT_THAT(outcome(start(), {"--bucket=2"}), Fails(ExitCode::not_configured, "bucket 2"));
  EXPECT_THAT(outcome(start(), {"--netmask=64"}), Fails(ExitCode::not_configured, "cidr_netmask"));
  EXPECT_THAT(outcome(start(), {"--drain=30"}),
              AllOf(Fails(ExitCode::not_configured, "drain: "), HasSubstr("notify=true")));
  EXPECT_EQ(outcome(start(), {"--drain=30", "--notify=true"}), "no error");
}

TEST(ParseOptions, RefusesWhatIsNoOption) {
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"--bogus"},
                                             {"--bogus=1"},
                                             {"-x"},
                                             {"word"},
                                             {"--", "word"},
                                             {"--dry-run=yes"},
                                             {"--nic"},
                                             {"--nic="},
                                             {"--nic=a", "--nic=b"},
                                             {"-i", "10.0.0.1"},
                                             {"--NIC=eth0"}}) {
    for (const auto& command : {start(), stop()}) {
      EXPECT_THAT(outcome(command, words), Fails(ExitCode::bad_arguments, "")) << words[0];
    }
  }
}

TEST(ParseOptions, RefusesAHostileOptionInOnePrintableLine) {
  for (const std::string word : {"--b\x1b[31m\nX=1", "--\xff\xfe=1", "--ét0", "-\x1b"}) {
    const auto line = outcome(start(), {word});
    EXPECT_THAT(line, Fails(ExitCode::bad_arguments, ""));
    for (const char c : line) EXPECT_TRUE(c >= ' ' && c <= '~') << line;
  }
}

TEST(ParseOptions, GuessesNoOptionFromItsBeginning) {
  for (const auto& option : all_options()) {
    if (!is_of_resource(option)) continue;
    auto word = "--" + std::string(option.name);
    word.pop_back();
    if (option.argument != nullptr) word += "=1";
    EXPECT_THAT(outcome(start(), {word}), Fails(ExitCode::bad_arguments, "")) << word;
  }
}

TEST(ParseOptions, OfStopIgnoreBadValuesOfWhatDoesNotNameTheBucket) {
  unsigned ignored = 0;
  for (const auto& option : all_options()) {
    if (option.names_bucket || !is_of_resource(option)) continue;
    const auto word = "--" + std::string(option.name) + "=\x1b bad ";
    EXPECT_EQ(outcome(stop(), {word}), "no error") << option.name;
    EXPECT_THAT(outcome(start(), {word}), Fails(ExitCode::not_configured, "")) << option.name;
    ++ignored;
  }
  EXPECT_GE(ignored, 13u);
}

TEST(ParseOptions, OfStopReadWhatNamesTheBucket) {
  const auto call = parse(stop(), {"--clone=4", "--total=3", "--backend=clusterip", "--wait=1",
                                   "--network-namespace=blue", "--dry-run", "--verbose"});
  EXPECT_EQ(call.request.address, ip("10.0.0.100"));
  EXPECT_EQ(call.request.bucket, 5u) << "and does not compare it with the total";
  EXPECT_EQ(call.request.backend, BackendChoice::clusterip);
  EXPECT_EQ(call.request.network_namespace, "blue");
  EXPECT_EQ(call.lock_wait, std::chrono::seconds(1));
  EXPECT_TRUE(call.dry_run);
  EXPECT_TRUE(call.verbose);
}

TEST(ParseOptions, OfStopNoteABadNameOfTheBucket) {
  using testing::ElementsAre;
  using testing::HasSubstr;
  using testing::Pair;
  const auto unusable = [](const std::string& word) {
    return parse_options(stop(), {"--ip=10.0.0.100", word}).unusable;
  };
  EXPECT_THAT(unusable("--clone=x"), ElementsAre(Pair("clone", HasSubstr("CRM_meta_clone"))));
  EXPECT_THAT(unusable("--bucket=0"), ElementsAre(Pair("bucket", HasSubstr("--bucket"))));
  EXPECT_THAT(unusable("--network-namespace=a/b"),
              ElementsAre(Pair("network-namespace", HasSubstr("network_namespace"))));
  EXPECT_THAT(parse_options(stop(), {"--ip=x"}).unusable,
              ElementsAre(Pair("ip", HasSubstr("ip: 'x'"))));
  EXPECT_THAT(parse_options(stop(), {"--ip=10.0.0.100", "--clone=1"}).unusable, testing::IsEmpty());
}

TEST(Operands, AreCountedAndKeptAsWritten) {
  const auto parsed = parse_options(operator_command, {"a", "--seed=3", "b", "--json"});
  EXPECT_EQ(parsed.operands, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(parsed.request.seed, 3u);
  EXPECT_TRUE(parsed.json);
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{}, {"a", "b", "c", "d"}, {"a", "--total=3"}}) {
    EXPECT_THAT(outcome_of([&] { parse_options(operator_command, words); }),
                Fails(ExitCode::bad_arguments, ""));
  }
}

}  // namespace
}  // namespace loadshare::test
