// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/words.h"
#include "checks/checks.h"
#include "checks/foreign_rules.h"
#include "kernel/kernel.h"
#include "kernel/link/links.h"
#include "loadshare/error.h"

namespace loadshare::checks {
namespace {

constexpr std::size_t most_names = 8;

std::string list(const std::set<unsigned>& buckets) {
  return buckets.empty() ? "no bucket" : "bucket " + words::listed(buckets);
}

// start would refuse for these reasons.
void check_start(const Place& place, Findings& findings) {
  const auto& nic = place.observed.interface;
  if (nic && !nic->taker.empty()) return;  // interface() has told it
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

// What start closes, and somebody may have opened since.
void check_other_ways(const Place& place, Findings& findings) {
  for (const auto& fault : place.observed.ways.faults) {
    if (place.observed.filter.filters.empty()) break;
    findings.push_back(fail(fault, "stop and start the resource on this node"));
  }
  netlink::Socket route(NETLINK_ROUTE);
  std::vector<std::string> names;
  for (const auto& link : link::all_links(route)) {
    if (!link.loopback && link.name != place.interface) names.push_back(link.name);
  }
  if (names.empty()) return;
  const auto more = names.size() > most_names ? names.size() - most_names : 0;
  if (more > 0) names.resize(most_names);
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
  if (more > 0) text += " and " + std::to_string(more) + " more";
  findings.push_back(ok("other ways in, which start keeps from answering: " + text));
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
  check_other_ways(place, findings);
  check_foreign_rules(place, findings);
  return findings;
}

}  // namespace loadshare::checks
