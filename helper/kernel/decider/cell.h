// SPDX-License-Identifier: GPL-2.0-or-later
// The words of a cell (tables.h), as this process and the program in the kernel share them.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <ctime>

#include "kernel/bpf/address_key.h"
#include "kernel/decider/tables.h"

namespace loadshare::decider {

inline void store(__u64& to, std::uint64_t value) { std::atomic_ref(to).store(value); }
inline std::uint64_t load(const __u64& from) {
  return std::atomic_ref(const_cast<__u64&>(from)).load();
}

/// Nanoseconds, by the clock of bpf_ktime_get_boot_ns.
inline std::uint64_t now() {
  timespec time{};
  clock_gettime(CLOCK_BOOTTIME, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(time.tv_nsec);
}

inline std::uint64_t in(std::chrono::nanoseconds lifetime) {
  return now() + static_cast<std::uint64_t>(lifetime.count());
}

/// The address that a cell belongs to, and where it is.
struct CellPlace {
  address_key address;
  std::uint32_t cell;
};

/// Without its seal a state was not put there by the helper: what somebody writes into the table,
/// or copies from another cell, has it but once in 8191 times. FNV-1a (draft-eastlake-fnv).
inline std::uint64_t sealed(std::uint64_t state, const CellPlace& place) {
  std::uint64_t hash = 0xcbf29ce484222325;
  const auto add = [&hash](std::uint64_t value) { hash = (hash ^ value) * 0x100000001b3; };
  for (const auto byte : place.address.bytes) add(byte);
  add(place.cell);
  add(state & ~LOADSHARE_SEAL_MASK);
  const auto seal = 1 + (hash ^ hash >> 32) % 8191;
  return (state & ~LOADSHARE_SEAL_MASK) | seal << 3;
}
inline bool is_sealed(std::uint64_t state, const CellPlace& place) {
  return state == decider_none || state == sealed(state, place);
}

/// `end` 0: for ever.
inline std::uint64_t state_until(decider_state state, std::uint64_t end, const CellPlace& place) {
  return sealed((end & LOADSHARE_END_MASK) | state, place);
}
inline decider_state kind_of(std::uint64_t state) {
  return static_cast<decider_state>(state & LOADSHARE_STATE_MASK);
}
inline std::uint64_t end_of(std::uint64_t state) { return state & LOADSHARE_END_MASK; }
inline bool lasts(std::uint64_t state, std::uint64_t at) {
  return end_of(state) == 0 || at < end_of(state);
}

inline std::chrono::milliseconds left(std::uint64_t end, std::uint64_t at) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::nanoseconds(end - at));
}

}  // namespace loadshare::decider
