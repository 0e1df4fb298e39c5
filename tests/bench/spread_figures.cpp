// SPDX-License-Identifier: GPL-2.0-or-later
// spread_figures buckets | clients: figures of the helper's own placement and hash, in columns that
// gnuplot reads. The clients are made by a generator of fixed seed, so that a second run says the
// same.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <random>

#include "kernel/clusterip/rule.h"
#include "loadshare/request.h"
#include "pacemaker/placement.h"

namespace {

using namespace loadshare;

constexpr int nothing = -1;

// unevenness in percent; where there are too many buckets for the backend: nothing
double percent(unsigned buckets, unsigned nodes, unsigned most) {
  return buckets > most || buckets < nodes ? nothing : 100 * unevenness(buckets, nodes);
}

void print_buckets() {
  std::printf("# nodes advised %% one-each %% nodes*(nodes-1) %% of-clusterip %%\n");
  for (unsigned nodes = 2; nodes <= most_nodes; ++nodes) {
    const unsigned advised = advised_buckets(nodes, most_buckets);
    const unsigned product = nodes * (nodes - 1);
    const unsigned few =
        nodes <= clusterip::most_buckets ? advised_buckets(nodes, clusterip::most_buckets) : 0;
    std::printf("%u %u %.1f %u %.1f %u %.1f %u %.1f\n", nodes, advised,
                percent(advised, nodes, most_buckets), nodes, percent(nodes, nodes, most_buckets),
                product, percent(product, nodes, most_buckets), few,
                percent(few, nodes, clusterip::most_buckets));
  }
}

std::vector<Client> random_clients(std::size_t count, std::mt19937& random) {
  std::vector<Client> clients(count);
  for (auto& client : clients) {
    client.address.version = 4;
    const auto number = random();
    for (unsigned byte = 0; byte < 4; ++byte) {
      client.address.bytes[byte] = static_cast<std::uint8_t>(number >> 8 * byte);
    }
  }
  return clients;
}

// How much more than an even share of the clients the busiest node has, in percent, ascending.
std::vector<double> draws(std::size_t clients, unsigned nodes, unsigned buckets) {
  constexpr int rounds = 200;
  std::mt19937 random(7);  // NOLINT: the same figures each time
  std::vector<double> all;
  for (int round = 0; round < rounds; ++round) {
    const auto counted =
        spread(random_clients(clients, random), {HashMode::source_ip, 0, buckets, 0});
    Outlook worst;
    for (const auto& node : deal_out(buckets, nodes)) {
      double sum = 0;
      for (const unsigned bucket : node) sum += counted.clients[bucket - 1];
      worst.most_clients = std::max(worst.most_clients, sum);
    }
    all.push_back(100 * (worst.most_clients * nodes / static_cast<double>(clients) - 1));
  }
  std::sort(all.begin(), all.end());
  return all;
}

void print_clients() {
  std::printf("# clients, then of 3, 8 and 64 nodes: median and 95th percentile, %%\n");
  for (const std::size_t clients :
       {10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000}) {
    std::printf("%zu", clients);
    for (const unsigned nodes : {3U, 8U, 64U}) {
      const auto all = draws(clients, nodes, advised_buckets(nodes, most_buckets));
      std::printf(" %.1f %.1f", all[all.size() / 2], all[all.size() * 95 / 100]);
    }
    std::printf("\n");
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "buckets") == 0) {
    print_buckets();
  } else if (argc == 2 && std::strcmp(argv[1], "clients") == 0) {
    print_clients();
  } else {
    std::fprintf(stderr, "usage: spread_figures buckets | clients\n");
    return 2;
  }
}
