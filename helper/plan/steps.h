// SPDX-License-Identifier: GPL-2.0-or-later
// Steps that more than one of the plans takes.
#pragma once

#include "loadshare/plan.h"

namespace loadshare {

/// Back, where it is still draining here.
TakeBucket take(const IpAddress& address, unsigned bucket, const Observed& observed);

/// Wherever it is held. Comes before remove_filter(): without the filter the node would answer with
/// its own MAC and for every bucket, so the address is never there while the filter is not.
void remove_addresses(const Request& request, const Observed& observed, Plan& plan);

void remove_filter(const Request& request, const Observed& observed, Plan& plan);

}  // namespace loadshare
