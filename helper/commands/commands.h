// SPDX-License-Identifier: GPL-2.0-or-later
// The commands of loadshare: one function each, and the one list of them.
#pragma once

#include <vector>

#include "request/options.h"

namespace loadshare::commands {

/// Dispatch and usage follow it.
const std::vector<Command>& all();

void start(const Invocation& call);
void stop(const Invocation& call);
void monitor(const Invocation& call);
void notify(const Invocation& call);
void validate(const Invocation& call);
void status(const Invocation& call);
void switch_config(const Invocation& call);
void which(const Invocation& call);
void claim(const Invocation& call);
void release(const Invocation& call);
void watch(const Invocation& call);
void check(const Invocation& call);

}  // namespace loadshare::commands
