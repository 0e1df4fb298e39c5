// SPDX-License-Identifier: GPL-2.0-or-later
// The one list of commands.
#include "base/words.h"
#include "commands/commands.h"

namespace loadshare::commands {
namespace {

using Options = std::vector<std::string>;

// What the agent hands over: all five of its commands are called with the same words.
const Options resource_options = words::split(
    "ip bucket clone total nic netmask broadcast label mac hash seed backend"
    " arp-count arp-interval arp-bg lease interval timeout drain notify"
    " node stopping stopping-on starting starting-on resource noprefixroute"
    " network-namespace globally-unique wait dry-run verbose");
const Options status_options = words::split("json network-namespace wait");
const Options which_options =
    words::split("total hash seed dport nodes each json backend network-namespace wait");
const Options watch_options =
    words::split("client bucket rate seconds count network-namespace wait");
const Options check_options =
    words::split("ip nic netmask broadcast mac backend drain network-namespace");
const Options by_hand_options = words::split("backend network-namespace wait dry-run verbose");
const Options switch_options =
    words::split("vendor vlan nic netmask broadcast mac backend network-namespace wait");

constexpr char which_details[] =
    "CLIENT is ADDRESS, ADDRESS:PORT, [IPV6]:PORT or a range such as 192.0.2.0/24.\n"
    "Without any, clients are read from standard input, one a line. How they are\n"
    "shared is read from the kernel where the address is held; with --total, nothing\n"
    "is asked and --hash and --seed count. Up to 16 are listed, more are counted.\n"
    "Under Pacemaker the nodes that own the buckets are shown, too. With --nodes and\n"
    "--total: what the busiest of so many nodes would get, through two failures, and\n"
    "how many buckets are advised.\n";

constexpr char by_hand_details[] =
    "The address must be held here already; nothing but the buckets changes, and all\n"
    "of them or none. Without its last bucket the node is silent. Pacemaker does not\n"
    "know of it: it may run a claimed bucket elsewhere, which is then answered twice,\n"
    "and takes a released one back at its next monitor.\n";

constexpr auto many = any_number_of_operands;
constexpr Operands none, one{"ADDRESS", 1, 1}, at_most_one{"[ADDRESS]", 0, 1};
constexpr Operands clients{"ADDRESS [CLIENT[:PORT]...]", 1, many};
constexpr Operands buckets{"ADDRESS BUCKET...", 2, many};

using enum Reading;

// clang-format off
const std::vector<Command> commands = {
    {"start", none, "own the bucket and answer for the address", resource_options, whole_request,
     start},
    {"stop", none, "give the bucket up, and all with the last", resource_options, only_identity,
     stop},
    {"monitor", none, "is the bucket owned and served?", resource_options, whole_request, monitor},
    {"notify", none, "buckets move: mind their connections", resource_options, whole_request,
     notify},
    {"validate", none, "could it be started here?", resource_options, whole_request, validate},
    {"status", at_most_one, "what this node holds, and is it well?", status_options, as_given,
     status},
    {"which", clients, "who serves these clients?", which_options, as_given, which, which_details},
    {"watch", one, "each packet, and who answers it", watch_options, as_given, watch},
    {"check", none, "will it work here? changes nothing", check_options, as_given, check},
    {"claim", buckets, "own buckets by hand", by_hand_options, as_given, claim, by_hand_details},
    {"release", buckets, "give buckets up by hand", by_hand_options, as_given, release,
     by_hand_details},
    {"switch-config", one, "lines to paste into routers and switches", switch_options, as_given,
     switch_config},
};
// clang-format on

}  // namespace

const std::vector<Command>& all() { return commands; }

}  // namespace loadshare::commands
