// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/network_namespace.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>

#include <cerrno>

#include "base/file_descriptor.h"
#include "loadshare/error.h"

namespace loadshare {

void enter_network_namespace(const std::string& name) {
  const FileDescriptor file(::open(("/run/netns/" + name).c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) {
    throw Error(ExitCode::not_installed,
                "network namespace " + name + " does not exist on this node");
  }
  if (setns(file.number(), CLONE_NEWNET) != 0) {
    throw kernel_error("enter network namespace " + name, errno);
  }
}

std::uint64_t network_namespace_id() {
  struct stat status {};
  if (stat("/proc/self/ns/net", &status) != 0) {
    throw kernel_error("read the network namespace", errno);
  }
  return status.st_ino;
}

}  // namespace loadshare
