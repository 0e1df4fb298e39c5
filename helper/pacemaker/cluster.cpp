// SPDX-License-Identifier: GPL-2.0-or-later
#include "pacemaker/cluster.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "base/program.h"
#include "loadshare/error.h"

namespace loadshare::pacemaker {
namespace {

// Both answer within 30 ms on a quiet cluster, and can wait for ever for a daemon that hangs.
constexpr std::chrono::seconds longest_wait{5};

std::optional<std::string> answer(const std::vector<std::string>& words) {
  auto [exit_status, output] = run_program(words, longest_wait);
  if (exit_status != 0) return std::nullopt;
  return std::move(output);
}

// Where pacemaker-based keeps it, on every full member of the cluster: measured, within 200 ms of a
// change. That it says what is expected can be believed. That it does not can mean anything (it is
// not written any more after the disk was full), so it accuses nobody.
constexpr char configuration_file[] = "/var/lib/pacemaker/cib/cib.xml";

// pacemakerd sets it for all that it starts. A remote node has no pacemakerd, but may have the file
// of a time when it was a member.
bool called_by_full_member() { return std::getenv("PCMK_cluster_type") != nullptr; }

std::string configuration_of_this_node() {
  std::ostringstream text;
  if (called_by_full_member()) text << std::ifstream(configuration_file).rdbuf();
  return text.str();
}

bool is_number(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
}

// Nothing where the cluster gives no number, and none in time.
std::optional<std::string> clone_max_of(const std::string& resource) try {
  auto number = answer({"crm_resource", "--quiet", "--resource", resource, "--meta",
                        "--get-parameter", "clone-max"});
  if (!number) return std::nullopt;
  number->erase(std::min(number->find('\n'), number->size()));
  return is_number(*number) ? number : std::nullopt;
} catch (const Error&) {
  return std::nullopt;
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
  const auto [exit_status, output] =
      run_program({"cibadmin", "--query", "--xpath",
                   "//node_state//lrm_rsc_op[@operation='stop' and @rc-code='0']"},
                  longest_wait);
  constexpr int nothing_matches = 105;  // CRM_EX_NOSUCH, crm/common/results.h
  if (exit_status == nothing_matches) return std::vector<StopRecord>{};
  if (exit_status != 0) return std::nullopt;
  return find_stop_records(output, clone);
}

std::optional<std::string> changed_clone_max(const std::string& resource, unsigned total) {
  const auto expected = std::to_string(total);
  if (states_clone_max(configuration_of_this_node(), resource, expected)) return std::nullopt;
  const auto now = clone_max_of(resource);
  return now != expected ? now : std::nullopt;
}

}  // namespace loadshare::pacemaker
