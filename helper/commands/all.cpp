// SPDX-License-Identifier: GPL-2.0-or-later
#include "commands/commands.h"

namespace loadshare::commands {
namespace {

// What the agent hands over: all four of its commands are called with the same words.
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
                                                   "noprefixroute",
                                                   "network-namespace",
                                                   "globally-unique",
                                                   "wait",
                                                   "dry-run",
                                                   "verbose"};

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
    {"validate",
     {},
     "could it be started here?",
     resource_options,
     Reading::whole_request,
     validate},
    {"watch",
     {"ADDRESS", 1, 1},
     "each packet, and who answers it",
     {"client", "bucket", "rate", "seconds", "count", "network-namespace", "wait"},
     Reading::as_given,
     watch},
    {"check",
     {},
     "will it work here? changes nothing",
     {"ip", "nic", "netmask", "broadcast", "mac", "backend", "network-namespace"},
     Reading::as_given,
     check},
};

}  // namespace

const std::vector<Command>& all() { return commands; }

}  // namespace loadshare::commands
