// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/namespace_lock.h"

#include <sys/stat.h>

#include <cerrno>

#include "base/network_namespace.h"
#include "base/run_folder.h"
#include "loadshare/error.h"

namespace loadshare {

FileLock lock_in_namespace(const std::string& name, LockMode mode,
                           std::chrono::seconds longest_wait) {
  if (mkdir(run_folder().c_str(), 0700) != 0 && errno != EEXIST) {
    throw kernel_error("make " + run_folder().string() + " for locks", errno);
  }
  const auto file = std::to_string(network_namespace_id()) + "-" + name + ".lock";
  return FileLock(run_folder() / file, mode, longest_wait);
}

}  // namespace loadshare
