// SPDX-License-Identifier: GPL-2.0-or-later
// which: the bucket of each client, and who owns it.
#include <unistd.h>

#include <iostream>

#include "commands/commands.h"
#include "commands/steps.h"
#include "commands/which_report.h"
#include "loadshare/error.h"
#include "output/terminal.h"
#include "pacemaker/cluster.h"

namespace loadshare::commands {
namespace {

bool given_by_hand(const Invocation& call) {
  const auto& given = call.given;
  if (given.contains("total")) return true;
  for (const char* name : {"hash", "seed", "nodes"}) {
    if (!given.contains(name)) continue;
    throw Error(ExitCode::bad_arguments,
                "--hash, --seed and --nodes are for an address that is not "
                "held here, and need --total");
  }
  return false;
}

Clients clients_of(const Invocation& call, int ip_version) {
  Clients clients;
  for (std::size_t at = 1; at < call.operands.size(); ++at) {
    add_clients(call.operands[at], ip_version, clients);
  }
  if (call.operands.size() > 1) return clients;
  if (isatty(STDIN_FILENO) == 1) std::cerr << "clients, one a line; Ctrl-D ends them\n";
  clients = read_clients(std::cin, ip_version);
  if (!clients.all.empty()) return clients;
  throw Error(ExitCode::bad_arguments, "no client was given, and none came on standard input");
}

// A cluster that does not answer is no reason to keep the rest back.
std::optional<pacemaker::ClusterResource> ask_pacemaker(const Request& request) {
  try {
    return pacemaker::ask(request.address, request.network_namespace.value_or(""));
  } catch (const Error& error) {
    std::cerr << "nodes are not shown: " << error.what() << "\n";
    return std::nullopt;
  }
}

void ask_kernel(const Invocation& call, WhichReport& report) {
  enter_namespace(call);
  const auto lock = lock_address(call, LockMode::shared);
  const auto observed = Kernel(call.request, call.lock_wait).observe(call.request);
  const auto& state = observed.filter;
  if (state.filters.empty()) {
    throw Error(ExitCode::not_running,
                to_string(report.address) +
                    " is not held here: ask on a node that holds it, or give --total, --hash and "
                    "--seed");
  }
  const auto& filter = state.filters.front();
  report.sharing = {filter.hash_mode, filter.seed, filter.total, 0};
  report.owned = state.buckets;
  report.moves = state.moves;
  report.connections = observed.connections;
}

void set_dest_port(const Invocation& call, Sharing& sharing) {
  if (sharing.hash_mode != HashMode::source_ip_source_port_dest_port) return;
  if (!call.dest_port) {
    throw Error(ExitCode::bad_arguments,
                "hash mode sourceip-sourceport-destport: --dport PORT is needed, too");
  }
  sharing.dest_port = *call.dest_port;
}

}  // namespace

void which(const Invocation& given) {
  auto call = given;
  auto& request = call.request;
  request.address = value::cluster_address(call.operands.at(0));
  WhichReport report;
  report.address = request.address;
  if (given_by_hand(call)) {
    report.sharing = {request.hash_mode, request.seed, request.total, 0};
  } else {
    report.resource = ask_pacemaker(request);
    ask_kernel(call, report);
  }
  report.nodes = call.nodes;
  set_dest_port(call, report.sharing);
  report.clients = clients_of(call, report.address.version);
  if (call.json) {
    print_json(report, std::cout);
  } else {
    print_text(report, call.each, terminal::shows_colour(), std::cout);
  }
}

}  // namespace loadshare::commands
