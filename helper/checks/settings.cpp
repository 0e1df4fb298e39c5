// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <fstream>

#include "checks/checks.h"

namespace loadshare::checks {
namespace {

std::string sysctl(int version, const std::string& interface, const std::string& key) {
  // With slashes, sysctl(8) takes the dot of a VLAN's name for what it is.
  if (interface.find('.') != std::string::npos) {
    return "net/ipv" + std::to_string(version) + "/conf/" + interface + "/" + key;
  }
  return "net.ipv" + std::to_string(version) + ".conf." + interface + "." + key;
}

int value_of(int version, const std::string& interface, const std::string& key) {
  int value = 0;
  std::ifstream("/proc/sys/net/ipv" + std::to_string(version) + "/conf/" + interface + "/" + key) >>
      value;
  return value;
}

// Of the interface and of "all" the higher one counts (Documentation/networking/ip-sysctl.rst).
int setting(int version, const std::string& interface, const std::string& key) {
  return std::max(value_of(version, interface, key), value_of(version, "all", key));
}

void check_arp_ignore(const std::string& nic, Findings& findings) {
  const auto value = setting(4, nic, "arp_ignore");
  const auto shown = sysctl(4, nic, "arp_ignore") + "=" + std::to_string(value);
  // With 1 and 2 it is held on the interface, and answered.
  if (value == 3 || value == 8) {
    findings.push_back(fail(shown + ": ARP requests for the address are not answered",
                            "set it to 0 or 1, for all and for " + nic));
  } else if (value == 2) {
    findings.push_back(warn(shown + ": ARP requests from other networks are not answered",
                            "set it to 0 or 1, for all and for " + nic));
  }
}

void check_arp_filter(const std::string& nic, Findings& findings) {
  if (setting(4, nic, "arp_filter") == 0) return;
  findings.push_back(warn(sysctl(4, nic, "arp_filter") +
                              "=1: only clients whose way back leads "
                              "through " +
                              nic + " get an ARP reply",
                          "set it to 0, for all and for " + nic));
}

void check_rp_filter(const std::string& nic, Findings& findings) {
  if (setting(4, nic, "rp_filter") != 1) return;
  findings.push_back(warn(sysctl(4, nic, "rp_filter") +
                              "=1: packets of clients whose way back "
                              "leads through another interface are dropped",
                          "set it to 2, for all or for " + nic));
}

void check_ip6(const std::string& nic, Findings& findings) {
  if (value_of(6, nic, "disable_ipv6") == 0) return;
  findings.push_back(
      fail(sysctl(6, nic, "disable_ipv6") + "=1: there is no IPv6 on " + nic, "set it to 0"));
}

}  // namespace

Findings settings(const Place& place) {
  Findings findings;
  if (!place.observed.interface) return findings;
  const auto& nic = place.interface;
  if (place.request.address.version == 4) {
    check_arp_ignore(nic, findings);
    check_arp_filter(nic, findings);
    check_rp_filter(nic, findings);
  } else {
    check_ip6(nic, findings);
  }
  if (findings.empty()) findings.push_back(ok("no sysctl of " + nic + " stands in the way"));
  return findings;
}

}  // namespace loadshare::checks
