// SPDX-License-Identifier: GPL-2.0-or-later
// What our programs in the kernel have in common: an object file that is part of the helper, its
// tables, and the keys of these.
#pragma once

#include <bpf/libbpf.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/file_descriptor.h"
#include "kernel/bpf/address_key.h"
#include "loadshare/addresses.h"

namespace loadshare::bpf {

address_key key_of(const IpAddress& address);
IpAddress address_of(const address_key& key);

/// All keys of the table.
std::vector<address_key> keys_in(const FileDescriptor& table);

/// A program and its tables, just loaded and not attached anywhere; they go with this object unless
/// they are by then. The descriptors stay its own.
class Object {
 public:
  /// `what` is its name for messages. Throws kernel_error.
  Object(const char* begin, const char* end, const std::string& what);

  int program(const char* name) const;
  int table(const char* name) const;

 private:
  struct Close {
    void operator()(bpf_object* object) const { bpf_object__close(object); }
  };
  std::unique_ptr<bpf_object, Close> object_;
};

/// A program that the kernel runs.
struct Loaded {
  std::string name;
  std::vector<std::uint32_t> tables;  ///< their ids
};

/// Nothing known of it where it is gone by now. `what` is its name for messages.
Loaded inspect(std::uint32_t program_id, const std::string& what);

/// libbpf would print lines of its own.
void be_quiet();

}  // namespace loadshare::bpf
