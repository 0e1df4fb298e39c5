// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/bpf/hook.h"

#include <net/if.h>

#include <cerrno>
#include <memory>

#include "kernel/bpf/clsact.h"
#include "kernel/bpf/object.h"
#include "kernel/bpf/tcx.h"
#include "loadshare/error.h"

namespace loadshare::bpf {

Hook::Hook(const std::string& interface, Direction direction)
    : interface_(interface), index_(index_of(interface)), direction_(direction) {
  be_quiet();
}

std::vector<Seat> Hook::seats() const {
  std::vector<Seat> all;
  if (index_ == 0) return all;
  for (const auto id : tcx::programs(index_, direction_).value_or(std::vector<std::uint32_t>{})) {
    all.push_back({id, std::nullopt});
  }
  const auto behind = clsact::filters(index_, direction_);
  all.insert(all.end(), behind.begin(), behind.end());
  return all;
}

void Hook::put_first(int program, const std::vector<Seat>& in_place_of) const {
  const auto what = "attach a program to " + interface_;
  if (index_ == 0) throw kernel_error(what, ENODEV);
  const bool has_tcx = tcx::programs(index_, direction_).has_value();
  const int error_number = has_tcx ? tcx::put_first(index_, direction_, program)
                                   : clsact::put_first(index_, direction_, program);
  if (error_number != 0) {
    if (const auto reason = obstacle()) throw Error(ExitCode::generic_error, *reason);
    throw kernel_error(what, error_number);
  }
  for (const auto& seat : in_place_of) take_off(seat);
}

std::optional<std::string> Hook::obstacle() const {
  if (index_ == 0 || tcx::programs(index_, direction_)) return std::nullopt;
  const auto reason = clsact::obstacle(index_, direction_);
  if (!reason) return std::nullopt;
  return interface_ + ": " + *reason;
}

bool Hook::is_own_place(const Seat& seat) const {
  return !seat.filter || !tcx::programs(index_, direction_);
}

void Hook::take_off(const Seat& seat) const {
  if (index_ == 0) return;
  if (seat.filter)
    clsact::take_off(index_, *seat.filter);
  else
    tcx::take_off(index_, direction_, seat.program_id);
}

int index_of(const std::string& interface) {
  const auto index = if_nametoindex(interface.c_str());
  if (index == 0 && errno != ENODEV) {
    throw kernel_error("find the index of interface " + interface, errno);
  }
  return static_cast<int>(index);
}

std::vector<std::string> all_interfaces() {
  std::vector<std::string> names;
  const std::unique_ptr<struct if_nameindex, decltype(&if_freenameindex)> all(if_nameindex(),
                                                                              if_freenameindex);
  if (!all) throw kernel_error("list the interfaces", errno);
  for (const auto* one = all.get(); one->if_index != 0; ++one) names.emplace_back(one->if_name);
  return names;
}

}  // namespace loadshare::bpf
