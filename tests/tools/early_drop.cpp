// SPDX-License-Identifier: GPL-2.0-or-later
// traffic early-drop: what sits at the interface's tcx ingress, and what if somebody spoils it?
#include <bpf/bpf.h>
#include <net/if.h>

#include <array>
#include <cstring>
#include <functional>
#include <iostream>
#include <map>
#include <stdexcept>

#include "arguments.h"
#include "base/file_descriptor.h"
#include "commands.h"
#include "kernel/bpf/address_key.h"
#include "kernel/early_drop/early_drops.h"

namespace traffic {

namespace {

using loadshare::FileDescriptor;

constexpr auto tcx_ingress = static_cast<bpf_attach_type>(46);  // linux/bpf.h of 6.6

struct Found {
  FileDescriptor program{-1}, table{-1};
};

std::string name_of(const FileDescriptor& table) {
  bpf_map_info info{};
  std::uint32_t size = sizeof info;
  bpf_obj_get_info_by_fd(table.number(), &info, &size);
  return info.name;
}

Found find(unsigned interface_index) {
  std::uint32_t id = 0, count = 1;
  const int refused =
      bpf_prog_query(static_cast<int>(interface_index), tcx_ingress, 0, nullptr, &id, &count);
  if (refused != 0) throw std::runtime_error("this kernel has no tcx ingress");
  if (count == 0) return {};
  Found found{FileDescriptor(bpf_prog_get_fd_by_id(id))};
  std::array<std::uint32_t, 2> tables{};
  bpf_prog_info info{};
  info.nr_map_ids = tables.size();
  info.map_ids = reinterpret_cast<std::uintptr_t>(tables.data());
  std::uint32_t size = sizeof info;
  bpf_obj_get_info_by_fd(found.program.number(), &info, &size);
  for (const auto table : tables) {
    FileDescriptor file(bpf_map_get_fd_by_id(table));
    if (name_of(file) == "early_drops") found.table = std::move(file);
  }
  return found;
}

unsigned change_all(const Found& found, const std::function<void(early_drop_value&)>& change) {
  unsigned count = 0;
  address_key key{};
  const address_key* before = nullptr;
  for (; bpf_map_get_next_key(found.table.number(), before, &key) == 0; ++count, before = &key) {
    early_drop_value value{};
    bpf_map_lookup_elem(found.table.number(), &key, &value);
    change(value);
    bpf_map_update_elem(found.table.number(), &key, &value, BPF_EXIST);
  }
  return count;
}

const std::map<std::string, std::function<void(early_drop_value&)>> changes{
    {"nothing", [](early_drop_value&) {}},
    {"seed", [](early_drop_value& value) { ++value.seed; }},
    {"total", [](early_drop_value& value) { ++value.total; }},
    {"mode", [](early_drop_value& value) { value.hashed_ports ^= 1; }},
    {"buckets",
     [](early_drop_value& value) { std::memset(value.passing, 0, sizeof value.passing); }},
};

}  // namespace

int early_drop(const Arguments& arguments) {
  namespace po = boost::program_options;
  OptionReader reader("early-drop: prints \"addresses N\", or \"none\"");
  std::string interface, spoil;
  auto add = reader.described.add_options();
  add("interface", po::value(&interface)->required(), "looks there");
  add("spoil", po::value(&spoil)->default_value("nothing"),
      "seed, total, mode, buckets: another value for all addresses; detach: the program");
  reader.read(arguments);
  const auto index = if_nametoindex(interface.c_str());
  const auto found = find(index);
  if (!found.program) {
    std::cout << "none\n";
    return 0;
  }
  if (spoil == "detach") {
    bpf_prog_detach2(found.program.number(), static_cast<int>(index), tcx_ingress);
    return 0;
  }
  std::cout << "addresses " << change_all(found, changes.at(spoil)) << "\n";
  return 0;
}

}  // namespace traffic
