// SPDX-License-Identifier: GPL-2.0-or-later
#include "pacemaker/cluster.h"

#include "program.h"

namespace loadshare::pacemaker {
namespace {

// Both answer within 30 ms on a quiet cluster, and can wait for ever for a daemon that hangs.
constexpr std::chrono::seconds longest_wait{5};

std::optional<std::string> answer(const std::vector<std::string>& words) {
  auto [exit_status, output] = run_program(words, longest_wait);
  if (exit_status != 0) return std::nullopt;
  return std::move(output);
}

}  // namespace

std::optional<ClusterResource> ask(const IpAddress& address, const std::string& network_namespace) {
  const auto resources = answer({"cibadmin", "--query", "--scope", "resources"});
  if (!resources) return std::nullopt;
  const auto name = resource_name(*resources, address, network_namespace);
  if (!name) return std::nullopt;
  const auto monitor =
      answer({"crm_mon", "--one-shot", "--output-as=xml", "--include=none,resources"});
  if (!monitor) return std::nullopt;
  return find_instances(*monitor, *name);
}

std::optional<std::set<std::string>> online_nodes() {
  const auto monitor = answer({"crm_mon", "--one-shot", "--output-as=xml", "--include=none,nodes"});
  if (!monitor) return std::nullopt;
  return find_online_nodes(*monitor);
}

}  // namespace loadshare::pacemaker
