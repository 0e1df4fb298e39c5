// SPDX-License-Identifier: GPL-2.0-or-later
// status: every cluster address of this node, as the kernel has it. No configuration is needed.
#include <iostream>
#include <nlohmann/json.hpp>

#include "commands/commands.h"
#include "commands/steps.h"
#include "loadshare/error.h"
#include "output/report.h"
#include "output/terminal.h"

namespace loadshare::commands {
namespace {

report::AddressReport look_at(const Invocation& call, const IpAddress& address) {
  auto about = call;
  about.request.address = address;
  const auto lock = lock_address(about, LockMode::shared);
  Kernel kernel(about.request, about.lock_wait);
  auto observed = kernel.observe(about.request);
  // The interface that the address is served on need not be the one that its network suggests.
  const auto& filters = observed.filter.filters;
  const auto name = observed.interface ? observed.interface->name : "";
  if (!filters.empty() && name != filters.front().interface) {
    about.request.interface = filters.front().interface;
    observed = kernel.observe(about.request);
  }
  return report::report_on(address, kernel.backend(), observed);
}

std::vector<report::AddressReport> reports(const Invocation& call) {
  std::set<IpAddress> addresses = cluster_addresses();
  if (!call.operands.empty()) {
    const auto address = address_operand(call);
    if (!addresses.contains(address)) {
      throw Error(ExitCode::not_running, to_string(address) + " is not held on this node");
    }
    addresses = {address};
  }
  std::vector<report::AddressReport> found;
  for (const auto& address : addresses) found.push_back(look_at(call, address));
  return found;
}

void print_json(const std::vector<report::AddressReport>& found) {
  auto addresses = nlohmann::ordered_json::array();
  for (const auto& one : found) addresses.push_back(report::to_json(one));
  std::cout << nlohmann::ordered_json{{"addresses", addresses}}.dump(2) << "\n";
}

void print_text(const std::vector<report::AddressReport>& found, report::Detail detail) {
  const bool colour = terminal::shows_colour();
  bool first = true;
  for (const auto& one : found) {
    if (!first) std::cout << "\n";
    first = false;
    report::print(one, detail, std::cout, colour);
  }
}

}  // namespace

void status(const Invocation& call) {
  enter_namespace(call);
  const auto found = reports(call);
  if (call.json) {
    print_json(found);
  } else {
    print_text(found,
               call.operands.empty() ? report::Detail::overview : report::Detail::every_bucket);
  }
  if (found.empty()) {
    throw Error(ExitCode::not_running, "no cluster address is held on this node");
  }
  for (const auto& one : found) {
    if (one.differences.empty()) continue;
    std::cout.flush();
    throw Error(ExitCode::generic_error, to_string(one.address) + ": " + one.differences.front());
  }
}

}  // namespace loadshare::commands
