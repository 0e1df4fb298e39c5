// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/clusterip/backend.h"

#include <sys/utsname.h>

#include <algorithm>
#include <bit>
#include <cstdlib>

#include "base/file_lock.h"
#include "base/kernel_module.h"
#include "kernel/clusterip/bucket_file.h"
#include "kernel/clusterip/rule.h"
#include "kernel/clusterip/table.h"
#include "loadshare/error.h"

namespace loadshare::clusterip {
namespace {

// Where IPaddr2 puts the rule, and where CLUSTERIP has its full effect: behind conntrack.
constexpr char table_name[] = "filter";
constexpr char chain_name[] = "INPUT";

std::string kernel_release() {
  utsname names{};
  uname(&names);
  return names.release;
}

// iptables takes this lock, too, and lets the environment move it.
std::filesystem::path xtables_lock_path() {
  const char* moved = std::getenv("XTABLES_LOCKFILE");
  return moved != nullptr ? moved : "/run/xtables.lock";
}

bool is_ours(const PlacedRule& placed, const IpAddress& address) {
  const auto rule = parse(*placed.entry);
  return rule && rule->address == address;
}

std::string place(const PlacedRule& placed, const std::string& table) {
  return "rule " + std::to_string(placed.position + 1) + " of chain " + placed.chain +
         " in table " + table;
}

/// What one table says about the address.
void read_table(const std::string& name, const IpAddress& address, FilterState& state) {
  const bool right_table = name == table_name;
  std::vector<PlacedRule> before;
  const Table table(name);
  for (const auto& placed : table.rules()) {
    const bool right_place = right_table && placed.chain == chain_name;
    if (!is_ours(placed, address)) {
      if (right_place) before.push_back(placed);
      continue;
    }
    const auto rule = *parse(*placed.entry);
    state.filters.push_back(rule.filter);
    state.counters.seen = state.counters.seen.value_or(0) + placed.entry->counters.pcnt;
    if (!right_place) {
      state.faults.push_back(place(placed, name) + " is a cluster rule in the wrong place");
    }
    if (rule.narrowed) {
      state.faults.push_back("the cluster rule does not match every packet to " +
                             to_string(address));
    }
    for (const auto& other : before) {
      if (!right_place || !may_take(*other.entry, other.target, address, rule.filter.interface))
        continue;
      state.faults.push_back(place(other, name) + " (" + other.target +
                             ") comes before the cluster rule and may take its packets");
    }
    before.clear();
  }
}

class ClusteripBackend : public Backend {
 public:
  ClusteripBackend(std::chrono::seconds lock_wait, std::filesystem::path proc_net)
      : lock_wait_(lock_wait), proc_net_(std::move(proc_net)) {}

  FilterState observe(const IpAddress& address) override {
    FilterState state;
    if (!exists() || address.version != 4) return state;
    for (const auto& name : existing_tables(proc_net_)) read_table(name, address, state);
    state.buckets = bucket_file(address).read();
    return state;
  }

  void check(const Request& request) override {
    if (request.address.version != 4) {
      throw Error(ExitCode::not_configured,
                  "ip: CLUSTERIP serves IPv4 only, not " + to_string(request.address));
    }
    if (request.lease) {
      throw Error(ExitCode::not_configured,
                  "lease: buckets of CLUSTERIP cannot expire: set backend=ebpf");
    }
    if (request.drain.count() > 0) {
      throw Error(ExitCode::not_configured,
                  "drain: CLUSTERIP cannot tell connections apart: set backend=ebpf");
    }
    if (request.total > most_buckets) {
      throw Error(ExitCode::not_configured, "CRM_meta_clone_max: CLUSTERIP holds at most " +
                                                std::to_string(most_buckets) + " buckets, not " +
                                                std::to_string(request.total));
    }
    if (std::endian::native == std::endian::big && request.hash_mode != HashMode::source_ip) {
      throw Error(ExitCode::not_installed,
                  "hash: on this big-endian machine CLUSTERIP hashes ports otherwise than on other "
                  "nodes: set clusterip_hash=sourceip");
    }
    if (!exists() && !kernel_module_available("ipt_CLUSTERIP")) throw missing();
  }

  void prepare() override {
    load_kernel_module("ip_tables");
    load_kernel_module("iptable_filter");
    load_kernel_module("ipt_CLUSTERIP");
    if (!exists()) throw missing();
  }

  void apply(const InstallFilter& step) override {
    const auto lock = lock_tables();
    Table table(table_name);
    table.insert_first(chain_name, build({step.address, step.filter, step.buckets, false}));
    table.commit();
  }

  void apply(const RemoveFilter& step) override {
    const auto lock = lock_tables();
    for (const auto& name : existing_tables(proc_net_)) remove_rules(name, step.address);
  }

  void apply(const TakeBucket& step) override { bucket_file(step.address).take(step.bucket); }

  void apply(const ReleaseBucket& step) override { bucket_file(step.address).release(step.bucket); }

  // CLUSTERIP knows no connections: what cannot be drained is released.
  void apply(const DrainBucket& step) override { bucket_file(step.address).release(step.bucket); }
  void apply(const EndDrain&) override {}
  void apply(const SpareConnections&) override {}
  void apply(const ForgetConnections&) override {}
  void apply(const EndMoves&) override {}

 private:
  bool exists() const { return std::filesystem::is_directory(proc_net_ / "ipt_CLUSTERIP"); }

  BucketFile bucket_file(const IpAddress& address) const {
    return BucketFile(proc_net_ / "ipt_CLUSTERIP" / to_string(address));
  }

  FileLock lock_tables() const {
    return FileLock(xtables_lock_path(), LockMode::exclusive, lock_wait_);
  }

  static Error missing() {
    return {ExitCode::not_installed,
            "this kernel (" + kernel_release() + ") has no CLUSTERIP target: Linux 6.3 dropped it"};
  }

  static void remove_rules(const std::string& name, const IpAddress& address) {
    Table table(name);
    auto rules = table.rules();
    // From the end, so that the positions still to come stay true.
    std::reverse(rules.begin(), rules.end());
    std::erase_if(rules, [&](const PlacedRule& placed) { return !is_ours(placed, address); });
    if (rules.empty()) return;
    for (const auto& placed : rules) table.remove(placed.chain, placed.position);
    table.commit();
  }

  std::chrono::seconds lock_wait_;
  std::filesystem::path proc_net_;
};

}  // namespace

std::unique_ptr<Backend> make_backend(std::chrono::seconds lock_wait,
                                      const std::filesystem::path& proc_net) {
  return std::make_unique<ClusteripBackend>(lock_wait, proc_net);
}

bool holds(const IpAddress& address, const std::filesystem::path& proc_net) {
  return std::filesystem::exists(proc_net / "ipt_CLUSTERIP" / to_string(address));
}

std::set<IpAddress> addresses(const std::filesystem::path& proc_net) {
  std::set<IpAddress> found;
  std::error_code missing;
  for (const auto& file :
       std::filesystem::directory_iterator(proc_net / "ipt_CLUSTERIP", missing)) {
    if (const auto address = parse_ip_address(file.path().filename())) found.insert(*address);
  }
  return found;
}

std::set<std::string> interfaces_in_use(const std::filesystem::path& proc_net) {
  std::set<std::string> names;
  if (!std::filesystem::is_directory(proc_net / "ipt_CLUSTERIP")) return names;
  for (const auto& name : existing_tables(proc_net)) {
    const Table table(name);
    for (const auto& placed : table.rules()) {
      if (const auto rule = parse(*placed.entry)) names.insert(rule->filter.interface);
    }
  }
  return names;
}

}  // namespace loadshare::clusterip
