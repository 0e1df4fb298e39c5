// SPDX-License-Identifier: GPL-2.0-or-later
// One of our nf_tables tables: put into a batch part by part, and read back from the kernel.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "kernel/nftables/batch.h"
#include "kernel/nftables/reader.h"
#include "kernel/nftables/ruleset.h"
#include "loadshare/plan.h"

namespace loadshare::nftables {

/// A cluster address that this node filters.
struct Installed {
  IpAddress address;
  std::optional<Filter> filter;  ///< nothing where the comment is not ours
};

/// What a table says of one address.
struct TableState {
  bool empty = true;             ///< it has no part of the address
  std::optional<Filter> filter;  ///< nothing where the address's chain or its comment is missing
  std::vector<std::string> faults;
  std::vector<Element> owned;
  Moves moves;
  std::uint64_t dropped = 0;

  std::set<unsigned> buckets() const;
  /// Accepted, by bucket, since it was taken.
  std::map<unsigned, std::uint64_t> packets() const;
  /// What is left of those that expire.
  Lifetimes expiring() const;
};

class Table {
 public:
  /// The socket is one of nf_tables' and outlives the table.
  Table(netlink::Socket& socket, Stage stage, int ip_version);

  /// Throws not_installed where the kernel has no nf_tables; so does everything that reads.
  void check_kernel();
  bool filters(const IpAddress& address);
  /// The parameters of its rules; nothing where it has none, or they are not ours.
  std::optional<Filter> filter(const IpAddress& address);
  std::vector<Installed> installed();
  TableState read(const IpAddress& address);
  /// Buckets of which some packet at least is taken: owned or draining. A read of two sets.
  std::set<unsigned> served(const IpAddress& address);

  // These only fill the batch; see Batch for what the kernel makes of it.

  /// The parts that addresses share, and all of the address's own.
  void put(const InstallFilter& step, Batch& batch);
  /// What `others` do not need goes, with the last address the table itself.
  void take_out(const IpAddress& address, const std::vector<Installed>& others, Batch& batch);
  void put_bucket(const TakeBucket& step, Batch& batch);
  void take_out_bucket(const IpAddress& address, unsigned bucket, Batch& batch) const;
  void put_draining(const DrainBucket& step, Batch& batch);
  void take_out_draining(const EndDrain& step, Batch& batch);
  void put_spared(const SpareConnections& step, Batch& batch);
  /// The rules that packets meet only while buckets move.
  void take_out_moves(const IpAddress& address, Batch& batch);

 private:
  void put_moves(const InstallFilter& step, Batch& batch);
  void direct_to_moves(const IpAddress& address, Batch& batch);
  void direct(const IpAddress& address, const std::string& chain, Batch& batch);
  void take_out_after_conntrack(const IpAddress& address, Batch& batch);
  void inspect_moves(const IpAddress& address, const Filter& filter, TableState& state);
  void inspect_after_conntrack(const IpAddress& address, TableState& state);
  void put_base_chain(const std::string& interface, Batch& batch);
  void inspect(const IpAddress& address, const Filter& filter, TableState& state);
  void inspect_shared_parts(const Filter& filter, TableState& state);
  void inspect_rules(const std::string& chain, const std::vector<Rule>& wanted, TableState& state);
  std::string base_chain(const std::string& interface) const;

  Stage stage_;
  int ip_version_;
  std::uint16_t family_;
  Reader reader_;
};

/// Those that decide on packets of this IP version, in the order in which packets meet them.
std::vector<Table> tables(netlink::Socket& socket, int ip_version);

}  // namespace loadshare::nftables
