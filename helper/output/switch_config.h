// SPDX-License-Identifier: GPL-2.0-or-later
// What a router, a switch or a hypervisor has to be told of a cluster address, in its own language.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "loadshare/addresses.h"
#include "loadshare/request.h"

namespace loadshare {

/// What the lines are about. What is unknown becomes a word in capitals for the reader to fill in.
struct SwitchEntry {
  IpAddress address;
  MacAddress mac;
  std::string origin;            ///< where the MAC is from, in words
  std::optional<unsigned> vlan;  ///< 1 … 4094
  std::optional<unsigned> prefix_length;
};

/// What a vendor's devices understand.
struct SwitchLanguage {
  SwitchVendor vendor;
  const char* title;
  const char* comment;  ///< how its comment lines begin
  std::string (*lines)(const SwitchEntry&);
};

/// One for each vendor.
std::span<const SwitchLanguage> switch_languages();

/// Ready to paste, comments included; no line is broken, most fit 80 columns. For one vendor every
/// line is in its language.
std::string switch_config(const SwitchLanguage& language, const SwitchEntry& entry);
/// For all of them, one block each.
std::string switch_config(const SwitchEntry& entry);

}  // namespace loadshare
