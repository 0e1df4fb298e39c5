// SPDX-License-Identifier: GPL-2.0-or-later
// What the deciding programs of this node, and what is around them, say of an address.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>

#include "loadshare/observed.h"

namespace loadshare::decider {

/// Of all interfaces. Throws kernel_error.
FilterState observe(const IpAddress& address);

/// Whether this node has the address by such a program, or anything of it that is left where the
/// program has gone.
bool holds(const IpAddress& address);

/// All addresses of which that is true.
std::set<IpAddress> addresses();

/// How many connections are open in each bucket that drains; nothing where none does, or where this
/// kernel does not tell its sockets. `state` is the address's own. Throws kernel_error.
std::optional<std::map<unsigned, std::size_t>> draining_connections(const IpAddress& address,
                                                                    const FilterState& state);

}  // namespace loadshare::decider
