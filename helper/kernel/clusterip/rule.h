// SPDX-License-Identifier: GPL-2.0-or-later
// The CLUSTERIP rule as bytes: built, parsed, and judged against rules before it. No system call.
#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "loadshare/observed.h"

struct ipt_entry;

namespace loadshare::clusterip {

/// CLUSTERIP_MAX_NODES, linux/netfilter_ipv4/ipt_CLUSTERIP.h
constexpr unsigned most_buckets = 16;

/// One iptables rule with target CLUSTERIP.
struct Rule {
  IpAddress address;
  Filter filter;
  std::set<unsigned> local_nodes;  ///< those of its first day: /proc knows today's
  bool narrowed = false;           ///< matches less than every packet to the address

  bool operator==(const Rule&) const = default;
};

/// An ipt_entry for libiptc. At least one local node, or the kernel refuses it.
std::vector<std::byte> build(const Rule& rule);

/// Nothing unless the entry's target is CLUSTERIP. Reads no byte behind next_offset.
std::optional<Rule> parse(const ipt_entry& entry);

/// Whether a rule that stands before ours can end the way of a packet to `address` that came in
/// by `interface`. `target` is the name as libiptc gives it. In doubt: yes.
bool may_take(const ipt_entry& entry, const std::string& target, const IpAddress& address,
              const std::string& interface);

}  // namespace loadshare::clusterip
