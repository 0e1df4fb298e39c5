// SPDX-License-Identifier: GPL-2.0-or-later
// An iptables table through libiptc.
#pragma once

#include <libiptc/libiptc.h>

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace loadshare::clusterip {

/// A rule where it stands. `entry` lives as long as its Table is not changed.
struct PlacedRule {
  std::string chain;
  unsigned position = 0;  ///< from 0
  std::string target;
  const ipt_entry* entry = nullptr;
};

/// A snapshot of one table; changes take effect together with commit(). Who changes holds the
/// xtables lock from before the snapshot until after the commit, or loses others' updates.
class Table {
 public:
  /// Throws not_installed where the kernel has no such table.
  explicit Table(const std::string& name);

  std::vector<PlacedRule> rules() const;
  void insert_first(const std::string& chain, const std::vector<std::byte>& entry);
  void remove(const std::string& chain, unsigned position);
  void commit();

 private:
  struct Free {
    void operator()(xtc_handle* handle) const { iptc_free(handle); }
  };
  std::string name_;
  std::unique_ptr<xtc_handle, Free> handle_;
};

/// The tables that exist in this network namespace (opening another one would create it).
std::vector<std::string> existing_tables(const std::filesystem::path& proc_net);

}  // namespace loadshare::clusterip
