// SPDX-License-Identifier: GPL-2.0-or-later
// A cluster address as Pacemaker knows it.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "loadshare/addresses.h"
#include "request/transition.h"

namespace loadshare::pacemaker {

/// The resource of a cluster address, and where its clone instances run.
struct ClusterResource {
  std::string name;                                 ///< of the primitive
  std::map<unsigned, std::set<std::string>> nodes;  ///< by bucket; none: it runs nowhere
};

/// The name of the resource whose agent is ocf:loadshare:ClusterIP and that has this address in
/// this network namespace ("": the host's own). Nothing where there is none. `resources` is what
/// `cibadmin --query --scope resources` prints: crm_mon shows no parameters.
std::optional<std::string> resource_name(const std::string& resources, const IpAddress& address,
                                         const std::string& network_namespace);

/// Where the resource's instances run: instance N, as Pacemaker counts them, is bucket N + 1.
/// `monitor` is what `crm_mon --one-shot --output-as=xml` prints, of Pacemaker 2.1 and 3.
ClusterResource find_instances(const std::string& monitor, const std::string& name);

/// Those of the clone's instances among the stops, lrm_rsc_op elements of the CIB's status section.
std::vector<StopRecord> find_stop_records(const std::string& operations, const std::string& clone);

/// Whether the clone of this resource has this clone-max beyond doubt: `configuration` (cib.xml)
/// names it, and nothing there names another, depends on rules or stands elsewhere (id-ref). False
/// also where `configuration` is no such file.
bool states_clone_max(const std::string& configuration, const std::string& resource,
                      const std::string& clone_max);

}  // namespace loadshare::pacemaker
