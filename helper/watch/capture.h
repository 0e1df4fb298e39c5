// SPDX-License-Identifier: GPL-2.0-or-later
// Copies of the packets that arrive for one address, before any rule has seen them.
#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <ctime>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/file_descriptor.h"
#include "loadshare/addresses.h"

namespace loadshare::watch {

/// What the kernel runs on each packet (classic BPF): whole IP packets to the address that came in
/// for this host, and not for one of the interface's VLANs.
std::vector<sock_filter> only_to(const IpAddress& address);

/// A packet socket. The packets themselves go their way; what nobody reads in time is lost to the
/// capture alone.
class Capture {
 public:
  /// Throws kernel_error, also where the interface does not exist.
  Capture(const std::string& interface, const IpAddress& address);

  /// For poll(2).
  int descriptor() const { return socket_.number(); }
  unsigned interface_index() const { return interface_index_; }

  /// Hands over what has arrived, from the IP header on, with the time of its arrival, and never
  /// waits. At most 256 packets, so that a flood does not keep the caller from everything else.
  /// Returns whether there may be more.
  bool read(const std::function<void(std::span<const std::uint8_t>, const timespec&)>& each) const;

  /// Packets that found no room since the last call.
  std::uint64_t lost() const;

 private:
  unsigned interface_index_;
  FileDescriptor socket_;
};

}  // namespace loadshare::watch
