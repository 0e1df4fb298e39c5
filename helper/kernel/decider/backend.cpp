// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/decider/backend.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/background.h"
#include "base/namespace_lock.h"
#include "kernel/connections/connections.h"
#include "kernel/decider/observation.h"
#include "kernel/decider/predecessor.h"
#include "kernel/decider/program.h"
#include "kernel/link/interface.h"
#include "kernel/neighbour/rewriter.h"
#include "loadshare/error.h"

namespace loadshare::decider {
namespace {

class EbpfBackend : public Backend {
 public:
  explicit EbpfBackend(std::chrono::seconds lock_wait) : lock_wait_(lock_wait) {}

  FilterState observe(const IpAddress& address) override { return decider::observe(address); }

  void check(const Request& request) override {
    if (request.total > most_buckets) {
      throw Error(ExitCode::not_configured, "CRM_meta_clone_max: ebpf holds at most " +
                                                std::to_string(most_buckets) + " buckets, not " +
                                                std::to_string(request.total));
    }
    check_kernel();
  }

  void prepare() override {}

  // The rewriter comes first and goes last: it is what tells, even where the program has gone, on
  // which interface the address was.
  void apply(const InstallFilter& step) override {
    const auto lock = lock_shared_parts();
    const auto& filter = step.filter;
    neighbour::announce_as(filter.interface, step.address, filter.mac);
    const auto joined = link::joined_macs(filter.interface);
    link::join_mac(filter.interface, filter.mac);
    predecessor::retire();
    put(step, joined);
  }

  void apply(const RemoveFilter& step) override {
    const auto lock = lock_shared_parts();
    predecessor::retire();
    auto places = neighbour::interfaces_announcing(step.address);
    for (auto& attached : find_all()) take_out(step.address, attached, places);
    for (const auto& [interface, mac] : places) {
      release_interface(interface, mac, step.address);
      if (neighbour::announce_no_more(interface, step.address)) idle_.insert(interface);
    }
  }

  void apply(const TakeBucket& step) override {
    holdings_of(step.address).own(step.address, step.bucket, step.lifetime);
  }

  // Wherever it is owned, and however often.
  void apply(const ReleaseBucket& step) override {
    for (auto& attached : find_all()) {
      if (!attached.holdings || !attached.holdings->holds(step.address)) continue;
      attached.holdings->give_up(step.address, step.bucket);
    }
  }

  void apply(const DrainBucket& step) override {
    holdings_of(step.address).drain(step.address, step.bucket, step.lifetime);
  }

  void apply(const EndDrain& step) override {
    holdings_of(step.address).end_drain(step.address, step.bucket);
  }

  void apply(const SpareConnections& step) override {
    auto holdings = holdings_of(step.address);
    for (const unsigned bucket : step.buckets) holdings.spare(step.address, bucket, step.lifetime);
  }

  void apply(const ForgetConnections& step) override {
    const auto found = connections::connections_of(step.address, step.filter, step.buckets);
    if (!found) {
      throw Error(ExitCode::not_installed,
                  "drain: this kernel does not tell its TCP sockets (no inet_diag)");
    }
    auto holdings = holdings_of(step.address);
    for (const auto& one : *found) {
      // The other node may drain the bucket, and this one then take it back.
      holdings.estrange(one, 2 * step.filter.drain);
    }
  }

  void apply(const EndMoves& step) override { holdings_of(step.address).tidy(step.address); }

  // Whoever takes a program off an interface waits some 10 ms for the kernel (tcx_entry_sync). Not
  // even who waits for the stop waits for this. The lock keeps everybody else away until then.
  void finish() override try {
    if (idle_.empty()) return;
    const auto lock = lock_shared_parts(soon);
    in_background(lock.file(), [this] { take_away(); });
  } catch (const Error&) {
    // An idle program decides on nothing.
  }

