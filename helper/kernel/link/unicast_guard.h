// SPDX-License-Identifier: GPL-2.0-or-later
// Silence where our rules are missing: unicast packets in multicast frames are dropped by the IP
// stack unless a rule took them.
#pragma once

#include <string>

namespace loadshare::link {

// net.ipv4.conf.NIC.drop_unicast_in_l2_multicast, and the same of net.ipv6
// (Documentation/networking/ip-sysctl.rst). What it was is known without a state file: any value
// but 0 means on, and we write 2 where we found 0. So 2 is ours to take back, 1 is the
// administrator's and stays, and the knowledge outlives a flush of all rules.

/// Whether such packets are dropped on the interface; false where it does not exist.
bool drops_unicast_in_multicast(const std::string& interface, int ip_version);

/// Throws kernel_error where the interface does not exist.
void drop_unicast_in_multicast(const std::string& interface, int ip_version);

/// Back to what it was. Succeeds where the interface is gone.
void restore_unicast_in_multicast(const std::string& interface, int ip_version);

}  // namespace loadshare::link
