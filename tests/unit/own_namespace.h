// SPDX-License-Identifier: GPL-2.0-or-later
// A network namespace of the test, with loopback up. Root alone can have one.
#pragma once

#include <fcntl.h>
#include <sched.h>

#include <cerrno>

#include "base/file_descriptor.h"
#include "kernel/link/interface.h"
#include "kernel/netlink/socket.h"
#include "loadshare/error.h"

namespace loadshare::test {

class OwnNamespace {
 public:
  OwnNamespace() : former_(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC)) {
    if (!former_ || unshare(CLONE_NEWNET) != 0) {
      throw kernel_error("make a network namespace", errno);
    }
    netlink::Socket route(NETLINK_ROUTE);
    link::raise_interface(route, "lo");
  }
  ~OwnNamespace() { static_cast<void>(setns(former_.number(), CLONE_NEWNET)); }
  OwnNamespace(const OwnNamespace&) = delete;
  OwnNamespace& operator=(const OwnNamespace&) = delete;

 private:
  FileDescriptor former_;
};

}  // namespace loadshare::test
