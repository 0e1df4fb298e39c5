// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/bpf/object.h"

#include <bpf/bpf.h>

#include <algorithm>
#include <cerrno>

#include "loadshare/error.h"

namespace loadshare::bpf {
namespace {

constexpr std::uint8_t mapped_ip4[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr std::size_t most_tables = 8;

}  // namespace

address_key key_of(const IpAddress& address) {
  address_key key{};
  const auto octets = address.octets();
  std::copy(octets.begin(), octets.end(), std::end(key.bytes) - octets.size());
  if (address.version == 4) std::copy(std::begin(mapped_ip4), std::end(mapped_ip4), key.bytes);
  return key;
}

IpAddress address_of(const address_key& key) {
  const bool is_ip4 = std::equal(std::begin(mapped_ip4), std::end(mapped_ip4), key.bytes);
  IpAddress address{is_ip4 ? 4 : 6, {}};
  const auto octets = address.octets();
  std::copy(std::end(key.bytes) - octets.size(), std::end(key.bytes), octets.begin());
  return address;
}

std::vector<address_key> keys_in(const FileDescriptor& table) {
  std::vector<address_key> keys;
  address_key key{};
  const address_key* before = nullptr;
  while (bpf_map_get_next_key(table.number(), before, &key) == 0) {
    keys.push_back(key);
    before = &keys.back();
    if (keys.size() > LOADSHARE_MOST_ADDRESSES) break;  // it changes faster than we read
  }
  return keys;
}

Object::Object(const char* begin, const char* end, const std::string& what,
               const Prepare& prepare) {
  be_quiet();
  object_.reset(bpf_object__open_mem(begin, static_cast<std::size_t>(end - begin), nullptr));
  if (object_ && prepare) prepare(*object_);
  if (!object_ || bpf_object__load(object_.get()) != 0) {
    throw kernel_error("load " + what + " (eBPF)", errno);
  }
}

int Object::program(const char* name) const {
  return bpf_program__fd(bpf_object__find_program_by_name(object_.get(), name));
}

int Object::table(const char* name) const {
  return bpf_object__find_map_fd_by_name(object_.get(), name);
}

void reuse(bpf_object& object, const char* name, const FileDescriptor& table) {
  auto* place = bpf_object__find_map_by_name(&object, name);
  if (place == nullptr || bpf_map__reuse_fd(place, table.number()) != 0) {
    throw kernel_error(std::string("use the table ") + name + " again (eBPF)", errno);
  }
}

Loaded inspect(int program) {
  Loaded loaded;
  loaded.tables.resize(most_tables);
  bpf_prog_info info{};
  info.nr_map_ids = most_tables;
  info.map_ids = reinterpret_cast<std::uintptr_t>(loaded.tables.data());
  std::uint32_t size = sizeof info;
  if (bpf_obj_get_info_by_fd(program, &info, &size) != 0) {
    throw kernel_error("read what a program (eBPF) is", errno);
  }
  loaded.name = info.name;
  std::copy(std::begin(info.tag), std::end(info.tag), loaded.tag.begin());
  loaded.tables.resize(std::min<std::size_t>(info.nr_map_ids, most_tables));
  return loaded;
}

std::optional<Loaded> inspect(std::uint32_t program_id) {
  if (program_id == 0) return std::nullopt;
  const FileDescriptor program(bpf_prog_get_fd_by_id(program_id));
  if (!program && errno == ENOENT) return std::nullopt;
  if (!program) throw kernel_error("open a program (eBPF)", errno);
  return inspect(program.number());
}

std::optional<Table> open_table(std::uint32_t id) {
  Table table{FileDescriptor(bpf_map_get_fd_by_id(id))};
  if (!table.file && errno == ENOENT) return std::nullopt;
  bpf_map_info info{};
  std::uint32_t size = sizeof info;
  if (!table.file || bpf_obj_get_info_by_fd(table.file.number(), &info, &size) != 0) {
    throw kernel_error("open a table (eBPF)", errno);
  }
  table.id = info.id;
  table.type = info.type;
  table.key_size = info.key_size;
  table.value_size = info.value_size;
  table.most_entries = info.max_entries;
  return table;
}

namespace {

bpf_map_info info_of(int table) {
  bpf_map_info info{};
  std::uint32_t size = sizeof info;
  if (bpf_obj_get_info_by_fd(table, &info, &size) != 0) {
    throw kernel_error("read what a table (eBPF) is", errno);
  }
  return info;
}

}  // namespace

std::uint32_t id_of_table(int table) { return info_of(table).id; }

std::uint32_t most_entries_of(int table) { return info_of(table).max_entries; }

void be_quiet() { libbpf_set_print(nullptr); }

}  // namespace loadshare::bpf
