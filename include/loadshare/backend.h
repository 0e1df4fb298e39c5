// SPDX-License-Identifier: GPL-2.0-or-later
// What decides which packets a node keeps: the one interface of CLUSTERIP and the eBPF program.
#pragma once

#include "loadshare/plan.h"

namespace loadshare {

class Backend {
 public:
  virtual ~Backend() = default;

  /// What is installed for the address; nothing where the kernel lacks the needed parts.
  virtual FilterState observe(const IpAddress& address) = 0;

  /// Throws not_configured where this backend can never serve the request, not_installed where
  /// the kernel lacks the needed parts. Changes nothing.
  virtual void check(const Request& request) = 0;

  /// Loads what kernel modules are needed; throws not_installed where that is not enough.
  virtual void prepare() = 0;

  // Each step may find that somebody else was there first; then it succeeds.
  virtual void apply(const InstallFilter& step) = 0;
  virtual void apply(const RemoveFilter& step) = 0;
  virtual void apply(const TakeBucket& step) = 0;
  virtual void apply(const ReleaseBucket& step) = 0;

  // Of moves that keep connections. A backend whose check() refuses a drain is never asked.
  virtual void apply(const DrainBucket& step) = 0;
  virtual void apply(const EndDrain& step) = 0;
  virtual void apply(const SpareConnections& step) = 0;
  virtual void apply(const ForgetConnections& step) = 0;
  virtual void apply(const EndMoves& step) = 0;

  /// What only spares the kernel work, behind all steps. Never throws: clients are served by now.
  virtual void finish() {}
};

}  // namespace loadshare
