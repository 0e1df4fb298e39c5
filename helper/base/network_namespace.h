// SPDX-License-Identifier: GPL-2.0-or-later
// The network namespace that this process works in.
#pragma once

#include <cstdint>
#include <string>

namespace loadshare {

/// Enters the namespace that `ip netns add NAME` made. Throws not_installed where it is missing.
void enter_network_namespace(const std::string& name);

/// Tells namespaces apart: the inode number of the present one (namespaces(7)).
std::uint64_t network_namespace_id();

}  // namespace loadshare
