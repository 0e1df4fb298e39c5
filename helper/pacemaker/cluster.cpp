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

std::optional<std::vector<StopRecord>> stop_records(const std::string& clone) {
  const auto [exit_status, output] = run_program(
      {"cibadmin", "--query", "--xpath",
       "//node_state//lrm_rsc_op[@operation='stop' and @rc-code='0']"},
      longest_wait);
  constexpr int nothing_matches = 105;  // CRM_EX_NOSUCH, crm/common/results.h
  if (exit_status == nothing_matches) return std::vector<StopRecord>{};
  if (exit_status != 0) return std::nullopt;
  return find_stop_records(output, clone);
}

}  // namespace loadshare::pacemaker
