// SPDX-License-Identifier: GPL-2.0-or-later
// How clients are spread over the buckets.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "clients/client.h"
#include "loadshare/request.h"

namespace loadshare {

/// What the bucket of a client depends on besides the client.
struct Sharing {
  HashMode hash_mode = HashMode::source_ip_source_port;
  std::uint32_t seed = 0;
  unsigned total = 1;
  std::uint16_t dest_port = 0;  ///< what the clients call; counts in the last mode alone
};

/// Whether the client's packets may go to several buckets: its port counts and is not known. Its
/// pings, which have no port, go to one all the same.
bool depends_on_port(const Client& client, const Sharing& sharing);

/// The bucket of the client's packets, or of its pings alone where it depends on the port.
unsigned bucket_of(const Client& client, const Sharing& sharing);

// The ports that clients choose from by themselves (net.ipv4.ip_local_port_range of Linux).
constexpr unsigned first_client_port = 32768;
constexpr unsigned last_client_port = 60999;

struct Spread {
  /// Clients of each bucket, at its number - 1. One whose port counts and is not known is shared
  /// out over the buckets as its connections from all client ports would be.
  std::vector<double> clients;
  /// So far apart are the ports that were counted: 1, or more where that would take too long.
  unsigned port_step = 1;
};

Spread spread(const std::vector<Client>& clients, const Sharing& sharing);

/// What the nodes get of it: the sum of their buckets. A bucket that is nowhere is left out, one
/// that is on two nodes counts for both.
std::map<std::string, double> by_node(const Spread& spread,
                                      const std::map<unsigned, std::set<std::string>>& nodes);

}  // namespace loadshare
