// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/clusterip/table.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "loadshare/error.h"

namespace loadshare::clusterip {
namespace {

struct ChainLabel {
  xt_chainlabel label{};
  explicit ChainLabel(const std::string& name) {
    std::memcpy(label, name.data(), std::min(name.size(), sizeof label - 1));
  }
};

// libiptc's own words for errno mislead here: they call a missing device a missing target.
Error table_error(const std::string& tried, const std::string& table) {
  return kernel_error(tried + " iptables table " + table, errno);
}

}  // namespace

Table::Table(const std::string& name) : name_(name), handle_(iptc_init(name.c_str())) {
  if (handle_) return;
  if (errno == EPERM || errno == EACCES) throw table_error("read", name);
  throw Error(ExitCode::not_installed, "this kernel has no legacy iptables table " + name);
}

std::vector<PlacedRule> Table::rules() const {
  std::vector<PlacedRule> found;
  auto* handle = handle_.get();
  for (const char* chain = iptc_first_chain(handle); chain != nullptr;
       chain = iptc_next_chain(handle)) {
    unsigned position = 0;
    for (const auto* entry = iptc_first_rule(chain, handle); entry != nullptr;
         entry = iptc_next_rule(entry, handle)) {
      found.push_back({chain, position++, iptc_get_target(entry, handle), entry});
    }
  }
  return found;
}

void Table::insert_first(const std::string& chain, const std::vector<std::byte>& entry) {
  const auto* rule = reinterpret_cast<const ipt_entry*>(entry.data());
  if (iptc_insert_entry(ChainLabel(chain).label, rule, 0, handle_.get()) == 0) {
    throw table_error("insert into", name_);
  }
}

void Table::remove(const std::string& chain, unsigned position) {
  if (iptc_delete_num_entry(ChainLabel(chain).label, position, handle_.get()) == 0) {
    throw table_error("delete from", name_);
  }
}

void Table::commit() {
  if (iptc_commit(handle_.get()) == 0) throw table_error("commit", name_);
}

std::vector<std::string> existing_tables(const std::filesystem::path& proc_net) {
  std::vector<std::string> names;
  std::ifstream file(proc_net / "ip_tables_names");
  for (std::string name; std::getline(file, name);) names.push_back(name);
  return names;
}

}  // namespace loadshare::clusterip
