// SPDX-License-Identifier: GPL-2.0-or-later
#include "checks/pacemaker.h"

#include <fstream>
#include <pugixml.hpp>
#include <sstream>

#include "checks/checks.h"

namespace loadshare::checks {
namespace {

// Where pacemaker-based keeps it; readable without a running cluster.
constexpr char cib_path[] = "/var/lib/pacemaker/cib/cib.xml";

}  // namespace

std::optional<std::vector<std::string>> conflicting_resources(const std::string& cib,
                                                              const IpAddress& address) {
  pugi::xml_document document;
  if (!document.load_string(cib.c_str())) return std::nullopt;
  std::vector<std::string> names;
  const auto pairs = document.select_nodes(
      "//primitive[@provider='heartbeat'][@type='IPaddr2']/instance_attributes/nvpair[@name='ip']");
  for (const auto& pair : pairs) {
    if (parse_ip_address(pair.node().attribute("value").value()) != address) continue;
    names.push_back(pair.node().parent().parent().attribute("id").value());
  }
  return names;
}

Findings resources(const Place& place) {
  std::ostringstream text;
  std::ifstream file(cib_path);
  if (!file) return {ok("no Pacemaker configuration on this node yet")};
  text << file.rdbuf();
  const auto address = to_string(place.request.address);
  const auto names = conflicting_resources(text.str(), place.request.address);
  if (!names) return {warn(std::string(cib_path) + " cannot be read", "look for IPaddr2 by hand")};
  Findings findings;
  for (const auto& name : *names) {
    findings.push_back(fail("resource " + name + " (ocf:heartbeat:IPaddr2) holds " + address,
                            "stop and delete it before this one starts"));
  }
  if (findings.empty()) findings.push_back(ok("no IPaddr2 resource of Pacemaker holds " + address));
  return findings;
}

}  // namespace loadshare::checks
