// SPDX-License-Identifier: GPL-2.0-or-later
// Every way by which frames to a cluster MAC and questions for a cluster address come into this
// network namespace: the address is answered on its nic alone, whatever interfaces there are.
//
// Two sysctls see to it, on each interface and on "default", for those that come later. They touch
// nothing but what a cluster address has alone:
//
//   drop_unicast_in_l2_multicast   The IP stack drops unicast packets in multicast frames, unless
//                                  the deciding program took them: so also the nic itself is
//                                  silent where the program is missing.
//   arp_ignore = 3                 ARP is not answered for addresses of scope host; not on the nic,
//                                  where the kernel answers it. IPv6 answers solicitations only for
//                                  addresses of the interface asked.
//
// The kernel is the only state, here, too: "on" is any number but 0, and ours says what was there.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "kernel/link/links.h"

namespace loadshare::link {

/// What is written where we find a way open, as drop_unicast_in_l2_multicast: bits.
enum GuardMark {
  guard_was_on = 1,       ///< the administrator's own value, which comes back
  guard_is_ours = 2,      ///< all that we write has it
  arp_ignore_is_ours = 4  ///< arp_ignore was 0, and comes back, if it is still our 3 then
};

/// What an interface's settings have to be, so that it lets nothing in. `all` is what counts
/// besides.
WaySettings closed(WaySettings now, const WaySettings& all, int ip_version);

/// With the mark that somebody's 0 in the guard's place has wiped away: "default" still has it.
WaySettings remembered(WaySettings now, const WaySettings& all, const WaySettings& later);

/// What they were before we closed it.
WaySettings reopened(WaySettings now);

/// The interfaces of this node's cluster addresses, whose ARP the kernel answers.
struct Nics {
  std::set<std::string> guarded;
  std::set<std::string> unguarded;  ///< CLUSTERIP needs the frames as they come

  bool contain(const std::string& interface) const {
    return guarded.contains(interface) || unguarded.contains(interface);
  }
};

/// The same for a nic that has a guard: ARP is answered there.
WaySettings closed_but_for_arp(WaySettings now, const WaySettings& all);

/// The ways of one IP version.
struct Ways {
  int ip_version = 4;
  WaySettings all, later;  ///< "all"; and "default", which later interfaces take
  std::vector<Link> links;
  Nics nics;
  bool answers_scope_host = false;  ///< arp_ignore=3 does not silence (route_localnet)

  /// Why somebody would be answered by a way that should be closed, or by none that should not, in
  /// words. `nic` is the address's own.
  std::vector<std::string> faults(const std::string& nic) const;

  /// Those that stay when all has been written that can be.
  std::vector<std::string> lasting_faults(const std::string& nic) const;

  /// Whether anything is left of what we have written.
  bool closed_by_us() const;

  /// Why CLUSTERIP could not work on the interface, even where all that is ours is taken back, in
  /// words; empty where it can.
  std::string hinders_clusterip(const Link& nic) const;

 private:
  std::string guard_fault(const std::string& place, const WaySettings& now,
                          const std::string& nic) const;
  std::string arp_fault(const std::string& place, const WaySettings& now,
                        const std::string& nic) const;
};

/// `holder` has the cluster address: lo, or a VRF.
Ways read_ways(netlink::Socket& route, int ip_version, const Nics& nics,
               const std::string& holder = "lo");

/// Closes all ways but those. Throws kernel_error for what cannot be written.
void close_ways(netlink::Socket& route, int ip_version, const Nics& nics);

/// All settings as they were. What cannot be written stays closed.
void reopen_ways(netlink::Socket& route, int ip_version);

}  // namespace loadshare::link
