// SPDX-License-Identifier: GPL-2.0-or-later
// What our programs in the kernel have in common: an object file that is part of the helper, its
// tables, and the keys of these.
#pragma once

#include <bpf/libbpf.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
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
  /// What is done to its tables before the kernel makes them.
  using Prepare = std::function<void(bpf_object&)>;

  /// `what` is its name for messages. Throws kernel_error.
  Object(const char* begin, const char* end, const std::string& what,
         const Prepare& prepare = nullptr);

  int program(const char* name) const;
  int table(const char* name) const;

 private:
  struct Close {
    void operator()(bpf_object* object) const { bpf_object__close(object); }
  };
  std::unique_ptr<bpf_object, Close> object_;
};

/// In `prepare`: the table of that name shall be the one that is there already.
void reuse(bpf_object& object, const char* name, const FileDescriptor& table);

/// A program that the kernel runs.
struct Loaded {
  std::string name;  ///< may be missing: the kernel can be short of memory when it is given
  std::array<unsigned char, 8> tag{};
  std::vector<std::uint32_t> tables;  ///< their ids
};

/// Nothing where it is gone by now, or its id is 0. Throws kernel_error.
std::optional<Loaded> inspect(std::uint32_t program_id);
/// Of one that this process holds open. Throws kernel_error.
Loaded inspect(int program);

/// A table of a program that the kernel runs.
struct Table {
  FileDescriptor file;
  std::uint32_t id = 0, type = 0, key_size = 0, value_size = 0, most_entries = 0;
};

/// Nothing where it is gone by now. Throws kernel_error.
std::optional<Table> open_table(std::uint32_t id);
/// Of one that this process holds open. Throw kernel_error.
std::uint32_t id_of_table(int table);
std::uint32_t most_entries_of(int table);

/// libbpf would print lines of its own.
void be_quiet();

}  // namespace loadshare::bpf
