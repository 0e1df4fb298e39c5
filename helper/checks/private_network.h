// SPDX-License-Identifier: GPL-2.0-or-later
// Two network namespaces with a cable between, for a process that is made for them alone.
#pragma once

#include <string>

#include "base/file_descriptor.h"
#include "kernel/netlink/socket.h"
#include "loadshare/addresses.h"

namespace loadshare::checks {

/// The node is where the process is; the clients are at the other end of the cable. Everything is
/// gone when the process ends.
class PrivateNetwork {
 public:
  /// Leaves the process in the node's namespace, with a /run of its own, so that locks leave no
  /// trace either. Throws kernel_error.
  PrivateNetwork();

  static constexpr char node_interface[] = "loadshare0";

  /// An address of a client. Works in the clients' namespace and comes back.
  void add_client(const IpAddress& address, unsigned prefix_length) const;

  /// A UDP socket at the address, in the clients' namespace or the node's.
  FileDescriptor client_socket(const IpAddress& address, std::uint16_t port) const;
  FileDescriptor node_socket(const IpAddress& address, std::uint16_t port) const;

 private:
  void enter(const FileDescriptor& place) const;

  FileDescriptor clients_, node_;
};

}  // namespace loadshare::checks
