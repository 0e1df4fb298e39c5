// SPDX-License-Identifier: GPL-2.0-or-later
#include "nftables/backend.h"

#include <linux/netfilter.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "link/interface.h"
#include "link/unicast_guard.h"
#include "loadshare/error.h"
#include "namespace_lock.h"
#include "neighbour/rewriter.h"
#include "nftables/batch.h"
#include "nftables/ingress.h"
#include "nftables/reader.h"
#include "nftables/ruleset.h"

namespace loadshare::nftables {
namespace {

std::uint16_t family(int ip_version) { return ip_version == 4 ? NFPROTO_IPV4 : NFPROTO_IPV6; }

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

SetSpec address_map(int ip_version) {
  const auto type = ip_version == 4 ? KeyType::ip4_address : KeyType::ip6_address;
  return {address_map_name, type, ip_version == 4 ? 4U : 16U, true, most_addresses};
}

SetSpec ports_set() { return {ports_set_name, KeyType::protocol, 1}; }

SetSpec errors_set(int ip_version) {
  return {errors_set_name, ip_version == 4 ? KeyType::icmp_type : KeyType::icmp6_type, 1};
}

SetSpec owned_set(const IpAddress& address) {
  return {owned_set_name(address), KeyType::bucket, sizeof(std::uint32_t), false, most_buckets};
}

/// An address of ours that this node filters.
struct Installed {
  IpAddress address;
  std::optional<Filter> filter;  ///< nothing where the comment is not ours
};

std::vector<Installed> all_installed() {
  std::vector<Installed> found;
  for (const int version : {4, 6}) {
    for (const auto& chain : Reader(family(version)).chains()) {
      const auto address = address_of_chain(chain.name);
      if (address) found.push_back({*address, filter_of(chain.comment)});
    }
  }
  return found;
}

bool same_elements(const std::optional<std::vector<Element>>& found,
                   const std::vector<std::uint8_t>& wanted) {
  if (!found || found->size() != wanted.size()) return false;
  return std::all_of(wanted.begin(), wanted.end(), [&](std::uint8_t key) {
    return std::find(found->begin(), found->end(), Element{{key}, ""}) != found->end();
  });
}

/// What all addresses share, and one address's own parts, against what they should be.
class Inspection {
 public:
  Inspection(const IpAddress& address, FilterState& state)
      : address_(address), reader_(family(address.version)), state_(state) {}

  void run() {
    const auto chain = reader_.chain(address_chain_name(address_));
    const auto owned = reader_.elements(owned_set_name(address_));
    const auto jump = find_jump();
    const bool nothing = !chain && !owned && !jump;
    if (nothing && neighbour::interfaces_announcing(address_).empty()) return;
    read_buckets(owned);
    if (!chain) {
      fault("only pieces of the cluster rule are left");
      return;
    }
    const auto filter = filter_of(chain->comment);
    if (!filter) {
      fault("chain " + chain->name + " has lost the comment with its parameters");
      return;
    }
    state_.filters.push_back(*filter);
    if (!owned) fault("set " + owned_set_name(address_) + " is missing");
    inspect_rules(chain->name, address_rules(address_, *filter));
    inspect_rules(errors_chain_name(address_), errors_rules(address_, *filter));
    if (!jump || jump->chain != chain->name) {
      fault("map " + std::string(address_map_name) + " does not send " + to_string(address_) +
            " to chain " + chain->name);
    }
    inspect_shared_parts();
    inspect_interface(*filter);
  }

 private:
  void fault(const std::string& text) { state_.faults.push_back(text); }

  std::optional<Element> find_jump() {
    const auto key = key_of(address_);
    for (const auto& element :
         reader_.elements(address_map_name).value_or(std::vector<Element>{})) {
      if (element.key == key) return element;
    }
    return std::nullopt;
  }

  void read_buckets(const std::optional<std::vector<Element>>& owned) {
    for (const auto& element : owned.value_or(std::vector<Element>{})) {
      std::uint32_t bucket = 0;
      if (element.key.size() == sizeof bucket) {
        std::memcpy(&bucket, element.key.data(), sizeof bucket);
      }
      state_.buckets.insert(bucket);
    }
  }

  void inspect_rules(const std::string& chain, const std::vector<Rule>& wanted) {
    if (reader_.rules(chain) != wanted) fault("chain " + chain + " has other rules than it should");
  }

