// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/nftables/table.h"

#include <linux/netfilter.h>

#include <algorithm>
#include <cstring>

#include "kernel/nftables/moves.h"

namespace loadshare::nftables {
namespace {

std::uint16_t family_of(Stage stage, int ip_version) {
  if (stage == Stage::ingress) return NFPROTO_NETDEV;
  return ip_version == 4 ? NFPROTO_IPV4 : NFPROTO_IPV6;
}

Bytes key_of(const IpAddress& address) {
  const auto octets = address.octets();
  return {octets.begin(), octets.end()};
}

Bytes key_of(unsigned bucket) {
  Bytes key(sizeof(std::uint32_t));
  const std::uint32_t number = bucket;
  std::memcpy(key.data(), &number, key.size());
  return key;
}

std::uint32_t bucket_of(const Element& element) {
  std::uint32_t bucket = 0;
  if (element.key.size() == sizeof bucket) {
    std::memcpy(&bucket, element.key.data(), sizeof bucket);
  }
  return bucket;
}

SetSpec address_map(int ip_version) {
  SetSpec map{address_map_name, KeyType::ip4_address, 4};
  if (ip_version == 6) map.key_type = KeyType::ip6_address, map.key_size = 16;
  map.verdict_map = true;
  map.most_elements = most_addresses;
  return map;
}

SetSpec owned_set(const IpAddress& address, bool lease = false) {
  SetSpec set{owned_set_name(address), KeyType::bucket, sizeof(std::uint32_t)};
  set.most_elements = most_buckets;
  set.counted = true;
  set.expiring = lease;
  return set;
}

SetSpec moving_map(int ip_version) {
  auto map = address_map(ip_version);
  map.name = moving_map_name;
  return map;
}

SetSpec set_of_moves(const std::string& name) {
  SetSpec set{name, KeyType::bucket, sizeof(std::uint32_t)};
  set.most_elements = most_buckets;
  set.counted = set.expiring = true;
  return set;
}

SetSpec reopened_set(const IpAddress& address) {
  const bool v4 = address.version == 4;
  SetSpec set{reopened_set_name(address),
              v4 ? KeyType::ip4_address_and_ports : KeyType::ip6_address_and_ports, v4 ? 12U : 24U};
  set.most_elements = most_reopened;
  set.expiring = set.filled_by_rules = true;
  return set;
}

/// Those that an address with a drain has besides.
std::vector<SetSpec> sets_of_moves(Stage stage, const IpAddress& address) {
  std::vector<SetSpec> sets{set_of_moves(draining_set_name(address))};
  if (stage == Stage::prerouting) {
    sets.push_back(set_of_moves(elsewhere_set_name(address)));
    sets.push_back(reopened_set(address));
  }
  return sets;
}

/// A set whose elements are always the same.
struct FixedSet {
  SetSpec spec;
  std::vector<std::uint8_t> elements;
};

std::vector<FixedSet> fixed_sets(Stage stage, int ip_version) {
  const auto icmp_type = ip_version == 4 ? KeyType::icmp_type : KeyType::icmp6_type;
  std::vector<FixedSet> sets{
      {{ports_set_name, KeyType::protocol, 1}, protocols_with_ports()},
      {{errors_set_name, icmp_type, 1}, icmp_error_types(ip_version)},
  };
  if (stage == Stage::ingress) {
    sets.push_back({{extensions_set_name, KeyType::protocol, 1}, extension_headers()});
  }
  return sets;
}

bool same_elements(const std::optional<std::vector<Element>>& found,
                   const std::vector<std::uint8_t>& wanted) {
  if (!found || found->size() != wanted.size()) return false;
  return std::all_of(wanted.begin(), wanted.end(), [&](std::uint8_t key) {
    return std::any_of(found->begin(), found->end(), [key](const Element& element) {
      return element.key == Bytes{key} && element.chain.empty();
    });
  });
}

bool is_needed(const std::string& ingress_chain, int ip_version,
               const std::vector<Installed>& others) {
  return std::any_of(others.begin(), others.end(), [&](const Installed& other) {
    return other.address.version == ip_version && other.filter &&
           ingress_chain_name(other.filter->interface) == ingress_chain;
  });
}

Lifetimes lifetimes(const std::vector<Element>& elements) {
  Lifetimes found;
  for (const auto& element : elements) {
    if (element.left) found[bucket_of(element)] = *element.left;
  }
  return found;
}

std::uint64_t counted(const std::vector<Rule>& rules) {
  std::uint64_t packets = 0;
  for (const auto& rule : rules) {
    for (const auto& expression : rule) {
      if (const auto* counter = std::get_if<Counter>(&expression)) packets += counter->packets;
    }
  }
  return packets;
}

}  // namespace

std::set<unsigned> TableState::buckets() const {
  std::set<unsigned> found;
  for (const auto& element : owned) found.insert(bucket_of(element));
  return found;
}

std::map<unsigned, std::uint64_t> TableState::packets() const {
  std::map<unsigned, std::uint64_t> found;
  for (const auto& element : owned) found[bucket_of(element)] = element.packets;
  return found;
}

Lifetimes TableState::expiring() const { return lifetimes(owned); }

Table::Table(netlink::Socket& socket, Stage stage, int ip_version)
    : stage_(stage),
      ip_version_(ip_version),
      family_(family_of(stage, ip_version)),
      reader_(socket, family_) {}

std::string Table::base_chain(const std::string& interface) const {
  return stage_ == Stage::ingress ? ingress_chain_name(interface) : base_chain_name;
}

void Table::check_kernel() { reader_.chain(base_chain_name); }

bool Table::filters(const IpAddress& address) {
  return reader_.chain(address_chain_name(address)).has_value();
}

std::optional<Filter> Table::filter(const IpAddress& address) {
  const auto chain = reader_.chain(address_chain_name(address));
  return chain ? filter_of(chain->comment) : std::nullopt;
}

std::vector<Installed> Table::installed() {
  std::vector<Installed> found;
  for (const auto& chain : reader_.chains()) {
    const auto address = address_of_chain(chain.name);
    if (address) found.push_back({*address, filter_of(chain.comment)});
  }
  return found;
}

TableState Table::read(const IpAddress& address) {
  const auto chain = reader_.chain(address_chain_name(address));
  const auto owned = reader_.elements(owned_set_name(address));
  const auto jump = reader_.element(address_map_name, key_of(address));
  TableState state;
  state.empty = !chain && !owned && !jump;
  if (state.empty) return state;
  if (owned) state.owned = *owned;
  if (!chain) {
    state.faults.push_back("only pieces of the cluster rule are left");
    return state;
  }
  state.filter = filter_of(chain->comment);
  if (!state.filter) {
    state.faults.push_back("chain " + chain->name + " has lost the comment with its parameters");
    return state;
  }
  if (!owned) state.faults.push_back("set " + owned_set_name(address) + " is missing");
  const bool can_move = state.filter->drain.count() > 0;
  state.moves.on = can_move && jump && jump->chain == moving_chain_name(address);
  if (!state.moves.on && (!jump || jump->chain != chain->name)) {
    state.faults.push_back("map " + std::string(address_map_name) + " does not send " +
                           to_string(address) + " to chain " + chain->name);
  }
  inspect(address, *state.filter, state);
  if (can_move) inspect_moves(address, *state.filter, state);
  return state;
}

std::set<unsigned> Table::served(const IpAddress& address) {
  std::set<unsigned> found;
  for (const auto& set : {owned_set_name(address), draining_set_name(address)}) {
    for (const auto& element : reader_.elements(set).value_or(std::vector<Element>{})) {
      found.insert(bucket_of(element));
    }
  }
  return found;
}

void Table::inspect(const IpAddress& address, const Filter& filter, TableState& state) {
  for (const auto& chain : address_chains(stage_, address, filter)) {
    inspect_rules(chain.name, chain.rules, state);
  }
  inspect_shared_parts(filter, state);
}

void Table::inspect_moves(const IpAddress& address, const Filter& filter, TableState& state) {
  for (const auto& chain : move_chains(stage_, address, filter)) {
    inspect_rules(chain.name, chain.rules, state);
  }
  // Not `reopened`: clients fill it, and it may be large.
  const auto read_set = [&](const std::string& set) {
    const auto elements = reader_.elements(set);
    if (!elements) state.faults.push_back("set " + set + " is missing");
    return lifetimes(elements.value_or(std::vector<Element>{}));
  };
  state.moves.draining = read_set(draining_set_name(address));
  if (stage_ == Stage::prerouting) state.moves.elsewhere = read_set(elsewhere_set_name(address));
  const bool moving = !state.moves.draining.empty() || !state.moves.elsewhere.empty();
  if (moving && !state.moves.on) {
    state.faults.push_back("map " + std::string(address_map_name) + " does not send " +
                           to_string(address) + " to chain " + moving_chain_name(address));
  }
  if (moving && stage_ == Stage::prerouting) inspect_after_conntrack(address, state);
}

void Table::inspect_after_conntrack(const IpAddress& address, TableState& state) {
  const auto base = reader_.chain(after_conntrack_chain_name);
  if (!base || base->hook != std::uint32_t{NF_INET_PRE_ROUTING} ||
      base->priority != after_conntrack_priority || base->policy != NF_ACCEPT) {
    state.faults.push_back("chain " + std::string(after_conntrack_chain_name) +
                           " is missing or not at its hook");
    return;
  }
  inspect_rules(after_conntrack_chain_name, after_conntrack_rules(ip_version_), state);
  const auto jump = reader_.element(moving_map_name, key_of(address));
  if (jump && jump->chain == known_chain_name(address)) return;
  state.faults.push_back("map " + std::string(moving_map_name) + " does not send " +
                         to_string(address) + " to chain " + known_chain_name(address));
}

void Table::inspect_rules(const std::string& chain, const std::vector<Rule>& wanted,
                          TableState& state) {
  const auto rules = reader_.rules(chain);
  if (rules != wanted) state.faults.push_back("chain " + chain + " has other rules than it should");
  state.dropped += counted(rules);
}

void Table::inspect_shared_parts(const Filter& filter, TableState& state) {
  const auto name = base_chain(filter.interface);
  const auto base = reader_.chain(name);
  const std::uint32_t hook = stage_ == Stage::ingress ? std::uint32_t{NF_NETDEV_INGRESS}
                                                      : std::uint32_t{NF_INET_PRE_ROUTING};
  if (!base || base->hook != hook || base->priority != base_chain_priority ||
      base->policy != NF_ACCEPT) {
    state.faults.push_back("chain " + name + " is missing or not at its hook");
    return;
  }
  inspect_rules(name, base_rules(stage_, ip_version_), state);
  if (stage_ == Stage::prerouting) {
    inspect_rules(defragment_chain_name, defragment_rules(ip_version_), state);
  }
  for (const auto& set : fixed_sets(stage_, ip_version_)) {
    if (same_elements(reader_.elements(set.spec.name), set.elements)) continue;
    state.faults.push_back("set " + set.spec.name + " has other elements than it should");
  }
}

void Table::put(const InstallFilter& step, Batch& batch) {
  batch.enter(family_);
  batch.add_table();
  batch.add_set(address_map(ip_version_));
  for (const auto& set : fixed_sets(stage_, ip_version_)) {
    batch.add_set(set.spec);
    batch.delete_elements(set.spec);
    for (const auto element : set.elements) batch.add_element(set.spec, {element});
  }
  put_base_chain(step.filter.interface, batch);
  const auto owned = owned_set(step.address, step.filter.lease);
  batch.add_set(owned);
  batch.delete_elements(owned);
  for (const unsigned bucket : step.buckets) batch.add_element(owned, key_of(bucket));
  for (const auto& chain : address_chains(stage_, step.address, step.filter)) {
    const bool first = chain.name == address_chain_name(step.address);
    batch.add_chain(chain.name, first ? comment_of(step.filter) : "");
    batch.replace_rules(chain.name, chain.rules);
  }
  if (step.filter.drain.count() > 0) put_moves(step, batch);
  batch.add_jump(address_map(ip_version_), key_of(step.address), address_chain_name(step.address));
}

void Table::put_moves(const InstallFilter& step, Batch& batch) {
  for (const auto& set : sets_of_moves(stage_, step.address)) {
    batch.add_set(set);
    batch.delete_elements(set);
  }
  for (const auto& chain : move_chains(stage_, step.address, step.filter)) {
    batch.add_chain(chain.name, "");
    batch.replace_rules(chain.name, chain.rules);
  }
}

void Table::put_base_chain(const std::string& interface, Batch& batch) {
  const auto name = base_chain(interface);
  if (stage_ == Stage::prerouting) {
    batch.add_prerouting_chain(name, base_chain_priority);
    batch.add_chain(defragment_chain_name, "");
    batch.replace_rules(defragment_chain_name, defragment_rules(ip_version_));
  } else if (!reader_.chain(name)) {
    // Adding it a second time would be an error, unlike everything else.
    batch.add_ingress_chain(name, interface, base_chain_priority);
  }
  batch.replace_rules(name, base_rules(stage_, ip_version_));
}

void Table::direct(const IpAddress& address, const std::string& chain, Batch& batch) {
  const auto map = address_map(ip_version_);
  if (const auto jump = reader_.element(map.name, key_of(address))) {
    if (jump->chain == chain) return;
    batch.delete_element(map, key_of(address));
  }
  batch.add_jump(map, key_of(address), chain);
}

void Table::direct_to_moves(const IpAddress& address, Batch& batch) {
  direct(address, moving_chain_name(address), batch);
  if (stage_ == Stage::ingress) return;
  const auto map = moving_map(ip_version_);
  batch.add_set(map);
  batch.add_jump(map, key_of(address), known_chain_name(address));
  batch.add_prerouting_chain(after_conntrack_chain_name, after_conntrack_priority);
  batch.replace_rules(after_conntrack_chain_name, after_conntrack_rules(ip_version_));
}

void Table::put_draining(const DrainBucket& step, Batch& batch) {
  batch.enter(family_);
  batch.make_sure_of_no_element(owned_set(step.address), key_of(step.bucket));
  batch.renew_element(set_of_moves(draining_set_name(step.address)), key_of(step.bucket),
                      step.lifetime, 0);
  direct_to_moves(step.address, batch);
}

void Table::take_out_draining(const EndDrain& step, Batch& batch) {
  batch.enter(family_);
  batch.make_sure_of_no_element(set_of_moves(draining_set_name(step.address)), key_of(step.bucket));
}

void Table::put_spared(const SpareConnections& step, Batch& batch) {
  if (stage_ == Stage::ingress) return;
  batch.enter(family_);
  const auto set = set_of_moves(elsewhere_set_name(step.address));
  for (const unsigned bucket : step.buckets) {
    batch.renew_element(set, key_of(bucket), step.lifetime, 0);
  }
  direct_to_moves(step.address, batch);
}

void Table::take_out_moves(const IpAddress& address, Batch& batch) {
  batch.enter(family_);
  direct(address, address_chain_name(address), batch);
  take_out_after_conntrack(address, batch);
}

// With the last address that moves, it goes for all.
void Table::take_out_after_conntrack(const IpAddress& address, Batch& batch) {
  const auto map = reader_.elements(moving_map_name);
  if (!map) return;
  const bool own = reader_.element(moving_map_name, key_of(address)).has_value();
  if (map->size() > (own ? 1U : 0U)) {
    if (own) batch.delete_element(moving_map(ip_version_), key_of(address));
    return;
  }
  if (reader_.chain(after_conntrack_chain_name)) {
    batch.delete_rules(after_conntrack_chain_name);
    batch.delete_chain(after_conntrack_chain_name);
  }
  batch.delete_set(moving_map(ip_version_));
}

void Table::take_out(const IpAddress& address, const std::vector<Installed>& others, Batch& batch) {
  batch.enter(family_);
  const bool last = std::none_of(others.begin(), others.end(), [&](const Installed& other) {
    return other.address.version == ip_version_;
  });
  if (last) {
    batch.delete_table();
    return;
  }
  if (reader_.element(address_map_name, key_of(address))) {
    batch.delete_element(address_map(ip_version_), key_of(address));
  }
  take_out_after_conntrack(address, batch);
  std::vector<std::string> leaving;
  auto names = address_chain_names(address);
  for (const auto& name : move_chain_names(address)) names.push_back(name);
  for (const auto& chain : reader_.chains()) {
    const bool own = std::find(names.begin(), names.end(), chain.name) != names.end();
    const bool unused = is_ingress_chain(chain.name) && !is_needed(chain.name, ip_version_, others);
    if (own || unused) leaving.push_back(chain.name);
  }
  // They go to each other, so all rules leave before any chain can.
  for (const auto& name : leaving) batch.delete_rules(name);
  for (const auto& name : leaving) batch.delete_chain(name);
  auto sets = sets_of_moves(stage_, address);
  sets.push_back(owned_set(address));
  for (const auto& set : sets) {
    if (reader_.has_set(set.name)) batch.delete_set(set);
  }
}

void Table::put_bucket(const TakeBucket& step, Batch& batch) {
  batch.enter(family_);
  const auto set = owned_set(step.address);
  const auto key = key_of(step.bucket);
  if (step.draining) take_out_draining({step.address, step.bucket}, batch);
  if (!step.lifetime) {
    batch.add_element(set, key);
    return;
  }
  std::uint64_t packets = 0;
  for (const auto& element : reader_.elements(set.name).value_or(std::vector<Element>{})) {
    if (element.key == key) packets = element.packets;
  }
  batch.renew_element(set, key, *step.lifetime, packets);
}

void Table::take_out_bucket(const IpAddress& address, unsigned bucket, Batch& batch) const {
  batch.enter(family_);
  batch.delete_element(owned_set(address), key_of(bucket));
}

std::vector<Table> tables(netlink::Socket& socket, int ip_version) {
  std::vector<Table> all;
  if (ip_version == 6) all.emplace_back(socket, Stage::ingress, ip_version);
  all.emplace_back(socket, Stage::prerouting, ip_version);
  return all;
}

}  // namespace loadshare::nftables
