// SPDX-License-Identifier: GPL-2.0-or-later
// Kernel modules, through the kernel's own modprobe.
#pragma once

#include <string>

namespace loadshare {

/// Whether the module is built in or can be loaded.
bool kernel_module_available(const std::string& name);

/// Loads the module where it is not yet loaded. Says nothing of success: look for what it brings.
void load_kernel_module(const std::string& name);

}  // namespace loadshare