 private:
  FileLock lock_shared_parts() const { return lock_shared_parts(lock_wait_); }
  static FileLock lock_shared_parts(std::chrono::seconds longest_wait) {
    return lock_in_namespace("ebpf", LockMode::exclusive, longest_wait);
  }

  static Holdings holdings_of(const IpAddress& address) {
    for (auto& attached : find_all()) {
      if (attached.holdings && attached.holdings->holds(address)) {
        return std::move(*attached.holdings);
      }
    }
    throw Error(ExitCode::generic_error,
                "the deciding program for " + to_string(address) + " is gone");
  }

  // Such a program may have been in another network namespace with its interface, and what it holds
  // be of an earlier time: MACs that an interface has joined do not go with it.
  static bool is_of_earlier_time(Holdings& holdings, const std::set<MacAddress>& joined) {
    const auto held = holdings.addresses();
    return std::any_of(held.begin(), held.end(), [&](const IpAddress& address) {
      const auto filters = holdings.state_of(address).filters;
      return !filters.empty() && !joined.contains(filters.front().mac);
    });
  }

  // A program with its first address, or one that has to be first again, or one more address.
  static void put(const InstallFilter& step, const std::set<MacAddress>& joined) {
    const auto& [address, filter, buckets] = step;
    auto former = find(filter.interface);
    const bool usable = former && former->holdings && former->is_ours &&
                        !is_of_earlier_time(*former->holdings, joined);
    if (usable && former->before.empty()) {
      former->holdings->put(address, filter, buckets);
      former->holdings->note_interface(filter.interface);
      return;
    }
    Program program(usable ? &*former->holdings : nullptr);
    program.holdings().put(address, filter, buckets);
    program.attach(bpf::Hook(filter.interface, bpf::Direction::ingress),
                   former ? former->seats : std::vector<bpf::Seat>{});
  }

  // What another version's program holds cannot be changed: it goes, and the node is silent for its
  // addresses until they are started anew.
  void take_out(const IpAddress& address, Attached& attached,
                std::map<std::string, MacAddress>& places) {
    if (!attached.holdings) {
      for (const auto& seat : attached.seats) attached.ingress.take_off(seat);
      return;
    }
    const auto state = attached.holdings->state_of(address);
    for (const auto& filter : state.filters) places.emplace(attached.interface, filter.mac);
    attached.holdings->take_out(address);
    if (attached.holdings->addresses().empty()) idle_.insert(attached.interface);
  }

  // What other addresses on the interface still need stays, also of those whose program somebody
  // took away.
  static void release_interface(const std::string& interface, const MacAddress& mac,
                                const IpAddress& leaving) {
    auto users = neighbour::announced_on(interface);
    users.erase(leaving);
    const auto attached = find(interface);
    const auto held =
        attached && attached->holdings ? attached->holdings->addresses() : std::vector<IpAddress>{};
    for (const auto& address : held) {
      if (address == leaving) continue;
      for (const auto& filter : attached->holdings->state_of(address).filters) {
        users.emplace(address, filter.mac);
      }
    }
    const bool is_needed = std::any_of(users.begin(), users.end(),
                                       [&](const auto& user) { return user.second == mac; });
    if (!is_needed) link::leave_mac(interface, mac);
  }

  void take_away() const {
    for (const auto& interface : idle_) {
      const auto attached = find(interface);
      if (attached && attached->holdings && attached->holdings->addresses().empty()) {
        for (const auto& seat : attached->seats) attached->ingress.take_off(seat);
      }
      neighbour::take_away(interface);
    }
  }

  static constexpr std::chrono::seconds soon{1};

  std::chrono::seconds lock_wait_;
  std::set<std::string> idle_;  // interfaces with a program that has no address any more
};

}  // namespace

std::unique_ptr<Backend> make_backend(std::chrono::seconds lock_wait) {
  return std::make_unique<EbpfBackend>(lock_wait);
}

}  // namespace loadshare::decider
