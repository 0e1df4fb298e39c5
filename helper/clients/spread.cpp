// SPDX-License-Identifier: GPL-2.0-or-later
#include "clients/spread.h"

#include <algorithm>

#include "clients/bucket_hash.h"

namespace loadshare {
namespace {

// A quarter of a second of hashing.
constexpr std::size_t most_hashes = 1 << 24;
constexpr std::size_t client_ports = last_client_port - first_client_port + 1;

unsigned bucket_from(const Client& client, unsigned port, const Sharing& sharing) {
  return bucket_of({client.address, static_cast<std::uint16_t>(port), sharing.dest_port},
                   sharing.hash_mode, sharing.seed, sharing.total);
}

void share_out(const Client& client, const Sharing& sharing, Spread& to) {
  const auto ports = (client_ports + to.port_step - 1) / to.port_step;
  const double share = 1.0 / static_cast<double>(ports);
  for (auto port = first_client_port; port <= last_client_port; port += to.port_step) {
    to.clients[bucket_from(client, port, sharing) - 1] += share;
  }
}

}  // namespace

bool depends_on_port(const Client& client, const Sharing& sharing) {
  return sharing.hash_mode != HashMode::source_ip && sharing.total > 1 && !client.port;
}

unsigned bucket_of(const Client& client, const Sharing& sharing) {
  if (client.port) return bucket_from(client, *client.port, sharing);
  return bucket_of({client.address, 0, 0}, sharing.hash_mode, sharing.seed, sharing.total);
}

Spread spread(const std::vector<Client>& clients, const Sharing& sharing) {
  const auto depends = [&](const Client& client) { return depends_on_port(client, sharing); };
  const auto many =
      static_cast<std::size_t>(std::count_if(clients.begin(), clients.end(), depends));
  Spread result{std::vector<double>(sharing.total), 1};
  result.port_step = static_cast<unsigned>(many * client_ports / most_hashes + 1);
  for (const auto& client : clients) {
    if (depends(client)) {
      share_out(client, sharing, result);
    } else {
      result.clients[bucket_of(client, sharing) - 1] += 1;
    }
  }
  return result;
}

std::map<std::string, double> by_node(const Spread& spread,
                                      const std::map<unsigned, std::set<std::string>>& nodes) {
  std::map<std::string, double> sums;
  for (const auto& [bucket, names] : nodes) {
    if (bucket > spread.clients.size()) continue;
    for (const auto& name : names) sums[name] += spread.clients[bucket - 1];
  }
  return sums;
}

}  // namespace loadshare
