// SPDX-License-Identifier: GPL-2.0-or-later
// Rules of others that share out the same address.
#pragma once

#include <string>
#include <vector>

#include "loadshare/addresses.h"

struct nlmsghdr;

namespace loadshare::checks {

/// "rule of xt_cluster in chain INPUT of table filter" for each nf_tables rule that names the
/// address and hashes (newer IPaddr2 clones, xt_cluster through iptables-nft).
std::vector<std::string> foreign_rules(const IpAddress& address);

/// The same of one NFT_MSG_NEWRULE message; empty where it is no such rule.
std::string foreign_rule(const nlmsghdr& message, const IpAddress& address);

}  // namespace loadshare::checks
