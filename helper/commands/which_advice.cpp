// SPDX-License-Identifier: GPL-2.0-or-later
#include "commands/which_report.h"
#include "kernel/clusterip/rule.h"
#include "loadshare/request.h"
#include "pacemaker/placement.h"

namespace loadshare::commands {

std::vector<Advice> advice_for(const WhichReport& report) {
  const unsigned nodes = report.nodes.value();
  const auto advised = [nodes](BackendChoice backend, unsigned most) {
    const unsigned buckets = advised_buckets(nodes, most);
    return Advice{backend, buckets, unevenness(buckets, nodes)};
  };
  std::vector<Advice> all{advised(BackendChoice::ebpf, most_buckets)};
  if (report.address.version == 4 && nodes <= clusterip::most_buckets) {
    all.push_back(advised(BackendChoice::clusterip, clusterip::most_buckets));
  }
  return all;
}

}  // namespace loadshare::commands
