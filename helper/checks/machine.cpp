// SPDX-License-Identifier: GPL-2.0-or-later
#include <linux/capability.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>

#include "base/kernel_module.h"
#include "checks/checks.h"
#include "kernel/clusterip/table.h"
#include "loadshare/error.h"

namespace loadshare::checks {
namespace {

// capabilities(7): what the helper needs, or either of two where a newer kernel split one.
struct Need {
  int capability;
  int instead;
  const char* name;
  const char* purpose;
};
constexpr Need needs[] = {
    {CAP_NET_ADMIN, CAP_NET_ADMIN, "CAP_NET_ADMIN", "addresses and rules"},
    {CAP_NET_RAW, CAP_NET_RAW, "CAP_NET_RAW", "announcements"},
    {CAP_BPF, CAP_SYS_ADMIN, "CAP_BPF", "the eBPF program that keeps the cluster MAC"},
    {CAP_SYS_ADMIN, CAP_SYS_ADMIN, "CAP_SYS_ADMIN", "network namespaces"},
};

std::uint64_t effective_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> sets{};
  if (syscall(SYS_capget, &header, sets.data()) != 0) {
    throw kernel_error("read this process's capabilities", errno);
  }
  return std::uint64_t{sets[1].effective} << 32 | sets[0].effective;
}

bool has(std::uint64_t capabilities, int number) { return (capabilities >> number & 1) != 0; }

bool has_filter_table() {
  const auto tables = clusterip::existing_tables("/proc/net");
  return std::find(tables.begin(), tables.end(), "filter") != tables.end() ||
         kernel_module_available("iptable_filter");
}

std::string kernel_name() {
  utsname names{};
  uname(&names);
  return std::string("Linux ") + names.release;
}

}  // namespace

Findings privileges() {
  const auto held = effective_capabilities();
  Findings findings;
  for (const auto& need : needs) {
    if (has(held, need.capability) || has(held, need.instead)) continue;
    findings.push_back(fail(std::string("no ") + need.name + ", needed for " + need.purpose,
                            "run it as root, and containers with that capability"));
  }
  if (findings.empty()) findings.push_back(ok("all capabilities that are needed"));
  return findings;
}

Findings kernel_parts() {
  const bool clusterip = std::filesystem::exists("/proc/net/ipt_CLUSTERIP") ||
                         kernel_module_available("ipt_CLUSTERIP");
  if (!clusterip) {
    return {ok(kernel_name() + " has no CLUSTERIP: ebpf serves")};
  }
  if (!has_filter_table()) {
    return {warn(kernel_name() + " has CLUSTERIP, but no legacy iptables table filter",
                 "set backend=ebpf: auto would choose CLUSTERIP and fail")};
  }
  return {ok(kernel_name() + " has CLUSTERIP and the legacy iptables tables")};
}

}  // namespace loadshare::checks
