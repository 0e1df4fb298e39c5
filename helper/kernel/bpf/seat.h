// SPDX-License-Identifier: GPL-2.0-or-later
// One of those whom an interface's frames meet, one after the other: ours or somebody else's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace loadshare::bpf {

enum class Direction { ingress, egress };

/// Where a filter of a clsact qdisc sits.
struct FilterPlace {
  std::uint32_t parent, info, handle;  ///< as in tcmsg: TC_H_…, priority and protocol, number
  std::uint32_t chain = 0;             ///< frames begin in chain 0
  std::string kind = "bpf";            ///< "u32", "flower" …

  bool operator==(const FilterPlace&) const = default;
};

/// Something that frames meet.
struct Seat {
  std::uint32_t program_id;           ///< 0: a filter without a program
  std::optional<FilterPlace> filter;  ///< nothing: at tcx
};

/// "cil_from_netdev (program 45)", "a u32 filter of priority 1"; for `tc filter show` and bpftool.
/// Throws kernel_error.
std::string in_words(const Seat& seat);

/// The same of several: "somebody (program 7), a u32 filter of priority 1".
std::string in_words(const std::vector<Seat>& seats);

}  // namespace loadshare::bpf