  void inspect_shared_parts() {
    const auto base = reader_.chain(base_chain_name);
    const bool base_right = base && base->hook == std::uint32_t{NF_INET_PRE_ROUTING} &&
                            base->priority == base_chain_priority && base->policy == NF_ACCEPT;
    if (!base_right) {
      fault(std::string("chain ") + base_chain_name + " is missing or not at its hook");
      return;
    }
    inspect_rules(base_chain_name, base_rules(address_.version));
    inspect_rules(defragment_chain_name, defragment_rules(address_.version));
    if (!same_elements(reader_.elements(ports_set_name), protocols_with_ports())) {
      fault(std::string("set ") + ports_set_name + " has other elements than it should");
    }
    if (!same_elements(reader_.elements(errors_set_name), icmp_error_types(address_.version))) {
      fault(std::string("set ") + errors_set_name + " has other elements than it should");
    }
  }

  void inspect_interface(const Filter& filter) {
    if (address_.version == 6) {
      for (const auto& text : ingress_faults(filter.interface, address_)) fault(text);
    }
    if (!link::drops_unicast_in_multicast(filter.interface, address_.version)) {
      fault("drop_unicast_in_l2_multicast is off on " + filter.interface);
    }
    if (neighbour::announced_mac(filter.interface, address_) != filter.mac) {
      fault("ARP or NDP on " + filter.interface + " would tell another MAC than " +
            to_string(filter.mac));
    }
  }

  const IpAddress& address_;
  Reader reader_;
  FilterState& state_;
};

void add_shared_parts(int ip_version, Batch& batch) {
  batch.add_table();
  batch.add_set(address_map(ip_version));
  batch.add_set(ports_set());
  batch.delete_elements(ports_set());
  for (const auto protocol : protocols_with_ports()) batch.add_element(ports_set(), {protocol});
  batch.add_set(errors_set(ip_version));
  batch.delete_elements(errors_set(ip_version));
  for (const auto type : icmp_error_types(ip_version)) {
    batch.add_element(errors_set(ip_version), {type});
  }
  batch.add_prerouting_chain(base_chain_name, base_chain_priority);
  batch.replace_rules(base_chain_name, base_rules(ip_version));
  batch.add_chain(defragment_chain_name, "");
  batch.replace_rules(defragment_chain_name, defragment_rules(ip_version));
}

void add_address_parts(const InstallFilter& step, Batch& batch) {
  const auto& address = step.address;
  const auto set = owned_set(address);
  const auto chain = address_chain_name(address);
  const auto errors_chain = errors_chain_name(address);
  batch.add_set(set);
  batch.delete_elements(set);
  for (const unsigned bucket : step.buckets) batch.add_element(set, key_of(bucket));
  batch.add_chain(errors_chain, "");
  batch.add_chain(chain, comment_of(step.filter));
  batch.replace_rules(errors_chain, errors_rules(address, step.filter));
  batch.replace_rules(chain, address_rules(address, step.filter));
  batch.add_jump(address_map(address.version), key_of(address), chain);
}

void delete_address_parts(const IpAddress& address, Reader& reader, Batch& batch) {
  const auto map = address_map(address.version);
  const auto key = key_of(address);
  for (const auto& element : reader.elements(map.name).value_or(std::vector<Element>{})) {
    if (element.key == key) batch.delete_element(map, key);
  }
  std::vector<std::string> chains;
  for (const auto& name : {address_chain_name(address), errors_chain_name(address)}) {
    if (!reader.chain(name)) continue;
    batch.delete_rules(name);
    chains.push_back(name);
  }
  for (const auto& name : chains) batch.delete_chain(name);
  if (reader.elements(owned_set_name(address))) batch.delete_set(owned_set(address));
}

void commit(Batch& batch, const std::string& tried) {
  const int error_number = batch.commit();
  if (error_number != 0) throw kernel_error(tried + " with nf_tables", error_number);
}

bool kernel_has_nf_tables(int ip_version) {
  try {
    Reader(family(ip_version)).chain(base_chain_name);
    return true;
  } catch (const Error& error) {
    if (error.code() == ExitCode::not_installed) return false;
    throw;
  }
}

class NftablesBackend : public Backend {
 public:
  explicit NftablesBackend(std::chrono::seconds lock_wait) : lock_wait_(lock_wait) {}

  FilterState observe(const IpAddress& address) override {
    FilterState state;
    if (kernel_has_nf_tables(address.version)) Inspection(address, state).run();
    return state;
  }

  void check(const Request& request) override {
    if (request.total > most_buckets) {
      throw Error(ExitCode::not_configured, "CRM_meta_clone_max: nftables holds at most " +
                                                std::to_string(most_buckets) + " buckets, not " +
                                                std::to_string(request.total));
    }
    Reader(family(request.address.version)).chain(base_chain_name);
  }

