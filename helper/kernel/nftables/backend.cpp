// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/nftables/backend.h"

#include <linux/netlink.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <set>

#include "base/background.h"
#include "base/namespace_lock.h"
#include "kernel/early_drop/early_drop.h"
#include "kernel/link/interface.h"
#include "kernel/link/unicast_guard.h"
#include "kernel/neighbour/rewriter.h"
#include "kernel/nftables/batch.h"
#include "kernel/nftables/ruleset.h"
#include "kernel/nftables/table.h"
#include "loadshare/error.h"

namespace loadshare::nftables {
namespace {

/// Nothing where the kernel has no nf_tables.
std::optional<netlink::Socket> open_nf_tables(int ip_version) {
  try {
    netlink::Socket socket(NETLINK_NETFILTER);
    tables(socket, ip_version).back().check_kernel();
    return socket;
  } catch (const Error& error) {
    if (error.code() == ExitCode::not_installed) return std::nullopt;
    throw;
  }
}

/// Every address that any of the tables filters, once.
std::vector<Installed> all_installed(netlink::Socket& socket) {
  std::map<IpAddress, std::optional<Filter>> found;
  for (const int version : {4, 6}) {
    for (auto& table : tables(socket, version)) {
      for (const auto& one : table.installed()) {
        auto& filter = found[one.address];
        if (!filter) filter = one.filter;
      }
    }
  }
  std::vector<Installed> installed;
  for (const auto& [address, filter] : found) installed.push_back({address, filter});
  return installed;
}

std::set<unsigned> served(netlink::Socket& socket, const IpAddress& address) {
  std::set<unsigned> found;
  for (auto& table : tables(socket, address.version)) found.merge(table.served(address));
  return found;
}

/// What the tables hold of the address becomes one state. All have to say the same.
class Inspection {
 public:
  Inspection(netlink::Socket& socket, const IpAddress& address, FilterState& state)
      : socket_(socket), address_(address), state_(state) {}

  void run() {
    std::vector<TableState> found;
    for (auto& table : tables(socket_, address_.version)) found.push_back(table.read(address_));
    const bool nothing =
        std::all_of(found.begin(), found.end(), [](const TableState& one) { return one.empty; });
    if (nothing && neighbour::interfaces_announcing(address_).empty()) return;
    for (const auto& one : found) merge(one);
    compare_tables(found);
    if (state_.filters.empty()) return;
    inspect_interface(state_.filters.front());
    inspect_early_drop(state_.filters.front());
  }

 private:
  void fault(const std::string& text) {
    auto& faults = state_.faults;
    if (std::find(faults.begin(), faults.end(), text) == faults.end()) faults.push_back(text);
  }

  void merge(const TableState& one) {
    if (one.empty) return;
    for (const auto& text : one.faults) fault(text);
    state_.buckets.merge(one.buckets());
    if (one.filter && state_.filters.empty()) state_.filters.push_back(*one.filter);
    state_.counters.dropped = state_.counters.dropped.value_or(0) + one.dropped;
    // All that is accepted in the end comes by the last table.
    state_.counters.accepted = one.packets();
    state_.expiring = one.expiring();
    const bool moving = state_.moves.on || one.moves.on;
    state_.moves = one.moves;
    state_.moves.on = moving;
  }

  void compare_tables(const std::vector<TableState>& found) {
    for (const auto& one : found) {
      if (one.empty) fault("only pieces of the cluster rule are left");
      if (one.empty || !one.filter) continue;
      if (*one.filter != state_.filters.front()) fault("its tables have different parameters");
      if (one.buckets() != state_.buckets) fault("its tables hold different buckets");
    }
  }

  void inspect_interface(const Filter& filter) {
    if (!link::drops_unicast_in_multicast(filter.interface, address_.version)) {
      fault("drop_unicast_in_l2_multicast is off on " + filter.interface);
    }
    if (neighbour::announced_mac(filter.interface, address_) != filter.mac) {
      fault("ARP or NDP on " + filter.interface + " would tell another MAC than " +
            to_string(filter.mac));
    }
  }

