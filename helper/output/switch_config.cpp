// SPDX-License-Identifier: GPL-2.0-or-later
#include "output/switch_config.h"

#include <cstdio>

namespace loadshare {
namespace {

bool is_v6(const SwitchEntry& entry) { return entry.address.version == 6; }
std::string ip(const SwitchEntry& entry) { return to_string(entry.address); }

// 0100.5e00.0114
std::string dotted_mac(const SwitchEntry& entry) {
  const auto& b = entry.mac.bytes;
  char text[sizeof "0000.0000.0000"];
  std::snprintf(text, sizeof text, "%02x%02x.%02x%02x.%02x%02x", b[0], b[1], b[2], b[3], b[4],
                b[5]);
  return text;
}

std::string vlan(const SwitchEntry& entry) {
  return entry.vlan ? std::to_string(*entry.vlan) : "VLAN";
}

std::string router_interface(const SwitchEntry& entry) {
  return entry.vlan ? "Vlan" + std::to_string(*entry.vlan) : "ROUTER_INTERFACE";
}

std::string prefix(const SwitchEntry& entry) {
  return entry.prefix_length ? std::to_string(*entry.prefix_length) : "LENGTH";
}

const char* discovery(const SwitchEntry& entry) { return is_v6(entry) ? "NDP" : "ARP"; }

// RFC 1112, section 6.4, and RFC 2464, section 7: here snooping switches expect a group.
bool is_mac_of_ip_multicast(const MacAddress& mac) {
  const auto& b = mac.bytes;
  return (b[0] == 0x01 && b[1] == 0x00 && b[2] == 0x5e && b[3] < 0x80) ||
         (b[0] == 0x33 && b[1] == 0x33);
}

std::string router_comment(const std::string& comment, const SwitchEntry& entry) {
  return comment + "Router, as it may refuse a multicast MAC that it hears by " + discovery(entry) +
         ":\n";
}

std::string static_mac(const SwitchEntry& entry, const std::string& ports) {
  return "! Switch, if it shall not flood the VLAN; every node's port must be named:\n"
         "mac address-table static " +
         dotted_mac(entry) + " vlan " + vlan(entry) + " interface " + ports + "\n";
}

// The global form, which IOS and EOS share.
std::string global_neighbour(const SwitchEntry& entry) {
  return is_v6(entry) ? "ipv6 neighbor " + ip(entry) + " " + router_interface(entry) + " " +
                            dotted_mac(entry) + "\n"
                      : "arp " + ip(entry) + " " + dotted_mac(entry) + " arpa\n";
}

std::string ios(const SwitchEntry& entry) {
  return router_comment("! ", entry) + global_neighbour(entry) +
         static_mac(entry, "PORT1 PORT2 PORT3");
}

std::string nxos(const SwitchEntry& entry) {
  return router_comment("! ", entry) + "! On Nexus 9000 this needs NX-OS 9.2(1) or newer.\n" +
         "interface " + router_interface(entry) + "\n" +
         (is_v6(entry) ? "  ipv6 neighbor " : "  ip arp ") + ip(entry) + " " + dotted_mac(entry) +
         "\n"
         "! Switch: nothing, as long as it floods the VLAN with frames to this MAC.\n"
         "! To limit them: what its guide says of Microsoft NLB in multicast mode.\n";
}

std::string junos(const SwitchEntry& entry) {
  return router_comment("# ", entry) +
         "# ROUTER is its own address there; the unit is the VLAN by custom, not by rule.\n"
         "edit interfaces irb unit " +
         vlan(entry) + " family " + (is_v6(entry) ? "inet6" : "inet") + " address ROUTER/" +
         prefix(entry) + "\nset " + (is_v6(entry) ? "ndp " : "arp ") + ip(entry) +
         " multicast-mac " + to_string(entry.mac) +
         "\ntop\n"
         "# Switch: nothing, as long as it floods the VLAN with frames to this MAC.\n";
}

std::string eos(const SwitchEntry& entry) {
  return router_comment("! ", entry) + global_neighbour(entry) + static_mac(entry, "PORTS");
}

std::string linux_bridge(const SwitchEntry& entry) {
  const std::string snooping = is_v6(entry) ? "MLD" : "IGMP";
  return "# Bridge: with " + snooping +
         " snooping and a querier it hands such frames to the ports of\n"
         "# multicast routers alone. Make each port that leads to a node one of them:\n"
         "bridge link set dev PORT mcast_router 2\n"
         "# Or let the whole bridge do without snooping:\n"
         "ip link set dev BRIDGE type bridge mcast_snooping 0\n"
         "# Router: nothing, it takes the MAC that it hears by " +
         discovery(entry) + ".\n";
}

std::string vmware(const SwitchEntry&) {
  return "# Nothing to paste, but to see to:\n"
         "# - port group or virtual switch: \"Notify switches\" is Yes;\n"
         "# - distributed switch: multicast filtering mode Basic, not IGMP/MLD snooping;\n"
         "# - physical switch: the ports that the entries above name are those of all\n"
         "#   ESXi hosts on which a node may run.\n";
}

constexpr SwitchLanguage languages[] = {
    {SwitchVendor::ios, "Cisco IOS and IOS XE", "! ", ios},
    {SwitchVendor::nxos, "Cisco NX-OS", "! ", nxos},
    {SwitchVendor::junos, "Juniper Junos (EX, QFX)", "# ", junos},
    {SwitchVendor::eos, "Arista EOS", "! ", eos},
    {SwitchVendor::linux_bridge, "Linux bridge", "# ", linux_bridge},
    {SwitchVendor::vmware, "VMware vSphere", "# ", vmware},
};

std::string heading(const std::string& comment, const SwitchEntry& entry) {
  std::string text = comment + "Cluster address " + ip(entry) +
                     (entry.vlan ? " in VLAN " + std::to_string(*entry.vlan) : "") + "\n" +
                     comment + "Cluster MAC " + to_string(entry.mac) + ", " + entry.origin + "\n" +
                     comment + "Words in CAPITALS are yours to fill in.\n";
  if (!is_mac_of_ip_multicast(entry.mac)) return text;
  return text + comment + "This MAC is one of IP multicast: a switch that does IGMP or MLD\n" +
         comment + "snooping may deliver it nowhere without an entry of its own.\n";
}

std::string block(const SwitchLanguage& language, const SwitchEntry& entry) {
  return "\n" + std::string(language.comment) + "---- " + language.title + "\n" +
         language.lines(entry);
}

}  // namespace

std::span<const SwitchLanguage> switch_languages() { return languages; }

std::string switch_config(const SwitchLanguage& language, const SwitchEntry& entry) {
  return heading(language.comment, entry) + block(language, entry);
}

std::string switch_config(const SwitchEntry& entry) {
  auto text = heading("# ", entry);
  for (const auto& language : languages) text += block(language, entry);
  return text;
}

}  // namespace loadshare
