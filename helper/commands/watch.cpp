// SPDX-License-Identifier: GPL-2.0-or-later
// watch: each packet to a cluster address, and whether this node answers it.
#include <unistd.h>

#include "commands/commands.h"
#include "commands/steps.h"
#include "loadshare/error.h"
#include "watch/session.h"

namespace loadshare::commands {
namespace {

constexpr int least_priority = 19;  // nice(2)

IpAddress address_of(const Invocation& call) {
  try {
    return value::cluster_address(call.operands.front());
  } catch (const Error& error) {
    throw error.within("ADDRESS");
  }
}

void check_clients(const Invocation& call, const IpAddress& address) {
  const auto& clients = call.watch.clients;
  if (!clients || clients->address.version == address.version) return;
  throw Error(ExitCode::not_configured, "--client: " + to_string(clients->address) +
                                            " can be no client of " + to_string(address));
}

}  // namespace

void watch(const Invocation& call) {
  const auto address = address_of(call);
  check_clients(call, address);
  enter_namespace(call);
  // Under a flood the node has better things to do.
  [[maybe_unused]] const int priority = nice(least_priority);
  watch::Session(call, address).run();
}

}  // namespace loadshare::commands
