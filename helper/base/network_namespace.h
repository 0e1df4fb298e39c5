// SPDX-License-Identifier: GPL-2.0-or-later
// The network namespace that this process works in, and the others of this machine.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/file_descriptor.h"

namespace loadshare {

/// Enters the namespace that `ip netns add NAME` made. Throws not_installed where it is missing,
/// kernel_error.
void enter_network_namespace(const std::string& name);

/// A namespace as setns(2) takes it.
struct NetworkNamespace {
  std::string shown;  ///< "network namespace blue", or by a process that is in it
  FileDescriptor file;
};

/// All that can be found: the present one, those with a name, and those that only processes are in.
std::vector<NetworkNamespace> all_network_namespaces();

/// Throws kernel_error.
void enter(const NetworkNamespace& network_namespace);

/// Tells namespaces apart: the inode number of the present one (namespaces(7)).
std::uint64_t network_namespace_id();

}  // namespace loadshare
