// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/decider/holdings.h"

#include <bpf/bpf.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/words.h"
#include "kernel/decider/cell.h"
#include "kernel/decider/parameters.h"
#include "loadshare/error.h"

namespace loadshare::decider {
namespace {

using std::chrono::milliseconds;

static_assert(LOADSHARE_MOST_BUCKETS == most_buckets);

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
      counts_(files_.counts, bpf::most_entries_of(files_.counts.number())) {}

std::string Holdings::interface() const {
  const auto& name = root().interface;
  return {name, strnlen(name, sizeof name)};
}

void Holdings::note_interface(const std::string& name) {
  auto& place = root().interface;
  std::fill(std::begin(place), std::end(place), '\0');
  std::copy_n(name.begin(), std::min(name.size(), sizeof place - 1), place);
}

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
  if (!are_ours(*parameters)) {
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
    const auto place = parameters->first_cell + bucket - 1;
    const auto& cell = cells_.values()[place];
    if (!is_sealed(load(cell.state), {key, place}))
      state.usurped.insert(bucket);
    else
      add_state(bucket, cell, at, state);
  }
  if (!state.usurped.empty()) {
    state.faults.push_back("another hand than loadshare's has taken bucket " +
                           words::listed(state.usurped));
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
  const auto key = bpf::key_of(address);
  for (const unsigned bucket : buckets) {
    if (bucket < 1 || bucket > filter.total) continue;
    const auto place = parameters.first_cell + bucket - 1;
    store(cells_.values()[place].state, state_until(decider_owned, 0, {key, place}));
  }
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

void Holdings::set(const IpAddress& address, unsigned bucket, decider_state kind,
                   std::uint64_t end) {
  auto& cell = cell_of(address, bucket);
  const auto place = static_cast<std::uint32_t>(&cell - cells_.values().data());
  store(cell.state, state_until(kind, end, {bpf::key_of(address), place}));
}

void Holdings::own(const IpAddress& address, unsigned bucket,
                   std::optional<milliseconds> lifetime) {
  auto& cell = cell_of(address, bucket);
  const auto state = load(cell.state);
  if (kind_of(state) != decider_owned || !lasts(state, now())) {
    const auto place = static_cast<std::size_t>(&cell - cells_.values().data());
    for (auto* count : counts_of(place)) store(count->accepted, 0);  // since it was taken
  }
  set(address, bucket, decider_owned, lifetime ? in(*lifetime) : 0);
}

void Holdings::give_up(const IpAddress& address, unsigned bucket) {
  store(cell_of(address, bucket).state, decider_none);
}

void Holdings::drain(const IpAddress& address, unsigned bucket, milliseconds lifetime) {
  set(address, bucket, decider_draining, in(lifetime));
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

}  // namespace loadshare::decider
