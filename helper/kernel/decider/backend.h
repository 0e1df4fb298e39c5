// SPDX-License-Identifier: GPL-2.0-or-later
// The backend for any kernel with eBPF at tc: one program at the interface's ingress decides what
// ipt_CLUSTERIP did, packet for packet.
#pragma once

#include <chrono>
#include <memory>

#include "loadshare/backend.h"

namespace loadshare::decider {

/// `lock_wait` bounds the wait for the lock of the parts that all addresses share.
std::unique_ptr<Backend> make_backend(std::chrono::seconds lock_wait);

}  // namespace loadshare::decider
