// SPDX-License-Identifier: GPL-2.0-or-later
// Steps that more than one of the plans takes.
#pragma once

#include <optional>
#include <vector>

#include "loadshare/plan.h"

namespace loadshare {

/// Back, where it is still draining here.
TakeBucket take(const IpAddress& address, unsigned bucket, const Observed& observed);

/// Whether anything is there that keeps the address from answering, or should.
bool has_rule(const Observed& observed);

/// Where the address is held by us: with a rule of ours wherever it is, for versions up to 2026 and
/// IPaddr2 have it as an address among others; without one only where it has our form.
std::vector<HeldAddress> ours(const Observed& observed);

/// The kernel has room for one of them alone, whatever their forms.
bool same_place(const HeldAddress& one, const HeldAddress& other);

/// Whether packets to it go by the filter: it is on the filter's interface, or on none that
/// receives any.
bool is_behind(const HeldAddress& held, const Filter& filter);

/// Where the node has the address as one of its own, and not from us.
std::optional<HeldAddress> own_address(const Observed& observed);

/// Wherever it is held by us. Comes before remove_filter(): without the filter the node would
/// answer with its own MAC and for every bucket, so the address is never there while the filter is
/// not.
void remove_addresses(const Request& request, const Observed& observed, Plan& plan);

void remove_filter(const Request& request, const Observed& observed, Plan& plan);

/// Both, and the other ways as they were: before the filter goes, which is what tells a later stop
/// that there is something to do.
void remove_everything(const Request& request, const Observed& observed, Plan& plan);

}  // namespace loadshare