  // Where it is missing the rules do its work, so that this is no fault.
  void inspect_early_drop(const Filter& filter) {
    const auto early = early_drop::read(filter.interface, address_);
    if (!early) return;
    state_.counters.dropped = state_.counters.dropped.value_or(0) + early->dropped;
    auto needed = state_.buckets;
    for (const auto& [bucket, left] : state_.moves.draining) needed.insert(bucket);
    for (const auto& text : early_drop::faults(*early, filter, needed)) fault(text);
  }

  netlink::Socket& socket_;
  const IpAddress& address_;
  FilterState& state_;
};

class NftablesBackend : public Backend {
 public:
  explicit NftablesBackend(std::chrono::seconds lock_wait) : lock_wait_(lock_wait) {}
  ~NftablesBackend() override {
    if (changed_) close();
  }

  FilterState observe(const IpAddress& address) override {
    FilterState state;
    if (!socket_) socket_ = open_nf_tables(address.version);
    if (socket_) Inspection(*socket_, address, state).run();
    return state;
  }

  void check(const Request& request) override {
    if (request.total > most_buckets) {
      throw Error(ExitCode::not_configured, "CRM_meta_clone_max: nftables holds at most " +
                                                std::to_string(most_buckets) + " buckets, not " +
                                                std::to_string(request.total));
    }
    tables(socket(), request.address.version).back().check_kernel();
  }

  void prepare() override {}

  // The rewriter comes first and goes last: it is what tells, even after a flush of all rules,
  // on which interface the address was. The early drop comes last and goes first: it must never
  // know better than the rules.
  void apply(const InstallFilter& step) override {
    const auto lock = lock_shared_parts();
    const auto& filter = step.filter;
    early_drop::drop_nothing(step.address, filter.interface);
    neighbour::announce_as(filter.interface, step.address, filter.mac);
    link::drop_unicast_in_multicast(filter.interface, step.address.version);
    link::join_mac(filter.interface, filter.mac);
    Batch batch;
    for (auto& table : tables(socket(), step.address.version)) table.put(step, batch);
    commit(batch, describe(step));
    filtered_ = {step.address, filter};
  }

  void apply(const RemoveFilter& step) override {
    const auto lock = lock_shared_parts();
    auto places = neighbour::interfaces_announcing(step.address);
    auto others = all_installed(socket());
    for (const auto& own : others) {
      // Somebody may have taken the rewriter away.
      if (own.address != step.address || !own.filter) continue;
      places.emplace(own.filter->interface, own.filter->mac);
    }
    for (const auto& [interface, mac] : places) {
      if (early_drop::drop_nothing(step.address, interface)) idle_.insert(interface);
    }
    std::erase_if(others, [&](const Installed& one) { return one.address == step.address; });
    Batch batch;
    for (auto& table : tables(socket(), step.address.version))
      table.take_out(step.address, others, batch);
    commit(batch, describe(step));
    for (const auto& [interface, mac] : places) {
      release_interface(interface, mac, step.address, others);
      neighbour::announce_no_more(interface, step.address);
    }
  }

  void apply(const TakeBucket& step) override {
    const auto filter = filter_of(step.address);
    if (filter) early_drop::let_pass(step.bucket, step.address, filter->interface);
    Batch batch;
    for (auto& table : tables(socket(), step.address.version)) table.put_bucket(step, batch);
    commit(batch, describe(step));
    if (filter) filtered_ = {step.address, *filter};
  }

  // One table after the other, for what one of them has lost the others must still give up.
  void apply(const ReleaseBucket& step) override {
    for (const auto& table : tables(socket(), step.address.version)) {
      Batch batch;
      table.take_out_bucket(step.address, step.bucket, batch);
      const int error_number = send(batch);
      if (error_number != 0 && error_number != ENOENT) {
        throw kernel_error(describe(step) + " with nf_tables", error_number);
      }
    }
    narrow_early_drop(step.address);
  }

  void apply(const DrainBucket& step) override {
    change_shared_parts(step, [&](Table& table, Batch& batch) { table.put_draining(step, batch); });
  }

  void apply(const EndDrain& step) override {
    change_shared_parts(step,
                        [&](Table& table, Batch& batch) { table.take_out_draining(step, batch); });
    narrow_early_drop(step.address);
  }

