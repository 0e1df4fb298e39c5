// SPDX-License-Identifier: GPL-2.0-or-later
// A lock that all calls on this machine share.
#pragma once

#include <chrono>
#include <filesystem>

#include "base/file_descriptor.h"

namespace loadshare {

enum class LockMode { shared, exclusive };

/// Holds flock(2) on a file, made where it is missing, until destroyed or the process ends.
class FileLock {
 public:
  /// Throws generic_error "PATH has been locked for more than N s by …" when `longest_wait` is
  /// over.
  FileLock(const std::filesystem::path& path, LockMode mode, std::chrono::seconds longest_wait);

  /// Whoever keeps it open, such as a child, keeps the lock.
  int file() const { return file_.number(); }

  /// How long another process held it.
  std::chrono::milliseconds waited() const { return waited_; }

 private:
  FileDescriptor file_;
  std::chrono::milliseconds waited_{0};
};

}  // namespace loadshare
