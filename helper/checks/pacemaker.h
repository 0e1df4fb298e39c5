// SPDX-License-Identifier: GPL-2.0-or-later
// Resources in Pacemaker's configuration that hold the same address.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "loadshare/addresses.h"

namespace loadshare::checks {

/// The ids of all ocf:heartbeat:IPaddr2 primitives with that address, in any spelling, in the text
/// of a CIB; nothing where the text is not XML.
std::optional<std::vector<std::string>> conflicting_resources(const std::string& cib,
                                                              const IpAddress& address);

}  // namespace loadshare::checks
