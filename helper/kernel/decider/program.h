// SPDX-License-Identifier: GPL-2.0-or-later
// The deciding program of one interface (decider.bpf.c): found, loaded, put in its place.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kernel/bpf/hook.h"
#include "kernel/decider/holdings.h"

namespace loadshare::decider {

/// A program of ours at an interface's ingress. Found by a mark in its tables: a name can be lost,
/// and anybody can use it.
struct Attached {
  std::string interface;
  bpf::Hook ingress;
  std::vector<bpf::Seat> seats;      ///< ours; more than one while one takes another's place
  std::vector<bpf::Seat> before;     ///< whom frames meet before it
  bool is_ours = false;              ///< of this very build, and not changed since it was loaded
  std::optional<Holdings> holdings;  ///< nothing where it is another version's

  /// Why it does not do its work, in words; empty where it does.
  std::vector<std::string> faults() const;
};

/// Nothing where the interface has none. Throws kernel_error.
std::optional<Attached> find(const std::string& interface);

/// Those of all interfaces.
std::vector<Attached> find_all();

/// A program that is loaded, and attached nowhere yet.
class Program {
 public:
  /// With tables of its own, or with those of one that it takes the place of. Throws kernel_error.
  explicit Program(const Holdings* former = nullptr);

  Holdings& holdings() { return *holdings_; }
  /// For bpf(2).
  int descriptor() const;

  /// Before all others at the interface's ingress, and then in the place of those. Waits until no
  /// packet meets the former order any more, some 10 ms.
  void attach(const bpf::Hook& ingress, const std::vector<bpf::Seat>& in_place_of = {});

 private:
  void mark_as_ours();

  std::optional<bpf::Object> object_;
  std::optional<Holdings> holdings_;
};

/// Throws not_installed where the kernel runs no such programs, permission_denied.
void check_kernel();

/// Throws generic_error where somebody else's filter or qdisc keeps our programs from their places
/// on the interface.
void check_places(const std::string& interface);

}  // namespace loadshare::decider
