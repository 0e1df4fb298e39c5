// SPDX-License-Identifier: GPL-2.0-or-later
// The place of an interface where programs meet its frames: tcx where the kernel has it
// (Linux 6.6), else the filters of a clsact qdisc. Others may have programs there, too.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kernel/bpf/seat.h"

namespace loadshare::bpf {

class Hook {
 public:
  /// Throws kernel_error where the interface's index cannot be had for another reason than that
  /// there is no such interface.
  Hook(const std::string& interface, Direction direction);

  const std::string& interface() const { return interface_; }

  /// In the order in which frames meet them; empty where the interface is gone.
  std::vector<Seat> seats() const;

  /// Before all others, and then in the place of those: at no time is none of them there. Throws
  /// generic_error where somebody else's filter or qdisc keeps it out, kernel_error.
  void put_first(int program, const std::vector<Seat>& in_place_of) const;

  /// What would keep put_first from it, in words that name the interface. Throws kernel_error.
  std::optional<std::string> obstacle() const;

  /// False for a filter where put_first uses tcx; earlier versions used filters there, too.
  bool is_own_place(const Seat& seat) const;

  /// Succeeds where it is gone. A clsact qdisc that is empty then goes, too.
  void take_off(const Seat& seat) const;

 private:
  std::string interface_;
  int index_;
  Direction direction_;
};

/// The index of the interface; 0 where there is none of that name. Throws kernel_error.
int index_of(const std::string& interface);

/// The names of all interfaces. Throws kernel_error.
std::vector<std::string> all_interfaces();

}  // namespace loadshare::bpf
