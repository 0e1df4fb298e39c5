// SPDX-License-Identifier: GPL-2.0-or-later
#include <net/if.h>

#include <algorithm>
#include <fstream>

#include "base/words.h"
#include "checks/checks.h"
#include "checks/foreign_rules.h"
#include "checks/link_kind.h"
#include "kernel/kernel.h"
#include "kernel/link/address.h"
#include "loadshare/error.h"

namespace loadshare::checks {
namespace {

std::string list(const std::set<unsigned>& buckets) {
  return buckets.empty() ? "no bucket" : "bucket " + words::listed(buckets);
}

// start would refuse for these reasons.
void check_start(const Place& place, Findings& findings) {
  try {
    Kernel kernel(place.request, {});
    kernel.check(place.request, place.observed);
    plan_start(place.request, place.observed);
  } catch (const Error& error) {
    findings.push_back(fail(error.what()));
  }
}

void check_address(const Place& place, Findings& findings) {
  const auto text = to_string(place.request.address);
  const auto& state = place.observed.filter;
  for (const auto& held : place.observed.addresses) {
    // Of the node's own address speaks check_start().
    if (!state.filters.empty() || !held.cluster_form) continue;
    const auto shown = text + "/" + std::to_string(held.prefix_length);
    findings.push_back(fail(
        shown + " is on " + held.interface + " without a cluster rule: this node answers everybody",
        "ip address del " + shown + " dev " + held.interface));
  }
  if (!state.filters.empty() || !state.faults.empty()) {
    for (const auto& fault : faults_of(place.request.address, place.observed)) {
      findings.push_back(fail(fault, "stop and start the resource on this node"));
    }
  }
  if (!findings.empty()) return;
  findings.push_back(state.filters.empty()
                         ? ok(text + " is not held by this node")
                         : ok("this node serves " + list(state.buckets) + " of " + text));
}

bool answers_arp_for_others(const std::string& interface) {
  int own = 0, all = 0;
  std::ifstream("/proc/sys/net/ipv4/conf/" + interface + "/arp_ignore") >> own;
  std::ifstream("/proc/sys/net/ipv4/conf/all/arp_ignore") >> all;
  return std::max(own, all) == 0;
}

// What arrives at a port is its bridge's or bond's.
bool is_port(netlink::Socket& route, const std::string& interface) {
  const auto link = find_link_kind(route, if_nametoindex(interface.c_str()));
  return link && (link->port_of == "bridge" || link->port_of == "bond");
}

// Linux answers ARP on any interface for any of its addresses, there with that interface's MAC.
void check_second_interface(const Place& place, Findings& findings) {
  const auto& address = place.request.address;
  if (address.version != 4) return;
  netlink::Socket route(NETLINK_ROUTE);
  std::set<std::string> told{place.interface, "lo"};
  for (const auto& own : link::node_addresses(route, 4)) {
    const auto& name = own.held.interface;
    if (!same_network(own.address, address, own.held.prefix_length)) continue;
    if (!answers_arp_for_others(name) || !told.insert(name).second || is_port(route, name)) {
      continue;
    }
    findings.push_back(fail(name + " is in the same network and would answer ARP for " +
                                to_string(address) + " with its own MAC",
                            "sysctl net.ipv4.conf." + name + ".arp_ignore=1"));
  }
}

void check_foreign_rules(const Place& place, Findings& findings) {
  for (const auto& rule : foreign_rules(place.request.address)) {
    findings.push_back(fail(rule + " shares out " + to_string(place.request.address) + ", too",
                            "stop whoever put it there, such as an IPaddr2 clone"));
  }
}

}  // namespace

Findings this_node(const Place& place) {
  Findings findings;
  check_address(place, findings);
  check_start(place, findings);
  check_second_interface(place, findings);
  check_foreign_rules(place, findings);
  return findings;
}

}  // namespace loadshare::checks
