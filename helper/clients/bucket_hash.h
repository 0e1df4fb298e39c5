// SPDX-License-Identifier: GPL-2.0-or-later
// Which bucket a packet belongs to.
#pragma once

#include <cstdint>

#include "loadshare/addresses.h"
#include "loadshare/request.h"

namespace loadshare {

/// What a packet brings to the hash. Ports in host byte order; both 0 for protocols without ports.
struct HashInput {
  IpAddress source;
  std::uint16_t source_port = 0;
  std::uint16_t dest_port = 0;
};

/// The bucket, 1 … total, that ipt_CLUSTERIP chooses for an IPv4 packet
/// (clusterip_hashfn in net/ipv4/netfilter/ipt_CLUSTERIP.c of Linux 6.1) and that our eBPF program
/// (decider.bpf.c) chooses for IPv4 and IPv6. It is that of a little-endian machine on every
/// machine, so that nodes of both kinds agree; where a big-endian kernel's CLUSTERIP hashes
/// otherwise, its backend refuses.
unsigned bucket_of(const HashInput& packet, HashMode mode, std::uint32_t seed, unsigned total);

}  // namespace loadshare