  void prepare() override {}

  // The rewriter comes first and goes last: it is what tells, even after a flush of all rules,
  // on which interface the address was.
  void apply(const InstallFilter& step) override {
    const auto lock = lock_shared_parts();
    const auto& filter = step.filter;
    neighbour::announce_as(filter.interface, step.address, filter.mac);
    link::drop_unicast_in_multicast(filter.interface, step.address.version);
    link::join_mac(filter.interface, filter.mac);
    Batch batch(family(step.address.version));
    add_shared_parts(step.address.version, batch);
    add_address_parts(step, batch);
    commit(batch, describe(step));
    // Last: from here on packets get as far as the rules.
    if (step.address.version == 6) open_ingress(filter.interface, step.address);
  }

  void apply(const RemoveFilter& step) override {
    const auto lock = lock_shared_parts();
    auto places = neighbour::interfaces_announcing(step.address);
    auto others = all_installed();
    for (const auto& own : others) {
      // Somebody may have taken the rewriter away.
      if (own.address != step.address || !own.filter) continue;
      places.emplace(own.filter->interface, own.filter->mac);
    }
    std::erase_if(others, [&](const Installed& one) { return one.address == step.address; });
    remove_rules(step, others);
    for (const auto& [interface, mac] : places) {
      release_interface(interface, mac, step.address, others);
      neighbour::announce_no_more(interface, step.address);
    }
  }

  void apply(const TakeBucket& step) override {
    Batch batch(family(step.address.version));
    batch.add_element(owned_set(step.address), key_of(step.bucket));
    commit(batch, describe(step));
  }

  void apply(const ReleaseBucket& step) override {
    Batch batch(family(step.address.version));
    batch.delete_element(owned_set(step.address), key_of(step.bucket));
    const int error_number = batch.commit();
    if (error_number != 0 && error_number != ENOENT) {
      throw kernel_error(describe(step) + " with nf_tables", error_number);
    }
  }

 private:
  FileLock lock_shared_parts() const {
    return lock_in_namespace("nftables", LockMode::exclusive, lock_wait_);
  }

  static void shut(const std::string& interface, const IpAddress& address,
                   const std::vector<Installed>& others) {
    if (address.version != 6) return;
    bool interface_needed = false, table_needed = false;
    for (const auto& other : others) {
      if (other.address.version != 6) continue;
      table_needed = true;
      interface_needed = interface_needed || (other.filter && other.filter->interface == interface);
    }
    close_ingress(interface, address, interface_needed, table_needed);
  }

  // The table goes with its last address.
  static void remove_rules(const RemoveFilter& step, const std::vector<Installed>& others) {
    const int version = step.address.version;
    const bool last = std::none_of(others.begin(), others.end(), [&](const Installed& other) {
      return other.address.version == version;
    });
    Reader reader(family(version));
    Batch batch(family(version));
    if (last) {
      batch.delete_table();
    } else {
      delete_address_parts(step.address, reader, batch);
    }
    const int error_number = batch.commit();
    if (error_number != 0 && error_number != ENOENT) {
      throw kernel_error(describe(step) + " with nf_tables", error_number);
    }
  }

  // What other addresses on the interface still need stays, also of those whose rules somebody
  // flushed: the guard is what keeps them silent.
  static void release_interface(const std::string& interface, const MacAddress& mac,
                                const IpAddress& leaving, const std::vector<Installed>& others) {
    auto users = neighbour::announced_on(interface);
    users.erase(leaving);
    for (const auto& other : others) {
      if (!other.filter || other.filter->interface != interface) continue;
      users.emplace(other.address, other.filter->mac);
    }
    bool guard_needed = false, mac_needed = false;
    for (const auto& [address, used_mac] : users) {
      guard_needed = guard_needed || address.version == leaving.version;
      mac_needed = mac_needed || used_mac == mac;
    }
    if (!guard_needed) link::restore_unicast_in_multicast(interface, leaving.version);
    if (!mac_needed) link::leave_mac(interface, mac);
  }

  std::chrono::seconds lock_wait_;
};

}  // namespace

std::unique_ptr<Backend> make_backend(std::chrono::seconds lock_wait) {
  return std::make_unique<NftablesBackend>(lock_wait);
}

bool filters(const IpAddress& address) {
  return kernel_has_nf_tables(address.version) &&
         Reader(family(address.version)).chain(address_chain_name(address)).has_value();
}

}  // namespace loadshare::nftables
