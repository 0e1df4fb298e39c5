// SPDX-License-Identifier: GPL-2.0-or-later
#include "checks/connections.h"

#include "checks/checks.h"
#include "kernel/connections/connections.h"

namespace loadshare::checks {
namespace {

// Asked for, or of the address as this node holds it.
bool has_drain(const Place& place) {
  const auto& filters = place.observed.filter.filters;
  return place.request.drain.count() > 0 || (!filters.empty() && filters.front().drain.count() > 0);
}

}  // namespace

Finding judge_sockets(bool told) {
  if (told) return ok("the kernel tells its TCP sockets, whose connections drain keeps");
  return fail("this kernel does not tell its TCP sockets, which drain needs",
              "modprobe tcp_diag, and have it loaded at boot");
}

Findings sockets(const Place& place) {
  if (!has_drain(place)) return {};
  return {judge_sockets(connections::can_tell())};
}

}  // namespace loadshare::checks
