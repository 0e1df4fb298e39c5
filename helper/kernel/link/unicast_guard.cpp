// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/link/unicast_guard.h"

#include <cerrno>
#include <fstream>

#include "loadshare/error.h"

namespace loadshare::link {
namespace {

constexpr int off = 0;
constexpr int on_by_us = 2;

std::string path(const std::string& interface, int ip_version) {
  return std::string("/proc/sys/net/") + (ip_version == 4 ? "ipv4" : "ipv6") + "/conf/" +
         interface + "/drop_unicast_in_l2_multicast";
}

int read(const std::string& interface, int ip_version) {
  int setting = off;
  std::ifstream(path(interface, ip_version)) >> setting;
  return setting;
}

void write(const std::string& interface, int ip_version, int setting) {
  std::ofstream file(path(interface, ip_version));
  file << setting << std::flush;
  if (!file) throw kernel_error("write " + path(interface, ip_version), errno);
}

}  // namespace

bool drops_unicast_in_multicast(const std::string& interface, int ip_version) {
  return read(interface, ip_version) != off || read("all", ip_version) != off;
}

void drop_unicast_in_multicast(const std::string& interface, int ip_version) {
  if (read(interface, ip_version) == off) write(interface, ip_version, on_by_us);
}

void restore_unicast_in_multicast(const std::string& interface, int ip_version) {
  if (read(interface, ip_version) == on_by_us) write(interface, ip_version, off);
}

}  // namespace loadshare::link
