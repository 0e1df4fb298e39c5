// SPDX-License-Identifier: GPL-2.0-or-later
// What loadshare 0.1 left to decide to nf_tables and to a program that dropped early. Its MAC
// rewriter is today's.
#pragma once

namespace loadshare::decider::predecessor {

/// Takes away those tables and programs, of all addresses and interfaces. The guard stays, so that
/// the node is silent for addresses that are not started anew yet. Succeeds where there is nothing.
/// Throws kernel_error.
void retire();

}  // namespace loadshare::decider::predecessor
