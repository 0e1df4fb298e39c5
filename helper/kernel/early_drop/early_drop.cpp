// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/early_drop/early_drop.h"

#include <bpf/bpf.h>
#include <net/if.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <iterator>
#include <numeric>

#include "base/file_descriptor.h"
#include "base/words.h"
#include "kernel/bpf/object.h"
#include "kernel/early_drop/early_drops.h"
#include "loadshare/error.h"

// The program as compiled, put into the helper by early_drop_object.S.
extern "C" const char loadshare_early_drop_object[];
extern "C" const char loadshare_early_drop_object_end[];

namespace loadshare::early_drop {
namespace {

constexpr char program_name[] = "loadshare_early";
constexpr char drops_name[] = "early_drops";
constexpr char counts_name[] = "early_counts";
// BPF_TCX_INGRESS; the headers of older systems do not know it (linux/bpf.h of 6.6).
constexpr auto tcx_ingress = static_cast<bpf_attach_type>(46);

using Value = early_drop_value;

static_assert(LOADSHARE_MOST_BUCKETS == most_buckets);

/// The program of an interface; without tables where it is another version's.
struct Attached {
  int interface_index;
  FileDescriptor program, drops{-1}, counts{-1};

  bool is_readable() const { return drops && counts; }
};

void add_table(std::uint32_t id, Attached& to) {
  FileDescriptor table(bpf_map_get_fd_by_id(id));
  bpf_map_info info{};
  std::uint32_t size = sizeof info;
  if (!table || bpf_obj_get_info_by_fd(table.number(), &info, &size) != 0) return;
  const std::string name = info.name;
  if (info.key_size != sizeof(address_key)) return;
  if (name == drops_name && info.value_size == sizeof(Value)) to.drops = std::move(table);
  if (name == counts_name && info.value_size == sizeof(std::uint64_t)) to.counts = std::move(table);
}

/// The programs at our place; nothing where the kernel has no such place.
std::optional<std::vector<std::uint32_t>> programs_on(int interface_index) {
  bpf::be_quiet();
  std::vector<std::uint32_t> ids(64);  // BPF_MPROG_MAX, linux/bpf_mprog.h
  auto count = static_cast<std::uint32_t>(ids.size());
  if (interface_index == 0 ||
      bpf_prog_query(interface_index, tcx_ingress, 0, nullptr, ids.data(), &count) != 0) {
    return std::nullopt;
  }
  ids.resize(count);
  return ids;
}

int index_of(const std::string& interface) {
  return static_cast<int>(if_nametoindex(interface.c_str()));
}

std::optional<Attached> find(const std::string& interface) {
  const int index = index_of(interface);
  for (const auto id : programs_on(index).value_or(std::vector<std::uint32_t>{})) {
    const auto loaded = bpf::inspect(id, "the early drop of " + interface);
    if (loaded.name != program_name) continue;
    Attached attached{index, FileDescriptor(bpf_prog_get_fd_by_id(id))};
    for (const auto table : loaded.tables) add_table(table, attached);
    return attached;
  }
  return std::nullopt;
}

std::optional<Value> value_of(const IpAddress& address, const Attached& attached) {
  const auto key = bpf::key_of(address);
  Value value{};
  if (bpf_map_lookup_elem(attached.drops.number(), &key, &value) != 0) return std::nullopt;
  return value;
}

std::uint64_t count_of(const IpAddress& address, const Attached& attached) {
  const auto key = bpf::key_of(address);
  std::vector<std::uint64_t> by_processor(static_cast<std::size_t>(libbpf_num_possible_cpus()));
  bpf_map_lookup_elem(attached.counts.number(), &key, by_processor.data());
  return std::accumulate(by_processor.begin(), by_processor.end(), std::uint64_t{0});
}

constexpr unsigned word_bits = 32;

bool passes(unsigned bucket, const Value& value) {
  return (value.passing[(bucket - 1) / word_bits] >> (bucket - 1) % word_bits & 1) != 0;
}

void set_passing(unsigned bucket, Value& value) {
  if (bucket > most_buckets) return;
  value.passing[(bucket - 1) / word_bits] |= 1U << (bucket - 1) % word_bits;
}

void set_passing(const std::set<unsigned>& buckets, Value& value) {
  std::fill(std::begin(value.passing), std::end(value.passing), 0U);
  for (const unsigned bucket : buckets) set_passing(bucket, value);
}

unsigned hashed_ports(HashMode mode) {
  switch (mode) {
    case HashMode::source_ip:
      return 0;
    case HashMode::source_ip_source_port:
      return 1;
    case HashMode::source_ip_source_port_dest_port:
      return 2;
  }
  return 0;
}

HashMode hash_mode_of(const Value& value) {
  if (value.hashed_ports == 0) return HashMode::source_ip;
  return value.hashed_ports == 1 ? HashMode::source_ip_source_port
                                 : HashMode::source_ip_source_port_dest_port;
}

Value value_for(const std::set<unsigned>& buckets, const Filter& filter) {
  Value value{};
  value.seed = filter.seed;
  value.total = filter.total;
  value.hashed_ports = hashed_ports(filter.hash_mode);
  set_passing(buckets, value);
  return value;
}

Passing passing_of(const Value& value) {
  Passing passing{hash_mode_of(value), value.seed, value.total, {}};
  for (unsigned bucket = 1; bucket <= most_buckets; ++bucket) {
    if (passes(bucket, value)) passing.buckets.insert(bucket);
  }
  return passing;
}

void detach(const Attached& attached) {
  bpf_prog_detach2(attached.program.number(), attached.interface_index, tcx_ingress);
}

// Where the kernel refuses, the whole program goes: what it would go on dropping may be needed.
void forget(const IpAddress& address, const Attached& attached) {
  const auto key = bpf::key_of(address);
  if (bpf_map_delete_elem(attached.drops.number(), &key) != 0 && errno != ENOENT) detach(attached);
  bpf_map_delete_elem(attached.counts.number(), &key);
}

// The count first: nothing is dropped without being counted.
bool put(const IpAddress& address, const Value& value, int drops, int counts) {
  const auto key = bpf::key_of(address);
  const std::vector<std::uint64_t> none(static_cast<std::size_t>(libbpf_num_possible_cpus()));
  return bpf_map_update_elem(counts, &key, none.data(), BPF_ANY) == 0 &&
         bpf_map_update_elem(drops, &key, &value, BPF_ANY) == 0;
}

// With its first address in the table: a program without one is taken away.
void attach(const std::string& interface, const IpAddress& address, const Value& value) {
  const bpf::Object object(loadshare_early_drop_object, loadshare_early_drop_object_end,
                           "the early drop");
  if (!put(address, value, object.table(drops_name), object.table(counts_name))) return;
  bpf_prog_attach(object.program(program_name), index_of(interface), tcx_ingress, 0);
}

/// The program, if it can be changed. What another version has left there would go on dropping by
/// what it was told then.
std::optional<Attached> find_to_change(const std::string& interface) {
  auto attached = find(interface);
  if (!attached || attached->is_readable()) return attached;
  detach(*attached);
  return std::nullopt;
}

// Where the new value is refused (no memory), none is better than one that drops too much.
void change(const IpAddress& address, const std::string& interface,
            const std::function<void(Value&)>& how) {
  const auto attached = find_to_change(interface);
  const auto value = attached ? value_of(address, *attached) : std::nullopt;
  if (!value) return;
  auto wanted = *value;
  how(wanted);
  if (std::equal(std::begin(wanted.passing), std::end(wanted.passing), value->passing)) return;
  const auto key = bpf::key_of(address);
  if (bpf_map_update_elem(attached->drops.number(), &key, &wanted, BPF_EXIST) != 0) {
    forget(address, *attached);
  }
}

std::string in_words(const std::set<unsigned>& buckets) {
  return (buckets.size() == 1 ? "bucket " : "buckets ") + words::listed(buckets);
}

}  // namespace

bool is_possible(const std::string& interface) {
  return programs_on(index_of(interface)).has_value();
}

std::optional<State> read(const std::string& interface, const IpAddress& address) {
  const auto attached = find(interface);
  if (!attached || !attached->is_readable()) return std::nullopt;
  const auto value = value_of(address, *attached);
  if (!value) return std::nullopt;
  return State{passing_of(*value), count_of(address, *attached)};
}

std::vector<std::string> faults(const State& state, const Filter& filter,
                                const std::set<unsigned>& needed) {
  const auto& passing = state.passing;
  if (passing.hash_mode != filter.hash_mode || passing.seed != filter.seed ||
      passing.total != filter.total) {
    return {"the early drop on " + filter.interface + " has other parameters than the rules"};
  }
  std::set<unsigned> lost;
  std::set_difference(needed.begin(), needed.end(), passing.buckets.begin(), passing.buckets.end(),
                      std::inserter(lost, lost.end()));
  if (lost.empty()) return {};
  return {"the early drop on " + filter.interface + " drops " + in_words(lost) +
          ", served by this node"};
}

void drop_all_but(const std::set<unsigned>& buckets, const IpAddress& address,
                  const Filter& filter) {
  if (filter.total > most_buckets || !is_possible(filter.interface)) return;
  const auto value = value_for(buckets, filter);
  const auto attached = find_to_change(filter.interface);
  if (!attached) {
    try {
      attach(filter.interface, address, value);
    } catch (const Error&) {
      // Nothing but time is lost.
    }
  } else if (!put(address, value, attached->drops.number(), attached->counts.number())) {
    forget(address, *attached);
  }
}

void let_pass(unsigned bucket, const IpAddress& address, const std::string& interface) {
  change(address, interface, [bucket](Value& value) { set_passing(bucket, value); });
}

void let_pass_only(const std::set<unsigned>& buckets, const IpAddress& address,
                   const std::string& interface) {
  change(address, interface, [&buckets](Value& value) { set_passing(buckets, value); });
}

bool drop_nothing(const IpAddress& address, const std::string& interface) {
  const auto attached = find_to_change(interface);
  if (!attached) return false;
  if (value_of(address, *attached)) forget(address, *attached);
  return bpf::keys_in(attached->drops).empty();
}

void take_away(const std::string& interface) {
  const auto attached = find_to_change(interface);
  if (attached && bpf::keys_in(attached->drops).empty()) detach(*attached);
}

}  // namespace loadshare::early_drop
