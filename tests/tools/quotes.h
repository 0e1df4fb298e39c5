// SPDX-License-Identifier: GPL-2.0-or-later
// ICMP errors that quote a packet of the cluster, as a router on the way to the client sends them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "probes.h"

namespace traffic {

/// How much of the quoted packet's ports can be read where they usually stand: all, or nothing
/// because header options (IPv6: an extension header) push them away, or because it is a later
/// fragment.
enum class Quote { whole, options, fragment };

/// The quote called `name`; throws std::invalid_argument for any other.
Quote quote_named(const std::string& name);
/// All names with commas between.
std::string all_quotes();

/// An error about the cluster's answer to a probe.
struct ErrorAbout {
  Probe probe;
  Quote quote = Quote::whole;
  std::size_t kind = 0;  ///< unreachable, too big, time exceeded or bad header, in turn
};

/// The Ethernet frame. Like the probe it ends with the probe's id.
std::vector<std::uint8_t> build_error_frame(const ErrorAbout& error, const IpAddress& router,
                                            const MacAddress& source,
                                            const MacAddress& destination);

}  // namespace traffic
