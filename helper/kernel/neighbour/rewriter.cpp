// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/neighbour/rewriter.h"

#include <bpf/bpf.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "base/file_descriptor.h"
#include "kernel/bpf/hook.h"
#include "kernel/bpf/object.h"
#include "kernel/neighbour/cluster_macs.h"
#include "loadshare/error.h"

// The program as compiled, put into the helper by rewriter_object.S.
extern "C" const char loadshare_rewriter_object[];
extern "C" const char loadshare_rewriter_object_end[];

namespace loadshare::neighbour {
namespace {

constexpr char program_name[] = "loadshare_macs";
constexpr char table_name[] = "cluster_macs";

using Key = address_key;
using Value = cluster_mac_value;

MacAddress mac_of(const Value& value) {
  MacAddress mac;
  std::copy(std::begin(value.mac), std::end(value.mac), mac.bytes.begin());
  return mac;
}

bpf::Hook egress_of(const std::string& interface) {
  return bpf::Hook(interface, bpf::Direction::egress);
}

// Not by the program's name, which it may have lost.
std::optional<bpf::Table> macs_of(const bpf::Seat& seat) {
  const auto program = bpf::inspect(seat.program_id);
  if (!program || program->tables.size() != 1) return std::nullopt;
  auto table = bpf::open_table(program->tables.front());
  if (!table || table->type != BPF_MAP_TYPE_HASH || table->key_size != sizeof(Key) ||
      table->value_size != sizeof(Value) || table->most_entries != LOADSHARE_MOST_ADDRESSES) {
    return std::nullopt;
  }
  return table;
}

/// The rewriters of an interface; more than one while one takes another's place.
struct Rewriters {
  FileDescriptor table{-1};  ///< of the first
  std::vector<bpf::Seat> seats;
  std::vector<bpf::Seat> before;  ///< the first
};

Rewriters find(const bpf::Hook& egress) {
  Rewriters found;
  for (const auto& seat : egress.seats()) {
    auto table = macs_of(seat);
    if (table && !found.table) found.table = std::move(table->file);
    if (table) found.seats.push_back(seat);
    if (!found.table) found.before.push_back(seat);
  }
  return found;
}

void tell(int table, const Key& key, const Value& value) {
  if (bpf_map_update_elem(table, &key, &value, BPF_ANY) != 0) {
    throw kernel_error("fill the table of the MAC rewriter (eBPF)", errno);
  }
}

// With its first address in the table, so that a program without one is never there; with the
// addresses of one that it takes the place of.
void attach(const bpf::Hook& egress, const Rewriters& former, const Key& key, const Value& value) {
  const bpf::Object object(loadshare_rewriter_object, loadshare_rewriter_object_end,
                           "the MAC rewriter", [&](bpf_object& prepared) {
                             if (former.table) bpf::reuse(prepared, table_name, former.table);
                           });
  tell(object.table(table_name), key, value);
  egress.put_first(object.program(program_name), former.seats);
}

}  // namespace

std::optional<Announced> announced(const std::string& interface, const IpAddress& address) {
  const auto found = find(egress_of(interface));
  const auto key = bpf::key_of(address);
  Value value{};
  if (!found.table || bpf_map_lookup_elem(found.table.number(), &key, &value) != 0) {
    return std::nullopt;
  }
  return Announced{mac_of(value), found.before};
}

std::map<IpAddress, MacAddress> announced_on(const std::string& interface) {
  bpf::be_quiet();
  std::map<IpAddress, MacAddress> found;
  const auto map = find(egress_of(interface)).table;
  if (!map) return found;
  for (const auto& key : bpf::keys_in(map)) {
    Value value{};
    if (bpf_map_lookup_elem(map.number(), &key, &value) == 0) {
      found.emplace(bpf::address_of(key), mac_of(value));
    }
  }
  return found;
}

std::map<std::string, MacAddress> interfaces_announcing(const IpAddress& address) {
  std::map<std::string, MacAddress> found;
  for (const auto& interface : bpf::all_interfaces()) {
    if (const auto one = announced(interface, address)) found.emplace(interface, one->mac);
  }
  return found;
}

std::set<IpAddress> announced_anywhere() {
  std::set<IpAddress> found;
  for (const auto& interface : bpf::all_interfaces()) {
    for (const auto& [address, mac] : announced_on(interface)) found.insert(address);
  }
  return found;
}

void announce_as(const std::string& interface, const IpAddress& address, const MacAddress& mac) {
  const auto egress = egress_of(interface);
  const auto key = bpf::key_of(address);
  Value value{};
  std::copy(mac.bytes.begin(), mac.bytes.end(), value.mac);
  const auto found = find(egress);
  if (found.table && found.before.empty() && egress.is_own_place(found.seats.front())) {
    tell(found.table.number(), key, value);
  } else {
    attach(egress, found, key, value);
  }
}

bool announce_no_more(const std::string& interface, const IpAddress& address) {
  const auto found = find(egress_of(interface));
  if (!found.table) return false;
  const auto key = bpf::key_of(address);
  if (bpf_map_delete_elem(found.table.number(), &key) != 0 && errno != ENOENT) {
    throw kernel_error("take an address from the MAC rewriter (eBPF)", errno);
  }
  return bpf::keys_in(found.table).empty();
}

void take_away(const std::string& interface) {
  const auto egress = egress_of(interface);
  const auto found = find(egress);
  if (!found.table || !bpf::keys_in(found.table).empty()) return;
  for (const auto& seat : found.seats) egress.take_off(seat);
}

}  // namespace loadshare::neighbour
