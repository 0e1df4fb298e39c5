// SPDX-License-Identifier: GPL-2.0-or-later
// traffic: sends, answers and judges the test traffic of a cluster IP. Runs as root, one process a
// call.
#include <algorithm>
#include <array>
#include <exception>
#include <iostream>

#include "arguments.h"
#include "commands.h"

namespace {

constexpr int cannot_tell = 2;

struct Command {
  const char* name;
  const char* purpose;
  int (*run)(const traffic::Arguments&);
};

constexpr std::array commands{
    Command{"serve", "answer on UDP, TCP and SCTP until SIGTERM", traffic::serve},
    Command{"ask", "which nodes answer each of many clients?", traffic::ask},
    Command{"observe", "who answers many pinging clients, over time?", traffic::observe},
    Command{"converse", "do many TCP connections survive, whole?", traffic::converse},
    Command{"knock", "which node accepts the new connections of each bucket?", traffic::knock},
    Command{"identity", "does each packet reach the owner of its bucket alone?", traffic::identity},
    Command{"watch-arp", "which MACs are advertised for an address?", traffic::watch_arp},
    Command{"arp-storm", "send ARP requests or neighbour solicitations at a steady rate",
            traffic::arp_storm},
    Command{"flood", "what does the receiving side pay for a packet?", traffic::flood},
    Command{"decider", "what does the deciding program hold, and what if it is spoilt?",
            traffic::decider_program},
    Command{"tcx", "who sits at an interface's ingress and egress?", traffic::tcx},
    Command{"claim", "send ARP or ND messages with the node's own MAC", traffic::claim},
};

void print_usage(std::ostream& out) {
  out << "usage: traffic COMMAND [--help] ...\n";
  for (const Command& command : commands)
    out << "  " << command.name << ": " << command.purpose << '\n';
  out << "exit status: 0 all right, 1 the traffic is wrong, 2 could not be found out\n";
}

int dispatch(const traffic::Arguments& words) {
  const auto command = std::find_if(
      commands.begin(), commands.end(),
      [&](const Command& candidate) { return !words.empty() && words.front() == candidate.name; });
  if (command != commands.end()) return command->run({words.begin() + 1, words.end()});
  const bool asked = !words.empty() && words.front() == "--help";
  print_usage(asked ? std::cout : std::cerr);
  return asked ? 0 : cannot_tell;
}

}  // namespace

int main(int count, char** words) {
  try {
    return dispatch({words + 1, words + count});
  } catch (const traffic::HelpWanted& help) {
    std::cout << help.text;
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "traffic: " << error.what() << '\n';
    return cannot_tell;
  }
}
