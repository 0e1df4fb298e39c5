// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/decider/holdings.h"

#include <bpf/bpf.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>

#include "kernel/decider/cell.h"
#include "kernel/decider/parameters.h"
#include "loadshare/error.h"

namespace loadshare::decider {
namespace {

using std::chrono::milliseconds;

static_assert(LOADSHARE_MOST_BUCKETS == most_buckets);

std::size_t processors() { return static_cast<std::size_t>(libbpf_num_possible_cpus()); }

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

void add_state(unsigned bucket, const decider_cell& cell, std::uint64_t at, FilterState& to) {
  const auto state = load(cell.state);
  const auto spared_until = load(cell.spared_until);
  if (kind_of(state) == decider_owned && lasts(state, at)) {
    to.buckets.insert(bucket);
    if (end_of(state) != 0) to.expiring.emplace(bucket, left(end_of(state), at));
  }
  if (kind_of(state) == decider_draining) {
    to.moves.on = true;
    if (lasts(state, at)) to.moves.draining.emplace(bucket, left(end_of(state), at));
  }
  if (spared_until != 0) {
    to.moves.on = true;
    if (at < spared_until) to.moves.elsewhere.emplace(bucket, left(spared_until, at));
  }
}

}  // namespace

Holdings::Holdings(Files files)
    : files_(std::move(files)),
      root_(files_.root, 1),
      cells_(files_.cells, LOADSHARE_MOST_CELLS),
      counts_(files_.counts, LOADSHARE_MOST_CELLS * processors()) {}

std::vector<IpAddress> Holdings::addresses() const {
  std::vector<IpAddress> all;
  for (const auto& key : bpf::keys_in(files_.addresses)) all.push_back(bpf::address_of(key));
  return all;
}

std::optional<decider_address> Holdings::parameters_of(const IpAddress& address) const {
  const auto key = bpf::key_of(address);
  decider_address parameters{};
  if (bpf_map_lookup_elem(files_.addresses.number(), &key, &parameters) == 0) return parameters;
  if (errno == ENOENT) return std::nullopt;
  throw kernel_error("read the parameters of " + to_string(address) + " (eBPF)", errno);
}

FilterState Holdings::state_of(const IpAddress& address) const {
  FilterState state;
  const auto parameters = parameters_of(address);
  if (!parameters) return state;
  const auto end = std::uint64_t{parameters->first_cell} + parameters->total;
  if (parameters->total == 0 || end > LOADSHARE_MOST_CELLS) {
    state.faults.push_back("the parameters of the cluster rule are not ours");
    return state;
  }
  state.filters.push_back(filter_of(*parameters));
  const auto key = bpf::key_of(address);
  const auto bit = decider_fold(&key);
  if ((root_.values().front().may_be_held[bit / 64] >> bit % 64 & 1) == 0) {
    state.faults.push_back("the deciding program does not look for " + to_string(address));
  }
  const auto at = now();
  for (unsigned bucket = 1; bucket <= parameters->total; ++bucket) {
    add_state(bucket, cells_.values()[parameters->first_cell + bucket - 1], at, state);
  }
  state.counters = counters_of(*parameters, state.buckets);
  return state;
}

Counters Holdings::counters_of(const decider_address& parameters,
                               const std::set<unsigned>& owned) const {
  Counters counters;
  std::uint64_t dropped = 0;
  for (std::uint32_t index = 0; index < parameters.total; ++index) {
    std::uint64_t accepted = 0;
    for (const auto* count : counts_of(parameters.first_cell + index)) {
      accepted += load(count->accepted);
      dropped += load(count->dropped);
    }
    if (owned.contains(index + 1)) counters.accepted.emplace(index + 1, accepted);
  }
  counters.dropped = dropped;
  return counters;
}

// The first gap that is long enough.
std::uint32_t Holdings::free_cells(std::uint32_t count, const IpAddress& except) const {
  std::vector<decider_address> used;
  for (const auto& address : addresses()) {
    if (address == except) continue;
    if (const auto parameters = parameters_of(address)) used.push_back(*parameters);
  }
  std::sort(used.begin(), used.end(),
            [](const auto& one, const auto& other) { return one.first_cell < other.first_cell; });
  std::uint64_t start = 0;
  for (const auto& one : used) {
    if (start + count <= one.first_cell) break;
    start = std::max(start, std::uint64_t{one.first_cell} + one.total);
  }
  if (start + count <= LOADSHARE_MOST_CELLS) return static_cast<std::uint32_t>(start);
  throw Error(ExitCode::generic_error, "no room for " + std::to_string(count) +
                                           " more buckets: all addresses of an interface"
                                           " together have at most " +
                                           std::to_string(LOADSHARE_MOST_CELLS));
}

void Holdings::clear_cells(const decider_address& parameters) {
  for (std::uint32_t index = 0; index < parameters.total; ++index) {
    auto& cell = cells_.values()[parameters.first_cell + index];
    store(cell.state, decider_none);
    store(cell.spared_until, 0);
    for (auto* count : counts_of(parameters.first_cell + index)) {
      store(count->accepted, 0);
      store(count->dropped, 0);
    }
  }
}

std::vector<decider_count*> Holdings::counts_of(std::size_t cell) const {
  std::vector<decider_count*> of_all_processors;
  for (auto place = cell; place < counts_.values().size(); place += LOADSHARE_MOST_CELLS) {
    of_all_processors.push_back(&counts_.values()[place]);
  }
  return of_all_processors;
}

void Holdings::note_what_may_be_held() {
  std::array<std::uint64_t, std::size(decider_root{}.may_be_held)> bits{};
  for (const auto& key : bpf::keys_in(files_.addresses)) {
    const auto bit = decider_fold(&key);
    bits[bit / 64] |= std::uint64_t{1} << bit % 64;
  }
  for (std::size_t word = 0; word < bits.size(); ++word) {
    store(root().may_be_held[word], bits[word]);
  }
}

// The address is known to the program only when all else is in its place.
void Holdings::put(const IpAddress& address, const Filter& filter,
                   const std::set<unsigned>& buckets) {
  take_out(address);
  const auto parameters = parameters_for(filter, free_cells(filter.total, address));
  clear_cells(parameters);
  for (const unsigned bucket : buckets) {
    if (bucket < 1 || bucket > filter.total) continue;
    store(cells_.values()[parameters.first_cell + bucket - 1].state, decider_owned);
  }
  const auto key = bpf::key_of(address);
  if (bpf_map_update_elem(files_.addresses.number(), &key, &parameters, BPF_ANY) != 0) {
    throw kernel_error("tell the deciding program of " + to_string(address) + " (eBPF)", errno);
  }
  const auto bit = decider_fold(&key);
  auto& word = root().may_be_held[bit / 64];
  store(word, load(word) | std::uint64_t{1} << bit % 64);
}

void Holdings::take_out(const IpAddress& address) {
  const auto parameters = parameters_of(address);
  if (!parameters) return;
  const auto key = bpf::key_of(address);
  if (bpf_map_delete_elem(files_.addresses.number(), &key) != 0 && errno != ENOENT) {
    throw kernel_error("take " + to_string(address) + " from the deciding program (eBPF)", errno);
  }
  note_what_may_be_held();
  forget_strangers(address);
}

decider_cell& Holdings::cell_of(const IpAddress& address, unsigned bucket) {
  const auto parameters = parameters_of(address);
  if (!parameters || bucket < 1 || bucket > parameters->total ||
      parameters->first_cell + bucket > LOADSHARE_MOST_CELLS) {
    throw Error(ExitCode::generic_error, "the deciding program has no bucket " +
                                             std::to_string(bucket) + " of " + to_string(address));
  }
  return cells_.values()[parameters->first_cell + bucket - 1];
}

void Holdings::own(const IpAddress& address, unsigned bucket,
                   std::optional<milliseconds> lifetime) {
  auto& cell = cell_of(address, bucket);
  const auto state = load(cell.state);
  if (kind_of(state) != decider_owned || !lasts(state, now())) {
    const auto place = static_cast<std::size_t>(&cell - cells_.values().data());
    for (auto* count : counts_of(place)) store(count->accepted, 0);  // since it was taken
  }
  store(cell.state, state_until(decider_owned, lifetime ? in(*lifetime) : 0));
}

void Holdings::give_up(const IpAddress& address, unsigned bucket) {
  store(cell_of(address, bucket).state, decider_none);
}

void Holdings::drain(const IpAddress& address, unsigned bucket, milliseconds lifetime) {
  store(cell_of(address, bucket).state, state_until(decider_draining, in(lifetime)));
}

void Holdings::end_drain(const IpAddress& address, unsigned bucket) {
  auto& state = cell_of(address, bucket).state;
  if (kind_of(load(state)) == decider_draining) store(state, decider_none);
}

void Holdings::spare(const IpAddress& address, unsigned bucket, milliseconds lifetime) {
  store(cell_of(address, bucket).spared_until, in(lifetime));
}

void Holdings::tidy(const IpAddress& address) {
  const auto parameters = parameters_of(address);
  const auto at = now();
  for (unsigned bucket = 1; parameters && bucket <= parameters->total; ++bucket) {
    auto& cell = cell_of(address, bucket);
    const auto state = load(cell.state), spared_until = load(cell.spared_until);
    if (kind_of(state) == decider_draining && !lasts(state, at)) store(cell.state, decider_none);
    if (spared_until != 0 && spared_until <= at) store(cell.spared_until, 0);
  }
  forget_strangers(address);
}

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
