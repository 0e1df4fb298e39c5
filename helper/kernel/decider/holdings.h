// SPDX-License-Identifier: GPL-2.0-or-later
// What the tables of one deciding program hold: addresses, their parameters and their buckets. Read
// and written in place; whoever changes anything here changes what the node answers from the next
// packet on.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "kernel/bpf/mapped.h"
#include "kernel/bpf/object.h"
#include "kernel/connections/connections.h"
#include "kernel/decider/tables.h"
#include "loadshare/addresses.h"
#include "loadshare/plan.h"

namespace loadshare::decider {

using connections::Connection;

class Holdings {
 public:
  struct Files {
    FileDescriptor root, addresses, cells, counts, strangers;
  };
  /// Throws kernel_error.
  explicit Holdings(Files files);

  decider_root& root() const { return root_.values().front(); }
  const Files& files() const { return files_; }

  /// What the interface was called when an address was put there.
  std::string interface() const;
  void note_interface(const std::string& name);

  std::vector<IpAddress> addresses() const;
  bool holds(const IpAddress& address) const { return parameters_of(address).has_value(); }
  /// Nothing of the address: no filters. The interface is for whoever knows it to fill in.
  FilterState state_of(const IpAddress& address) const;

  /// Installs the address, or installs it anew; these buckets are owned and no others. Throws
  /// generic_error where there is no room, kernel_error.
  void put(const IpAddress& address, const Filter& filter, const std::set<unsigned>& buckets);
  /// Succeeds where there is no such address. Throws kernel_error.
  void take_out(const IpAddress& address);

  // Of an address that is held; where it is not, or has no such bucket, they throw generic_error.
  void own(const IpAddress& address, unsigned bucket,
           std::optional<std::chrono::milliseconds> lifetime);
  void give_up(const IpAddress& address, unsigned bucket);
  void drain(const IpAddress& address, unsigned bucket, std::chrono::milliseconds lifetime);
  /// Only where it drains.
  void end_drain(const IpAddress& address, unsigned bucket);
  void spare(const IpAddress& address, unsigned bucket, std::chrono::milliseconds lifetime);
  /// What is over leaves no mark.
  void tidy(const IpAddress& address);

  /// From now on, for so long, none of this node's while its bucket moves. Throws kernel_error.
  void estrange(const Connection& connection, std::chrono::seconds lifetime);
  bool is_stranger(const Connection& connection) const;

 private:
  std::optional<decider_address> parameters_of(const IpAddress& address) const;
  void set(const IpAddress& address, unsigned bucket, decider_state kind, std::uint64_t end);
  decider_cell& cell_of(const IpAddress& address, unsigned bucket);
  std::uint32_t free_cells(std::uint32_t count, const IpAddress& except) const;
  void clear_cells(const decider_address& parameters);
  void note_what_may_be_held();
  void forget_strangers(const IpAddress& address);
  std::vector<decider_count*> counts_of(std::size_t cell) const;
  Counters counters_of(const decider_address& parameters, const std::set<unsigned>& owned) const;

  Files files_;
  bpf::Mapped<decider_root> root_;
  bpf::Mapped<decider_cell> cells_;
  bpf::Mapped<decider_count> counts_;
};

}  // namespace loadshare::decider
