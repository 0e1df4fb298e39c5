// SPDX-License-Identifier: GPL-2.0-or-later
// A table of a program in the kernel, as memory of this process.
#pragma once

#include <sys/mman.h>

#include <cerrno>
#include <cstddef>
#include <span>
#include <utility>

#include "base/file_descriptor.h"
#include "loadshare/error.h"

namespace loadshare::bpf {

/// An array table (BPF_F_MMAPABLE, Linux 5.5) of so many values of type Value. What is written is
/// in effect at once, for whole aligned words of 64 bits each.
template <class Value>
class Mapped {
 public:
  /// Throws kernel_error.
  Mapped(const FileDescriptor& table, std::size_t count) : size_(count * sizeof(Value)) {
    auto* start = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED, table.number(), 0);
    if (start == MAP_FAILED) throw kernel_error("map a table of a program (eBPF)", errno);
    values_ = std::span(static_cast<Value*>(start), count);
  }
  Mapped(Mapped&& other) noexcept
      : size_(std::exchange(other.size_, 0)), values_(std::exchange(other.values_, {})) {}
  Mapped& operator=(Mapped&&) = delete;
  ~Mapped() {
    if (size_ != 0) munmap(values_.data(), size_);
  }

  std::span<Value> values() const { return values_; }

 private:
  std::size_t size_;
  std::span<Value> values_;
};

}  // namespace loadshare::bpf
