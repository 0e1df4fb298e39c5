// SPDX-License-Identifier: GPL-2.0-or-later
// What a router, a switch or a hypervisor has to be told of a cluster address, in its own language.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "loadshare/addresses.h"

namespace loadshare {

/// What the lines are about. What is unknown becomes a word in capitals for the reader to fill in.
struct SwitchEntry {
  IpAddress address;
  MacAddress mac;
  std::string origin;            ///< where the MAC is from, in words
  std::optional<unsigned> vlan;  ///< 1 … 4094
  std::optional<unsigned> prefix_length;
};

/// A language of network devices.
struct SwitchVendor {
  const char* name;  ///< for --vendor
  const char* title;
  const char* comment;  ///< how its comment lines begin
  std::string (*lines)(const SwitchEntry&);
};

/// The one list of them.
std::span<const SwitchVendor> switch_vendors();
std::vector<std::string> switch_vendor_names();

/// Ready to paste, comments included; no line is broken, most fit 80 columns. For one vendor every
/// line is in its language.
std::string switch_config(const SwitchVendor& vendor, const SwitchEntry& entry);
/// For all of them, one block each.
std::string switch_config(const SwitchEntry& entry);

}  // namespace loadshare
