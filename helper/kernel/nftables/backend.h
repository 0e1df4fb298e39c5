// SPDX-License-Identifier: GPL-2.0-or-later
// The backend for any kernel with nf_tables: what ipt_CLUSTERIP did, packet for packet.
#pragma once

#include <chrono>
#include <memory>

#include "loadshare/backend.h"

namespace loadshare::nftables {

/// `lock_wait` bounds the wait for the lock of the parts that all addresses share.
std::unique_ptr<Backend> make_backend(std::chrono::seconds lock_wait);

/// Whether this node has the address by nf_tables, or anything of it that a flush has left.
bool holds(const IpAddress& address);

/// All addresses of which that is true.
std::set<IpAddress> addresses();

}  // namespace loadshare::nftables
