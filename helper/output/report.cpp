// SPDX-License-Identifier: GPL-2.0-or-later
#include "output/report.h"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <numeric>
#include <ostream>

#include "base/words.h"
#include "output/terminal.h"

namespace loadshare::report {
namespace {

using terminal::Look;

const Filter* filter_of(const AddressReport& report) {
  const auto& filters = report.observed.filter.filters;
  return filters.empty() ? nullptr : &filters.front();
}

const HeldAddress* held_of(const AddressReport& report) {
  const auto& addresses = report.observed.addresses;
  return addresses.empty() ? nullptr : &addresses.front();
}

std::uint64_t accepted(const Counters& counters) {
  return std::accumulate(counters.accepted.begin(), counters.accepted.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const auto& one) { return sum + one.second; });
}

std::string packets_in_words(const Counters& counters) {
  if (counters.seen) return std::to_string(*counters.seen) + " seen, taken or not";
  if (!counters.dropped) return "not counted";
  return std::to_string(accepted(counters)) + " accepted, " + std::to_string(*counters.dropped) +
         " dropped";
}

std::string buckets_in_words(const AddressReport& report) {
  const auto& buckets = report.observed.filter.buckets;
  const auto* filter = filter_of(report);
  const auto total = filter != nullptr ? " of " + std::to_string(filter->total) : "";
  return buckets.empty() ? "none" + total + ": nobody is answered here" : in_short(buckets) + total;
}

std::string lease_in_words(const std::map<unsigned, std::chrono::milliseconds>& expiring) {
  if (expiring.empty()) return "on, nothing expires yet";
  const auto next = std::min_element(expiring.begin(), expiring.end(),
                                     [](auto& a, auto& b) { return a.second < b.second; });
  return "on, bucket " + std::to_string(next->first) + " expires in " +
         std::to_string(next->second.count() / 1000) + " s unless monitored";
}

std::size_t connections_left(const Observed& observed) {
  std::size_t sum = 0;
  for (const auto& [bucket, count] : *observed.connections) sum += count;
  return sum;
}

std::string connections_in_words(const Observed& observed) {
  if (!observed.connections) return "connections, nobody knows how many";
  return words::counted(connections_left(observed), "connection");
}

// "3-5, for 14 s at most"
std::string moving_in_words(const Lifetimes& lifetimes, const std::string& what = "") {
  std::set<unsigned> buckets;
  std::chrono::milliseconds longest{0};
  for (const auto& [bucket, left] : lifetimes) {
    buckets.insert(bucket);
    longest = std::max(longest, left);
  }
  return in_short(buckets) + what + ", for " + words::seconds(longest) + " at most";
}

void print_title(const AddressReport& report, std::ostream& to, bool colour) {
  const auto* filter = filter_of(report);
  const auto count = report.differences.size();
  to << terminal::dressed(to_string(report.address), Look::strong, colour);
  if (filter != nullptr) to << " on " << filter->interface;
  to << " with " << to_string(report.backend) << ": "
     << (count == 0 ? terminal::dressed("healthy", Look::good, colour)
                    : terminal::dressed(words::counted(count, "fault"), Look::bad, colour))
     << "\n";
}

void print_properties(const AddressReport& report, std::ostream& to, bool colour) {
  terminal::Columns columns;
  if (const auto* filter = filter_of(report)) {
    const auto* held = held_of(report);
    columns.add({"", {"held on", Look::dim}, held != nullptr ? held->interface : "nothing"});
    columns.add({"", {"cluster MAC", Look::dim}, to_string(filter->mac)});
    columns.add(
        {"",
         {"hash mode", Look::dim},
         std::string(to_string(filter->hash_mode)) + ", seed " + std::to_string(filter->seed)});
  }
  columns.add({"", {"buckets", Look::dim}, buckets_in_words(report)});
  if (filter_of(report) != nullptr && filter_of(report)->lease) {
    columns.add({"", {"lease", Look::dim}, lease_in_words(report.observed.filter.expiring)});
  }
  if (filter_of(report) != nullptr && filter_of(report)->drain.count() > 0) {
    columns.add({"", {"drain", Look::dim}, words::seconds(filter_of(report)->drain)});
  }
  const auto& moves = report.observed.filter.moves;
  if (!moves.draining.empty()) {
    columns.add(
        {"",
         {"draining", Look::dim},
         moving_in_words(moves.draining, " with " + connections_in_words(report.observed))});
  }
  if (!moves.elsewhere.empty()) {
    columns.add(
        {"", {"draining elsewhere", Look::dim}, "perhaps " + moving_in_words(moves.elsewhere)});
  }
  columns.add({"", {"packets", Look::dim}, packets_in_words(report.observed.filter.counters)});
  columns.print(to, colour);
}

void print_buckets(const Counters& counters, std::ostream& to, bool colour) {
  if (counters.accepted.empty()) return;
  terminal::Columns columns;
  columns.add({"", {"bucket", Look::dim, true}, {"accepted", Look::dim, true}});
  for (const auto& [bucket, packets] : counters.accepted) {
    columns.add({"", terminal::number(bucket), terminal::number(packets)});
  }
  columns.print(to, colour);
}

nlohmann::ordered_json lifetimes_json(const Lifetimes& lifetimes) {
  auto all = nlohmann::ordered_json::array();
  for (const auto& [bucket, left] : lifetimes) {
    all.push_back({{"bucket", bucket}, {"expires_in_ms", left.count()}});
  }
  return all;
}

nlohmann::ordered_json draining_json(const Observed& observed) {
  auto all = lifetimes_json(observed.filter.moves.draining);
  if (!observed.connections) return all;
  for (auto& one : all) {
    const auto counted = observed.connections->find(one["bucket"]);
    if (counted != observed.connections->end()) one["connections"] = counted->second;
  }
  return all;
}

}  // namespace

