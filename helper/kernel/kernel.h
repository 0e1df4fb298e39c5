// SPDX-License-Identifier: GPL-2.0-or-later
// The only door to the kernel: a backend for the packets, the link for everything around them.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "kernel/link/address.h"
#include "kernel/netlink/socket.h"
#include "loadshare/backend.h"

namespace loadshare {

/// The backend by which this node has the address, or parts of it; nothing where it has none.
std::optional<BackendChoice> holder_of(const IpAddress& address);

/// Every cluster address that this node has, or parts of it, by either backend.
std::set<IpAddress> cluster_addresses();

class Kernel {
 public:
  /// Chooses the backend: the one asked for; or else the one that already holds the address;
  /// or else CLUSTERIP where this kernel has it and it can serve the request, eBPF elsewhere.
  Kernel(const Request& request, std::chrono::seconds lock_wait);

  /// The one chosen.
  BackendChoice backend() const { return choice_; }

  Observed observe(const Request& request);

  /// Takes the steps in order, after telling `say` each of them. May stop part-way: throws what
  /// was tried. Applying a new plan after a new look is always safe.
  void apply(const Plan& plan, const std::function<void(const std::string&)>& say);

  /// Whether the backend can serve the request here; throws why not. Changes nothing.
  void check(const Request& request, const Observed& observed);

  /// Loads what kernel modules are needed.
  void prepare() { backend_->prepare(); }

 private:
  Path path_of(const Request& request, const Observed& observed,
               const std::vector<link::NodeAddress>& addresses);

  netlink::Socket route_;
  BackendChoice choice_;
  std::chrono::seconds lock_wait_;
  std::unique_ptr<Backend> backend_;
};

}  // namespace loadshare
