// SPDX-License-Identifier: GPL-2.0-or-later
#include <linux/if_bonding.h>
#include <linux/netlink.h>

#include "checks/checks.h"
#include "checks/link_kind.h"

namespace loadshare::checks {
namespace {

constexpr int most_layers = 8;  // VLANs on macvlans on bridges and so on

void check_state(const Interface& link, Findings& findings) {
  const auto& name = link.name;
  if (link.loopback || !link.multicast) {
    findings.push_back(
        fail(name + " takes no multicast frames",
             "use an Ethernet interface, or: ip link set " + name + " multicast on"));
  } else if (!link.up) {
    findings.push_back(
        warn(name + " is down", "start raises it; until then nothing else can be told"));
  } else if (!link.carrier) {
    findings.push_back(fail(name + " has no carrier", "see to its cable or switch port"));
  } else {
    findings.push_back(ok(name + " is up, has a carrier and takes multicast frames"));
  }
}

Finding judge_bridge(const LinkKind& link) {
  const auto snooping_off = "ip link set " + link.name + " type bridge mcast_snooping 0";
  if (link.snooping && link.querier) {
    return fail("bridge " + link.name +
                    " has IGMP snooping and a querier: it gives the cluster "
                    "MAC to nobody",
                snooping_off);
  }
  if (link.snooping) {
    return warn("bridge " + link.name +
                    " has IGMP snooping: once there is a querier, the "
                    "cluster MAC reaches nobody",
                snooping_off);
  }
  return ok("bridge " + link.name + " floods multicast frames");
}

Finding judge_bond(const LinkKind& link) {
  if (link.bond_mode == BOND_MODE_ALB) {
    return fail("bond " + link.name +
                    " is in mode balance-alb, which puts MACs of its own into "
                    "ARP replies",
                "use active-backup or 802.3ad");
  }
  if (link.bond_mode == BOND_MODE_BROADCAST) {
    return warn("bond " + link.name + " is in mode broadcast: packets may come twice",
                "use active-backup or 802.3ad");
  }
  return ok("bond " + link.name + " is in a mode that leaves multicast alone");
}

void judge_kind(const LinkKind& link, Findings& findings) {
  if (link.kind == "bridge") findings.push_back(judge_bridge(link));
  if (link.kind == "bond") findings.push_back(judge_bond(link));
  if (link.kind == "macvlan") {
    findings.push_back(warn(link.name + " is a macvlan: multicast frames wait in a short queue, "
                                        "and a busy one drops them",
                            "use the interface below, or a longer queue (bcqueuelen)"));
  }
  if (link.kind == "ipvlan") {
    findings.push_back(fail(link.name + " is an ipvlan, which has no MAC of its own",
                            "use the interface below it"));
  }
}

// The address belongs on what the port is a part of: there the packets are delivered.
void check_port(netlink::Socket& route, const Interface& nic, const LinkKind& link,
                Findings& findings) {
  if (nic.taker.empty()) return;
  const auto master = link.master != 0 ? find_link_kind(route, link.master) : std::nullopt;
  const auto advice = master ? "put the address on " + master->name + " (nic=" + master->name + ")"
                             : "use another mode there, such as bridge";
  findings.push_back(fail(nic.name + " is " + nic.taker, advice));
}

}  // namespace

Findings interface(const Place& place) {
  Findings findings;
  if (!place.observed.interface) {
    findings.push_back(fail("interface " + place.interface + " does not exist on this node"));
    return findings;
  }
  check_state(*place.observed.interface, findings);
  netlink::Socket route(NETLINK_ROUTE);
  auto index = place.observed.interface->index;
  for (int layer = 0; layer < most_layers && index != 0; ++layer) {
    const auto link = find_link_kind(route, index);
    if (!link) break;
    if (layer == 0) check_port(route, *place.observed.interface, *link, findings);
    judge_kind(*link, findings);
    index = link->above;
  }
  return findings;
}

}  // namespace loadshare::checks
