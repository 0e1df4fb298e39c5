// SPDX-License-Identifier: GPL-2.0-or-later
#include "options.h"

#include <algorithm>
#include <boost/program_options.hpp>
#include <iterator>
#include <limits>
#include <sstream>

#include "loadshare/error.h"
#include "placement.h"
#include "quoted.h"
#include "switch_config.h"

namespace loadshare {
namespace {

namespace po = boost::program_options;

constexpr auto any_number = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint32_t longest_interval_ms = 60'000;
constexpr std::uint32_t most_announcements = 1000;
constexpr std::uint32_t longest_wait_s = 600;
constexpr std::size_t line_width = 79;
constexpr std::uint32_t last_vlan = 4094;  // IEEE 802.1Q, table 9-2
constexpr std::uint32_t fastest_lines = 1'000'000;

// What the cluster says beside the parameters is taken as it is: a stop must not fail because of
// it.
std::vector<std::string> words_of(const std::string& text) {
  std::istringstream words(text);
  return {std::istream_iterator<std::string>(words), {}};
}

const std::vector<Option> options = {
    {"ip", "ip", "ADDRESS", "the cluster address", true,
     [](Invocation& to, const std::string& text) {
       to.request.address = value::cluster_address(text);
     }},
    {"bucket", nullptr, "N", "the hash bucket, 1 to the total (default 1)", true,
     [](Invocation& to, const std::string& text) {
       to.request.bucket = value::number(text, 1, most_buckets);
     }},
    {"clone", "CRM_meta_clone", "N", "the same as Pacemaker counts it: bucket N + 1", true,
     [](Invocation& to, const std::string& text) {
       to.request.bucket = value::number(text, 0, most_buckets - 1) + 1;
     }},
    {"total", "CRM_meta_clone_max", "N", "number of buckets, the same on all nodes (default 1)",
     false,
     [](Invocation& to, const std::string& text) {
       to.request.total = value::number(text, 1, most_buckets);
     }},
    {"nic", "nic", "INTERFACE", "interface (default: the one in the address's network)", false,
     [](Invocation& to, const std::string& text) {
       // IPaddr2 takes "eth0:label" here.
       const auto colon = text.find(':');
       to.request.interface = value::interface(text.substr(0, colon));
       if (colon != std::string::npos) to.request.label = value::label(text.substr(colon + 1));
     }},
    {"netmask", "cidr_netmask", "BITS", "prefix length or netmask (default: the network's)", false,
     [](Invocation& to, const std::string& text) {
       to.request.prefix_length = value::prefix_length(text);
     }},
    {"broadcast", "broadcast", "ADDRESS", "broadcast address, + or - (default: the network's)",
     false,
     [](Invocation& to, const std::string& text) {
       to.request.broadcast = value::broadcast(text);
     }},
    {"label", "iflabel", "TEXT", "label of the address, behind \"NIC:\"", false,
     [](Invocation& to, const std::string& text) { to.request.label = value::label(text); }},
    {"mac", "mac", "MAC", "the multicast MAC of all nodes (default: as IPaddr2 derives it)", false,
     [](Invocation& to, const std::string& text) { to.request.mac = value::cluster_mac(text); }},
    {"hash", "clusterip_hash", "MODE",
     "sourceip, sourceip-sourceport (default) or sourceip-sourceport-destport", false,
     [](Invocation& to, const std::string& text) { to.request.hash_mode = value::hash_mode(text); },
     hash_mode_names()},
    {"seed", "clusterip_hash_seed", "N", "initial value of the hash (default 0)", false,
     [](Invocation& to, const std::string& text) {
       to.request.seed = value::number(text, 0, any_number);
     }},
    {"backend", "backend", "NAME", "auto (default), clusterip or nftables", true,
     [](Invocation& to, const std::string& text) { to.request.backend = value::backend(text); },
     backend_names()},
    {"arp-count", "arp_count", "N", "announcements after a start (default 5)", false,
     [](Invocation& to, const std::string& text) {
       to.request.announcement.count = value::number(text, 0, most_announcements);
     }},
    {"arp-interval", "arp_interval", "MS", "time between them (default 200)", false,
     [](Invocation& to, const std::string& text) {
       to.request.announcement.interval =
           std::chrono::milliseconds(value::number(text, 0, longest_interval_ms));
     }},
    {"arp-bg", "arp_bg", "BOOL", "announce in the background (default true)", false,
     [](Invocation& to, const std::string& text) {
       to.request.announcement.in_background = value::boolean(text);
     }},
    {"lease", "lease", "BOOL", "buckets expire unless monitored (default false)", false,
     [](Invocation& to, const std::string& text) { to.request.lease = value::boolean(text); }},
    {"interval", "CRM_meta_interval", "MS", "of a recurring monitor, which renews the lease", false,
     [](Invocation& to, const std::string& text) {
       to.request.monitoring.interval =
           std::chrono::milliseconds(value::number(text, 0, any_number));
     }},
    {"timeout", "CRM_meta_timeout", "MS", "of that monitor", false,
     [](Invocation& to, const std::string& text) {
       to.request.monitoring.timeout =
           std::chrono::milliseconds(value::number(text, 0, any_number));
     }},
    {"drain", "drain", "SECONDS", "a bucket that moves keeps its connections so long (default 0)",
     false, [](Invocation& to, const std::string& text) { to.request.drain = value::drain(text); }},
    {"notify", "CRM_meta_notify", "BOOL", "Pacemaker tells what moves, which drain needs", false,
     [](Invocation& to, const std::string& text) { to.request.notify = value::boolean(text); }},
    {"node", "CRM_meta_on_node", "NAME", "this node, as Pacemaker calls it", true,
     [](Invocation& to, const std::string& text) { to.request.transition.node = text; }},
    {"stopping", "CRM_meta_notify_stop_resource", "LIST", "clone instances that stop now", true,
     [](Invocation& to, const std::string& text) {
       to.request.transition.stopping = words_of(text);
     }},
    {"stopping-on", "CRM_meta_notify_stop_uname", "LIST", "and where", true,
     [](Invocation& to, const std::string& text) {
       to.request.transition.stopping_on = words_of(text);
     }},
    {"starting", "CRM_meta_notify_start_resource", "LIST", "clone instances that start then", true,
     [](Invocation& to, const std::string& text) {
       to.request.transition.starting = words_of(text);
     }},
    {"starting-on", "CRM_meta_notify_start_uname", "LIST", "and where", true,
     [](Invocation& to, const std::string& text) {
       to.request.transition.starting_on = words_of(text);
     }},
    {"resource", nullptr, "NAME", "Pacemaker's name for it, to ask the cluster by", false,
     [](Invocation& to, const std::string& text) { to.request.resource = value::resource(text); }},
    {"noprefixroute", "noprefixroute", "BOOL", "add no route to the network (default false)", false,
     [](Invocation& to, const std::string& text) {
       to.request.no_prefix_route = value::boolean(text);
     }},
    {"network-namespace", "network_namespace", "NAMESPACE", "work in this network namespace", true,
     [](Invocation& to, const std::string& text) {
       to.request.network_namespace = value::network_namespace(text);
     }},
    {"globally-unique", "CRM_meta_globally_unique", "BOOL", "must be true for a clone", false,
     [](Invocation&, const std::string& text) {
       if (value::boolean(text)) return;
       throw Error(ExitCode::not_configured,
                   "the clone must be globally unique: set globally-unique=true");
     }},
    {"wait", nullptr, "SECONDS", "longest wait for a lock (default 10)", true,
     [](Invocation& to, const std::string& text) {
       to.lock_wait = std::chrono::seconds(value::number(text, 0, longest_wait_s));
     }},
    {"dry-run", nullptr, nullptr, "print the plan and change nothing", true,
     [](Invocation& to, const std::string&) { to.dry_run = true; }},
    {"verbose", nullptr, nullptr, "say each step on standard error", true,
     [](Invocation& to, const std::string&) { to.verbose = true; }},
    {"json", nullptr, nullptr, "print JSON", false,
     [](Invocation& to, const std::string&) { to.json = true; }},
    {"vlan", nullptr, "N", "VLAN of the address (default: that of the interface)", false,
     [](Invocation& to, const std::string& text) { to.vlan = value::number(text, 1, last_vlan); }},
    {"vendor", nullptr, "NAME", "only for ios, nxos, junos, eos, linux or vmware", false,
     [](Invocation& to, const std::string& text) {
       to.vendor = value::choice(text, switch_vendor_names());
     },
     switch_vendor_names()},
    {"dport", nullptr, "PORT", "the port that clients call, for sourceip-sourceport-destport",
     false, [](Invocation& to, const std::string& text) { to.dest_port = value::port(text); }},
    {"nodes", nullptr, "N", "plan for so many nodes, one or two of which fail", false,
     [](Invocation& to, const std::string& text) {
       to.nodes = value::number(text, 2, most_nodes);
     }},
    {"each", nullptr, nullptr, "a line for each client, however many they are", false,
     [](Invocation& to, const std::string&) { to.each = true; }},
    {"client", nullptr, "ADDRESS[/BITS]", "only packets of this client or network", false,
     [](Invocation& to, const std::string& text) { to.watch.clients = value::network(text); }},
    {"rate", nullptr, "LINES", "most lines a second, 0 for the counts alone (default 20)", false,
     [](Invocation& to, const std::string& text) {
       to.watch.lines_per_second = value::number(text, 0, fastest_lines);
     }},
    {"seconds", nullptr, "N", "end after so many seconds", false,
     [](Invocation& to, const std::string& text) {
       to.watch.seconds = value::number(text, 1, any_number);
     }},
    {"count", nullptr, "N", "end after so many packets", false,
     [](Invocation& to, const std::string& text) {
       to.watch.packets = value::number(text, 1, any_number);
     }},
};

std::string explained(const Option& option) {
  if (option.parameter == nullptr || std::string(option.parameter) == option.name) {
    return option.help;
  }
  return std::string(option.help) + " [" + option.parameter + "]";
}

bool takes(const Command& command, const Option& option) {
  const auto& names = command.options;
  return std::find(names.begin(), names.end(), option.name) != names.end();
}

po::options_description described(const Command& command) {
  po::options_description description("Options, with the agent's parameter in brackets");
  for (const auto& option : options) {
    if (!takes(command, option)) continue;
    const auto help = explained(option);
    if (option.argument == nullptr) {
      description.add_options()(option.name, help.c_str());
    } else {
      auto* argument = po::value<std::string>()->value_name(option.argument);
      description.add_options()(option.name, argument, help.c_str());
    }
  }
  return description;
}

// The parameter's name for somebody who configures the agent, the option's for the shell.
std::string shown_name(const Option& option) {
  const std::string name = option.name;
  if (option.parameter == nullptr) return "--" + name;
  return option.parameter == name ? name : std::string(option.parameter) + " (--" + name + ")";
}

void store(const Option& option, const std::string& text, Invocation& invocation) {
  try {
    option.store(invocation, text);
  } catch (const Error& error) {
    throw error.within(shown_name(option));
  }
}

/// The words sorted into options and operands.
struct Given {
  po::variables_map options;
  std::vector<std::string> operands;
};

Given parse_words(const Command& command, const std::vector<std::string>& words) {
  try {
    namespace style = po::command_line_style;
    // No guessing from abbreviations: a typing error must not become another option.
    const auto strict = style::unix_style & ~style::allow_guessing;
    const auto known = described(command);
    const po::positional_options_description no_names;
    auto parser = po::command_line_parser(words).options(known).style(strict);
    if (command.operands.most == 0) parser.positional(no_names);
    const auto parsed = parser.run();
    Given given;
    po::store(parsed, given.options);
    given.operands = po::collect_unrecognized(parsed.options, po::include_positional);
    return given;
  } catch (const po::error& error) {
    throw Error(ExitCode::bad_arguments, printable(error.what()));
  }
}

void check_operands(const Command& command, const std::vector<std::string>& operands) {
  const auto& wanted = command.operands;
  if (operands.size() >= wanted.least && operands.size() <= wanted.most) return;
  throw Error(ExitCode::bad_arguments, "usage: loadshare " + std::string(command.name) + " " +
                                           wanted.shown + " [OPTION...]");
}

void check_identity(const po::variables_map& given) {
  if (given.count("ip") == 0) throw Error(ExitCode::not_configured, "ip: missing");
  if (given.count("bucket") != 0 && given.count("clone") != 0) {
    throw Error(ExitCode::bad_arguments, "--bucket and --clone exclude each other");
  }
}

const std::vector<ExitMeaning> meanings = {
    {ExitCode::success, "done or served"},
    {ExitCode::not_running, "not held here"},
    {ExitCode::generic_error, "failed"},
    {ExitCode::bad_arguments, "bad option"},
    {ExitCode::unimplemented, "no such command"},
    {ExitCode::permission_denied, "not permitted"},
    {ExitCode::not_installed, "this node lacks a part"},
    {ExitCode::not_configured, "bad value"},
};

std::string exit_status_in_words() {
  std::string text = "\nThe exit status is the OCF code:";
  std::size_t line_begins = 1;
  for (const auto& [code, words] : meanings) {
    const auto entry = std::to_string(static_cast<int>(code)) + " " + words +
                       (&words == &meanings.back().words ? "." : ",");
    const bool fits = text.size() - line_begins + 1 + entry.size() <= line_width;
    text += fits ? " " : "\n";
    if (!fits) line_begins = text.size();
    text += entry;
  }
  return text + "\n";
}

constexpr std::size_t summary_column = 37;

std::string row(const Command& command) {
  std::string line = "  " + std::string(command.name);
  if (command.operands.most > 0) line += " " + std::string(command.operands.shown);
  line.resize(std::max(line.size() + 1, summary_column), ' ');
  return line + command.summary + "\n";
}

}  // namespace

const std::vector<Option>& all_options() { return options; }
const std::vector<ExitMeaning>& exit_meanings() { return meanings; }

Invocation parse_options(const Command& command, const std::vector<std::string>& arguments) {
  const auto given = parse_words(command, arguments);
  if (command.reading != Reading::as_given) check_identity(given.options);
  check_operands(command, given.operands);
  Invocation invocation;
  invocation.operands = given.operands;
  const bool only_identity = command.reading == Reading::only_identity;
  for (const auto& option : options) {
    const auto found = given.options.find(option.name);
    if (found == given.options.end() || (only_identity && !option.names_bucket)) continue;
    store(option, option.argument == nullptr ? "" : found->second.as<std::string>(), invocation);
    invocation.given.insert(option.name);
  }
  if (command.reading == Reading::whole_request) check(invocation.request);
  return invocation;
}

std::string usage(const std::vector<Command>& commands) {
  std::string text =
      "loadshare: a load-sharing cluster address, bucket by bucket\n\n"
      "Usage: loadshare COMMAND [OPTION...]\n\n";
  for (const auto& command : commands) text += row(command);
  return text +
         "\nOptions of a command: loadshare COMMAND --help\nWhich loadshare it is: loadshare "
         "--version\n" +
         exit_status_in_words();
}

std::string usage(const Command& command) {
  std::ostringstream text;
  text << "Usage: loadshare " << command.name << " " << command.operands.shown
       << (command.operands.most > 0 ? " " : "") << "[OPTION...]\n"
       << command.summary << "\n\n"
       << command.details << (*command.details != '\0' ? "\n" : "") << described(command)
       << exit_status_in_words();
  return text.str();
}

}  // namespace loadshare
