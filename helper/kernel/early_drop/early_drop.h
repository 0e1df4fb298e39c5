// SPDX-License-Identifier: GPL-2.0-or-later
// Loads, feeds and reads back the program that drops what other nodes own before it costs much
// (early_drop.bpf.c). It sits at the interface's tcx ingress (Linux 6.6), which nobody shares: no
// qdisc is needed and no filter of others is in the way.
//
// The rules decide, this only saves them work. So whoever gives it less to drop comes before a
// change of the rules, and whoever gives it more comes behind.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "loadshare/addresses.h"
#include "loadshare/plan.h"

namespace loadshare::early_drop {

/// What of an address's packets goes on to the rules.
struct Passing {
  HashMode hash_mode = HashMode::source_ip_source_port;
  std::uint32_t seed = 0;
  unsigned total = 1;
  std::set<unsigned> buckets;

  bool operator==(const Passing&) const = default;
};

struct State {
  Passing passing;
  std::uint64_t dropped = 0;  ///< packets, since drop_all_but
};

/// Whether this kernel has a place for it.
bool is_possible(const std::string& interface);

/// Nothing where everything goes on to the rules. Throws kernel_error.
std::optional<State> read(const std::string& interface, const IpAddress& address);

/// Why clients of these buckets are not served, in words: other parameters than the rules', or a
/// bucket that does not get through.
std::vector<std::string> faults(const State& state, const Filter& filter,
                                const std::set<unsigned>& needed);

/// From now on all that is not of these buckets is dropped early. Where the kernel refuses, all
/// goes on to the rules. Calls for one interface must not run side by side.
void drop_all_but(const std::set<unsigned>& buckets, const IpAddress& address,
                  const Filter& filter);

/// One bucket more that goes on to the rules. Changes nothing where all do.
void let_pass(unsigned bucket, const IpAddress& address, const std::string& interface);

/// These and no others. Changes nothing where all do.
void let_pass_only(const std::set<unsigned>& buckets, const IpAddress& address,
                   const std::string& interface);

/// All of the address goes on to the rules. True where the program has no address left: then
/// take_away is due. Calls for one interface must not run side by side.
bool drop_nothing(const IpAddress& address, const std::string& interface);

/// Takes the program off the interface, if it has no address. Waits for the kernel until no packet
/// meets it any more. Calls for one interface must not run side by side.
void take_away(const std::string& interface);

}  // namespace loadshare::early_drop