AddressReport report_on(const IpAddress& address, BackendChoice backend, const Observed& observed) {
  return {address, backend, observed, faults_of(address, observed)};
}

std::string in_short(const std::set<unsigned>& buckets) {
  std::string text;
  for (auto at = buckets.begin(); at != buckets.end();) {
    auto last = at;
    while (std::next(last) != buckets.end() && *std::next(last) == *last + 1) ++last;
    const bool range = *last - *at >= 2;
    if (!text.empty()) text += " ";
    text += std::to_string(*at);
    if (range) text.append("-").append(std::to_string(*last));
    at = range ? std::next(last) : std::next(at);
  }
  return text;
}

void print(const AddressReport& report, Detail detail, std::ostream& to, bool colour) {
  print_title(report, to, colour);
  for (const auto& difference : report.differences) {
    to << "  " << terminal::dressed("!", Look::bad, colour) << " " << difference << "\n";
  }
  print_properties(report, to, colour);
  if (detail == Detail::every_bucket) print_buckets(report.observed.filter.counters, to, colour);
}

nlohmann::ordered_json to_json(const AddressReport& report) {
  using nlohmann::ordered_json;
  const auto& counters = report.observed.filter.counters;
  const auto& expiring = report.observed.filter.expiring;
  ordered_json json{{"address", to_string(report.address)}};
  if (const auto length = network_length(report.observed)) json["prefix_length"] = *length;
  if (const auto* held = held_of(report)) json["held_on"] = held->interface;
  json["backend"] = to_string(report.backend);
  if (const auto* filter = filter_of(report)) {
    json["interface"] = filter->interface;
    json["mac"] = to_string(filter->mac);
    json["hash_mode"] = to_string(filter->hash_mode);
    json["seed"] = filter->seed;
    json["total"] = filter->total;
    json["lease"] = filter->lease;
    json["drain"] = filter->drain.count();
  }
  json["buckets"] = ordered_json::array();
  for (const unsigned bucket : report.observed.filter.buckets) {
    ordered_json one{{"bucket", bucket}};
    const auto counted = counters.accepted.find(bucket);
    if (counted != counters.accepted.end()) one["accepted"] = counted->second;
    const auto expires = expiring.find(bucket);
    if (expires != expiring.end()) one["expires_in_ms"] = expires->second.count();
    json["buckets"].push_back(one);
  }
  json["draining"] = draining_json(report.observed);
  json["draining_elsewhere"] = lifetimes_json(report.observed.filter.moves.elsewhere);
  json["packets"] = ordered_json::object();
  if (counters.dropped) {
    json["packets"] = {{"accepted", accepted(counters)}, {"dropped", *counters.dropped}};
  }
  if (counters.seen) json["packets"]["seen"] = *counters.seen;
  json["healthy"] = report.differences.empty();
  json["differences"] = report.differences;
  return json;
}

}  // namespace loadshare::report
