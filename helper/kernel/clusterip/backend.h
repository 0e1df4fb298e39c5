// SPDX-License-Identifier: GPL-2.0-or-later
// The backend for kernels up to 6.2: one CLUSTERIP rule and its bucket file.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <set>
#include <string>

#include "loadshare/backend.h"

namespace loadshare::clusterip {

/// `proc_net` is /proc/net but for tests. `lock_wait` bounds the wait for the xtables lock.
std::unique_ptr<Backend> make_backend(std::chrono::seconds lock_wait,
                                      const std::filesystem::path& proc_net = "/proc/net");

/// Whether this node has the address by CLUSTERIP.
bool holds(const IpAddress& address, const std::filesystem::path& proc_net = "/proc/net");

/// All addresses of which that is true.
std::set<IpAddress> addresses(const std::filesystem::path& proc_net = "/proc/net");

/// The interfaces of all CLUSTERIP rules in this network namespace, whoever installed them.
std::set<std::string> interfaces_in_use(const std::filesystem::path& proc_net = "/proc/net");

}  // namespace loadshare::clusterip
