// SPDX-License-Identifier: GPL-2.0-or-later
// Connections of which this node has sockets, and which are another node's by now.
#include <bpf/bpf.h>

#include <algorithm>
#include <bit>
#include <cerrno>

#include "kernel/decider/cell.h"
#include "kernel/decider/holdings.h"
#include "loadshare/error.h"

namespace loadshare::decider {
namespace {

std::vector<decider_connection> connections_in(const FileDescriptor& table) {
  std::vector<decider_connection> keys;
  decider_connection key{};
  while (bpf_map_get_next_key(table.number(), keys.empty() ? nullptr : &keys.back(), &key) == 0 &&
         keys.size() < LOADSHARE_MOST_STRANGERS) {
    keys.push_back(key);
  }
  return keys;
}

__be16 in_network_order(std::uint16_t port) {
  if constexpr (std::endian::native == std::endian::big) return port;
  return static_cast<__be16>(port << 8 | port >> 8);
}

decider_connection key_of(const Connection& connection) {
  decider_connection key{};
  key.client = bpf::key_of(connection.client);
  key.service = bpf::key_of(connection.service);
  key.client_port = in_network_order(connection.client_port);
  key.service_port = in_network_order(connection.service_port);
  return key;
}

}  // namespace

void Holdings::estrange(const Connection& connection, std::chrono::seconds lifetime) {
  const auto key = key_of(connection);
  const __u64 until = in(lifetime);
  if (bpf_map_update_elem(files_.strangers.number(), &key, &until, BPF_ANY) != 0) {
    throw kernel_error("tell the deciding program of an old connection (eBPF)", errno);
  }
}

bool Holdings::is_stranger(const Connection& connection) const {
  const auto key = key_of(connection);
  __u64 until = 0;
  return bpf_map_lookup_elem(files_.strangers.number(), &key, &until) == 0 && now() < until;
}

void Holdings::forget_strangers(const IpAddress& address) {
  const auto service = bpf::key_of(address);
  for (const auto& key : connections_in(files_.strangers)) {
    if (!std::equal(std::begin(service.bytes), std::end(service.bytes), key.service.bytes))
      continue;
    bpf_map_delete_elem(files_.strangers.number(), &key);
  }
}

}  // namespace loadshare::decider
