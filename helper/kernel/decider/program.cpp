// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/decider/program.h"

#include <bpf/bpf.h>
#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "loadshare/error.h"

// The program as compiled, put into the helper by decider_object.S.
extern "C" const char loadshare_decider_object[];
extern "C" const char loadshare_decider_object_end[];

namespace loadshare::decider {
namespace {

constexpr char program_name[] = "loadshare_owner";
constexpr std::string_view mark = LOADSHARE_MARK;
/// What the marks of all versions begin with.
constexpr std::string_view any_mark = mark.substr(0, mark.rfind(','));
static_assert(mark.size() < sizeof decider_root::mark);

FileDescriptor copy_of(int file) { return FileDescriptor(fcntl(file, F_DUPFD_CLOEXEC, 0)); }

// FNV-1a (draft-eastlake-fnv), which tells one build from another.
std::uint64_t build() {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char* at = loadshare_decider_object; at != loadshare_decider_object_end; ++at) {
    hash = (hash ^ static_cast<unsigned char>(*at)) * 0x100000001b3;
  }
  return hash;
}

bool begins_with_mark(const bpf::Table& table) {
  if (table.type != BPF_MAP_TYPE_ARRAY || table.most_entries != 1 ||
      table.value_size < any_mark.size()) {
    return false;
  }
  const std::uint32_t zero = 0;
  std::vector<char> value(table.value_size);
  return bpf_map_lookup_elem(table.file.number(), &zero, value.data()) == 0 &&
         std::equal(any_mark.begin(), any_mark.end(), value.begin());
}

std::optional<bpf::Table> root_of(const bpf::Loaded& program) {
  for (const auto id : program.tables) {
    auto table = bpf::open_table(id);
    if (table && begins_with_mark(*table)) return table;
  }
  return std::nullopt;
}

/// What is no table of that size was not made by this version.
std::optional<FileDescriptor> open_as(std::uint32_t id, std::uint32_t key_size,
                                      std::uint32_t value_size) {
  auto table = bpf::open_table(id);
  if (!table || table->key_size != key_size || table->value_size != value_size) return std::nullopt;
  return std::move(table->file);
}

std::optional<Holdings> holdings_behind(const bpf::Table& table) {
  decider_root root{};
  const std::uint32_t zero = 0;
  if (table.value_size != sizeof root ||
      bpf_map_lookup_elem(table.file.number(), &zero, &root) != 0 || root.mark != mark ||
      root.build != build()) {
    return std::nullopt;
  }
  auto addresses = open_as(root.addresses, sizeof(address_key), sizeof(decider_address));
  auto cells = open_as(root.cells, sizeof(__u32), sizeof(decider_cell));
  auto counts = open_as(root.counts, sizeof(__u32), sizeof(decider_count));
  auto strangers = open_as(root.strangers, sizeof(decider_connection), sizeof(__u64));
  if (!addresses || !cells || !counts || !strangers) return std::nullopt;
  return Holdings({copy_of(table.file.number()), std::move(*addresses), std::move(*cells),
                   std::move(*counts), std::move(*strangers)});
}

bool has_own_tag(const Holdings& holdings, const bpf::Loaded& program) {
  const auto& tag = holdings.root().program_tag;
  return std::equal(program.tag.begin(), program.tag.end(), std::begin(tag));
}

}  // namespace

std::vector<std::string> Attached::faults() const {
  if (!holdings) return {"the deciding program on " + interface + " is another version's"};
  std::vector<std::string> found;
  if (holdings->interface() != interface) {
    found.push_back("interface " + holdings->interface() + " is called " + interface + " now");
  }
  if (!is_ours)
    found.push_back("the deciding program on " + interface + " is not the one that was put there");
  if (!before.empty()) {
    found.push_back("the deciding program on " + interface +
                    " is not the first at its ingress: " + in_words(before) + " comes before it");
  }
  return found;
}

std::optional<Attached> find(const std::string& interface) {
  std::optional<Attached> found;
  const bpf::Hook ingress(interface, bpf::Direction::ingress);
  std::vector<bpf::Seat> before;
  for (const auto& seat : ingress.seats()) {
    const auto program = bpf::inspect(seat.program_id);
    const auto root = program ? root_of(*program) : std::nullopt;
    if (!root) {
      before.push_back(seat);
      continue;
    }
    if (!found) {
      found.emplace(Attached{interface, ingress, {}, before, false, holdings_behind(*root)});
      found->is_ours = found->holdings && has_own_tag(*found->holdings, *program);
    }
    found->seats.push_back(seat);
  }
  return found;
}

std::vector<Attached> find_all() {
  std::vector<Attached> all;
  for (const auto& interface : bpf::all_interfaces()) {
    if (auto found = find(interface)) all.push_back(std::move(*found));
  }
  return all;
}

namespace {

std::uint32_t processors() {
  const int count = libbpf_num_possible_cpus();
  if (count < 0) throw kernel_error("read /sys/devices/system/cpu/possible", -count);
  return static_cast<std::uint32_t>(count);
}

void prepare(bpf_object& object, const Holdings* former) {
  if (former == nullptr) {
    bpf_map__set_max_entries(bpf_object__find_map_by_name(&object, "counts"),
                             LOADSHARE_MOST_CELLS * processors());
    return;
  }
  const auto& files = former->files();
  bpf::reuse(object, "root", files.root);
  bpf::reuse(object, "addresses", files.addresses);
  bpf::reuse(object, "cells", files.cells);
  bpf::reuse(object, "counts", files.counts);
  bpf::reuse(object, "strangers", files.strangers);
}

}  // namespace

Program::Program(const Holdings* former) {
  object_.emplace(loadshare_decider_object, loadshare_decider_object_end, "the deciding program",
                  [&](bpf_object& object) { prepare(object, former); });
  holdings_.emplace(
      Holdings::Files{copy_of(object_->table("root")), copy_of(object_->table("addresses")),
                      copy_of(object_->table("cells")), copy_of(object_->table("counts")),
                      copy_of(object_->table("strangers"))});
  mark_as_ours();
}

int Program::descriptor() const { return object_->program(program_name); }

void Program::mark_as_ours() {
  auto& root = holdings_->root();
  root.build = build();
  const auto tag = bpf::inspect(descriptor()).tag;
  std::copy(tag.begin(), tag.end(), std::begin(root.program_tag));
  root.addresses = bpf::id_of_table(object_->table("addresses"));
  root.cells = bpf::id_of_table(object_->table("cells"));
  root.counts = bpf::id_of_table(object_->table("counts"));
  root.strangers = bpf::id_of_table(object_->table("strangers"));
  std::copy(mark.begin(), mark.end(), std::begin(root.mark));
}

void Program::attach(const bpf::Hook& ingress, const std::vector<bpf::Seat>& in_place_of) {
  holdings_->note_interface(ingress.interface());
  ingress.put_first(descriptor(), in_place_of);
}

void check_kernel() {
  bpf::be_quiet();
  const int answer = libbpf_probe_bpf_prog_type(BPF_PROG_TYPE_SCHED_CLS, nullptr);
  if (answer == 1) return;
  if (answer < 0) throw kernel_error("ask the kernel for eBPF", -answer);
  throw Error(ExitCode::not_installed, "this kernel runs no eBPF programs at tc");
}

void check_places(const std::string& interface) {
  for (const auto direction : {bpf::Direction::ingress, bpf::Direction::egress}) {
    const auto reason = bpf::Hook(interface, direction).obstacle();
    if (reason) throw Error(ExitCode::generic_error, *reason);
  }
}

}  // namespace loadshare::decider
