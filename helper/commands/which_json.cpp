// SPDX-License-Identifier: GPL-2.0-or-later
#include <nlohmann/json.hpp>
#include <ostream>

#include "commands/which_report.h"
#include "pacemaker/placement.h"

namespace loadshare::commands {
namespace {

// Keys in the order in which they are written here.
using Json = nlohmann::ordered_json;

// What is left of the time that a bucket drains, and here also of its connections.
void add_moves(const WhichReport& report, unsigned bucket, Json& object) {
  const auto& [on, draining, elsewhere] = report.moves;
  if (const auto found = draining.find(bucket); found != draining.end()) {
    object["draining"] = {{"expires_in_ms", found->second.count()}};
    const bool counted = report.connections && report.connections->contains(bucket);
    if (counted) object["draining"]["connections"] = report.connections->at(bucket);
  }
  if (const auto found = elsewhere.find(bucket); found != elsewhere.end()) {
    object["draining_elsewhere"] = {{"expires_in_ms", found->second.count()}};
  }
}

Json place(const WhichReport& report, unsigned bucket) {
  Json object{{"bucket", bucket}};
  if (report.owned) object["here"] = report.owned->contains(bucket);
  add_moves(report, bucket, object);
  if (report.resource) {
    const auto found = report.resource->nodes.find(bucket);
    object["nodes"] =
        found == report.resource->nodes.end() ? std::set<std::string>{} : found->second;
  }
  return object;
}

Json clients(const WhichReport& report) {
  auto list = Json::array();
  for (const auto& client : report.clients.all) {
    Json object{{"address", to_string(client.address)}};
    if (client.port) object["port"] = *client.port;
    object["only_pings"] = depends_on_port(client, report.sharing);
    object.update(place(report, bucket_of(client, report.sharing)));
    list.push_back(object);
  }
  return list;
}

Json buckets(const WhichReport& report, const Spread& spread) {
  auto list = Json::array();
  for (unsigned bucket = 1; bucket <= report.sharing.total; ++bucket) {
    auto object = place(report, bucket);
    object["clients"] = spread.clients[bucket - 1];
    list.push_back(object);
  }
  return list;
}

Json nodes(const WhichReport& report, const Spread& spread) {
  auto list = Json::array();
  for (const auto& [name, sum] : by_node(spread, report.resource->nodes)) {
    list.push_back({{"name", name}, {"clients", sum}});
  }
  return list;
}

Json plan(const Spread& spread, unsigned nodes) {
  auto list = Json::array();
  for (const auto& at : outlook(spread, nodes)) {
    list.push_back({{"up", at.up},
                    {"failed", at.failed},
                    {"most_buckets", at.most_buckets},
                    {"most_clients", at.most_clients},
                    {"even", at.even}});
  }
  return list;
}

Json advised(const WhichReport& report) {
  Json object;
  for (const auto& advice : advice_for(report)) {
    object[to_string(advice.backend)] = {{"total", advice.buckets},
                                         {"unevenness", advice.unevenness}};
  }
  return object;
}

}  // namespace

void print_json(const WhichReport& report, std::ostream& to) {
  const auto& sharing = report.sharing;
  const auto counted = spread(report.clients.all, sharing);
  Json object{{"address", to_string(report.address)},
              {"hash", to_string(sharing.hash_mode)},
              {"seed", sharing.seed},
              {"total", sharing.total}};
  if (sharing.dest_port != 0) object["dport"] = sharing.dest_port;
  if (report.resource) object["resource"] = report.resource->name;
  object["clients"] = clients(report);
  object["buckets"] = buckets(report, counted);
  if (report.resource) object["nodes"] = nodes(report, counted);
  if (report.nodes) {
    object["plan"] = plan(counted, *report.nodes);
    object["advised"] = advised(report);
  }
  // A node's name comes from elsewhere and may be any bytes.
  to << object.dump(2, ' ', false, Json::error_handler_t::replace) << "\n";
}

}  // namespace loadshare::commands
