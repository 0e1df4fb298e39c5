// SPDX-License-Identifier: GPL-2.0-or-later
#include "commands/commands.h"

namespace loadshare::commands {
namespace {

// What the agent hands over: all five of its commands are called with the same words.
const std::vector<std::string> resource_options = {"ip",
                                                   "bucket",
                                                   "clone",
                                                   "total",
                                                   "nic",
                                                   "netmask",
                                                   "broadcast",
                                                   "label",
                                                   "mac",
                                                   "hash",
                                                   "seed",
                                                   "backend",
                                                   "arp-count",
                                                   "arp-interval",
                                                   "arp-bg",
                                                   "lease",
                                                   "interval",
                                                   "timeout",
                                                   "drain",
                                                   "notify",
                                                   "node",
                                                   "stopping",
                                                   "stopping-on",
                                                   "starting",
                                                   "starting-on",
                                                   "resource",
                                                   "noprefixroute",
                                                   "network-namespace",
                                                   "globally-unique",
                                                   "wait",
                                                   "dry-run",
                                                   "verbose"};

const std::vector<std::string> by_hand_options = {"backend", "network-namespace", "wait", "dry-run",
                                                  "verbose"};

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

const std::vector<Command> commands = {
    {"start",
     {},
     "own the bucket and answer for the address",
     resource_options,
     Reading::whole_request,
     start},
    {"stop",
     {},
     "give the bucket up, and all with the last",
     resource_options,
     Reading::only_identity,
     stop},
    {"monitor",
     {},
     "is the bucket owned and served?",
     resource_options,
     Reading::whole_request,
     monitor},
    {"notify",
     {},
     "buckets move: mind their connections",
     resource_options,
     Reading::whole_request,
     notify},
    {"validate",
     {},
     "could it be started here?",
     resource_options,
     Reading::whole_request,
     validate},
    {"status",
     {"[ADDRESS]", 0, 1},
     "what this node holds, and is it well?",
     {"json", "network-namespace", "wait"},
     Reading::as_given,
     status},
    {"which",
     {"ADDRESS [CLIENT[:PORT]...]", 1, any_number_of_operands},
     "who serves these clients?",
     {"total", "hash", "seed", "dport", "nodes", "each", "json", "backend", "network-namespace",
      "wait"},
     Reading::as_given,
     which,
     which_details},
    {"watch",
     {"ADDRESS", 1, 1},
     "each packet, and who answers it",
     {"client", "bucket", "rate", "seconds", "count", "network-namespace", "wait"},
     Reading::as_given,
     watch},
    {"check",
     {},
     "will it work here? changes nothing",
     {"ip", "nic", "netmask", "broadcast", "mac", "backend", "drain", "network-namespace"},
     Reading::as_given,
     check},
    {"claim",
     {"ADDRESS BUCKET...", 2, any_number_of_operands},
     "own buckets by hand",
     by_hand_options,
     Reading::as_given,
     claim,
     by_hand_details},
    {"release",
     {"ADDRESS BUCKET...", 2, any_number_of_operands},
     "give buckets up by hand",
     by_hand_options,
     Reading::as_given,
     release,
     by_hand_details},
    {"switch-config",
     {"ADDRESS", 1, 1},
     "lines to paste into routers and switches",
     {"vendor", "vlan", "nic", "netmask", "broadcast", "mac", "backend", "network-namespace",
      "wait"},
     Reading::as_given,
     switch_config},
};

}  // namespace

const std::vector<Command>& all() { return commands; }

}  // namespace loadshare::commands
