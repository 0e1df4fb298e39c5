// SPDX-License-Identifier: GPL-2.0-or-later
// Fuzzes what reads other hosts' bytes: packets for `watch`, ARP and NDP messages for `check`.
#include <span>

#include "checks/neighbours.h"
#include "watch/line.h"
#include "watch/packet.h"

namespace {

using namespace loadshare;

constexpr HashMode modes[] = {HashMode::source_ip, HashMode::source_ip_source_port,
                              HashMode::source_ip_source_port_dest_port};

void watch_packet(std::span<const std::uint8_t> bytes) {
  static watch::FirstFragments fragments;
  for (const auto mode : modes) {
    auto packet = watch::read_packet(bytes, mode);
    if (!packet) continue;
    fragments.complete(*packet);
    const Filter filter{"eth0", {}, mode, 7, 5};
    const auto verdict = watch::judge_packet(*packet, filter, {{1, 2}, {3}, {2}});
    if (verdict.bucket && (*verdict.bucket < 1 || *verdict.bucket > 5)) __builtin_trap();
    watch::line_of("12:00:00.000", *packet, verdict, false);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span bytes(data, size);
  watch_packet(bytes);
  checks::read_claim(bytes, *parse_ip_address("10.0.0.100"));
  checks::read_claim(bytes, *parse_ip_address("fd77::100"));
  return 0;
}