  void apply(const SpareConnections& step) override {
    change_shared_parts(step, [&](Table& table, Batch& batch) { table.put_spared(step, batch); });
  }

  void apply(const EndMoves& step) override {
    change_shared_parts(
        step, [&](Table& table, Batch& batch) { table.take_out_moves(step.address, batch); });
    narrow_early_drop(step.address);
  }

  // Whoever puts an eBPF program on an interface or takes it off waits 5 to 15 ms for the kernel
  // (tcx_entry_sync). No client does: here all is done that matters, and so nothing may fail.
  void finish() override try {
    put_early_drop();
    take_away_early_drop();
  } catch (const Error&) {
    // Packets cost more than they need to.
  }

 private:
  template <class Step, class Change>
  void change_shared_parts(const Step& step, const Change& change) {
    const auto lock = lock_shared_parts();
    Batch batch;
    for (auto& table : tables(socket(), step.address.version)) change(table, batch);
    commit(batch, describe(step));
  }

  netlink::Socket& socket() {
    if (!socket_) socket_.emplace(NETLINK_NETFILTER);
    return *socket_;
  }

  void close() noexcept try { socket_->close_in_background(); } catch (const Error&) {
    // Closed here, then, which takes longer.
  }

  int send(Batch& batch) {
    changed_ = true;
    return batch.commit(socket());
  }

  void commit(Batch& batch, const std::string& tried) {
    const int error_number = send(batch);
    if (error_number != 0) throw kernel_error(tried + " with nf_tables", error_number);
  }

  FileLock lock_shared_parts() const { return lock_shared_parts(lock_wait_); }
  static FileLock lock_shared_parts(std::chrono::seconds longest_wait) {
    return lock_in_namespace("nftables", LockMode::exclusive, longest_wait);
  }

  std::optional<Filter> filter_of(const IpAddress& address) {
    return tables(socket(), address.version).back().filter(address);
  }

  // Also where a further bucket was taken: somebody may have taken the program away.
  void put_early_drop() {
    if (!filtered_) return;
    const auto& [address, filter] = *filtered_;
    idle_.erase(filter->interface);
    if (!early_drop::is_possible(filter->interface)) return;
    if (early_drop::read(filter->interface, address)) return;
    const auto lock = lock_shared_parts(soon);
    early_drop::drop_all_but(served(socket(), address), address, *filter);
  }

  // Not even who waits for the stop waits for this. The lock keeps everybody else away until then.
  void take_away_early_drop() const {
    if (idle_.empty()) return;
    const auto lock = lock_shared_parts(soon);
    in_background(lock.file(), [this] {
      for (const auto& interface : idle_) early_drop::take_away(interface);
    });
  }

  // What is not served any more need not come to the rules.
  void narrow_early_drop(const IpAddress& address) {
    const auto filter = filter_of(address);
    if (filter && early_drop::read(filter->interface, address)) {
      early_drop::let_pass_only(served(socket(), address), address, filter->interface);
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

  static constexpr std::chrono::seconds soon{1};

  std::chrono::seconds lock_wait_;
  std::optional<netlink::Socket> socket_;  // one for all: see close_in_background
  bool changed_ = false;
  std::optional<Installed> filtered_;  // packets to it could be dropped early
  std::set<std::string> idle_;         // interfaces whose early drop has no address left
};

}  // namespace

std::unique_ptr<Backend> make_backend(std::chrono::seconds lock_wait) {
  return std::make_unique<NftablesBackend>(lock_wait);
}

bool holds(const IpAddress& address) {
  auto socket = open_nf_tables(address.version);
  if (!socket) return false;
  auto all = tables(*socket, address.version);
  return std::any_of(all.begin(), all.end(),
                     [&](Table& table) { return table.filters(address); }) ||
         !neighbour::interfaces_announcing(address).empty();
}

std::set<IpAddress> addresses() {
  std::set<IpAddress> found = neighbour::announced_anywhere();
  auto socket = open_nf_tables(4);
  if (!socket) return found;
  for (const auto& one : all_installed(*socket)) found.insert(one.address);
  return found;
}

}  // namespace loadshare::nftables
