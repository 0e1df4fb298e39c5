// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/namespace_lock.h"

#include <sys/stat.h>

#include "base/network_namespace.h"

namespace loadshare {

FileLock lock_in_namespace(const std::string& name, LockMode mode,
                           std::chrono::seconds longest_wait) {
  const std::filesystem::path folder = "/run/loadshare";
  mkdir(folder.c_str(), 0700);  // where it fails, opening the lock says why
  const auto file = std::to_string(network_namespace_id()) + "-" + name + ".lock";
  return FileLock(folder / file, mode, longest_wait);
}

}  // namespace loadshare
