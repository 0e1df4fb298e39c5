// SPDX-License-Identifier: GPL-2.0-or-later
// What the caller asks for, as plain data, and the checks of each value.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "loadshare/addresses.h"

namespace loadshare {

/// More would only make buckets that get no traffic. CLUSTERIP holds fewer
/// (kernel/clusterip/rule.h).
constexpr unsigned most_buckets = 1024;

/// The most nodes that are planned for.
constexpr unsigned most_nodes = 64;

/// What of a packet is hashed; the names are those of iptables' --hashmode.
enum class HashMode { source_ip, source_ip_source_port, source_ip_source_port_dest_port };

enum class BackendChoice { automatic, clusterip, ebpf };

/// The network devices that can be told of a cluster address, each in its own language.
enum class SwitchVendor { ios, nxos, junos, eos, linux_bridge, vmware };

/// Gratuitous ARP (RFC 5227, section 3) after the address was added.
struct Announcement {
  unsigned count = 5;
  std::chrono::milliseconds interval{200};
  bool in_background = true;
};

/// How the cluster calls monitor. 0: not again and again.
struct Monitoring {
  std::chrono::milliseconds interval{0};
  std::chrono::milliseconds timeout{0};
};

/// What Pacemaker says of the clone's other instances where its meta attribute `notify` is true:
/// who stops and who starts in the transition that this call is part of. Names and nodes stand at
/// the same positions ("Clone Resources, Notifications" in Pacemaker Explained).
struct Transition {
  std::string node;  ///< where this call runs
  std::vector<std::string> stopping, stopping_on;
  std::vector<std::string> starting, starting_on;
};

/// One bucket of one cluster address. Defaults are those of ocf:heartbeat:IPaddr2, so that a
/// cluster can move over node by node.
struct Request {
  IpAddress address;
  std::optional<std::string> interface;   ///< default: the one whose network holds the address
  std::optional<unsigned> prefix_length;  ///< default: that of the network
  std::optional<std::string> broadcast;   ///< an address, "+" or "-"; default: the network's
  std::optional<std::string> label;       ///< the part behind "interface:"
  std::optional<MacAddress> mac;          ///< default: derived, see request/cluster_mac.h
  HashMode hash_mode = HashMode::source_ip_source_port;
  std::uint32_t seed = 0;
  unsigned bucket = 1;  ///< 1 … total
  unsigned total = 1;
  BackendChoice backend = BackendChoice::automatic;
  Announcement announcement;
  bool lease = false;  ///< a bucket expires unless monitor renews it
  Monitoring monitoring;
  std::chrono::seconds drain{0};  ///< a bucket that moves keeps its connections so long; 0: not
  bool notify = false;            ///< whether Pacemaker says who else stops and starts
  Transition transition;
  std::optional<std::string> resource;  ///< Pacemaker's name of the address, without instance
  bool no_prefix_route = false;
  std::optional<std::string> network_namespace;
};

/// The values' own checks. Each takes what the caller wrote and throws not_configured with a line
/// that quotes it and says what would be right; whoever calls adds the parameter's name.
namespace value {

IpAddress cluster_address(const std::string& text);
/// ADDRESS or ADDRESS/BITS
Network network(const std::string& text);
/// Also another one of its names (ip link property).
std::string interface(const std::string& text);
unsigned prefix_length(const std::string& text);
std::string broadcast(const std::string& text);
std::string label(const std::string& text);
MacAddress cluster_mac(const std::string& text);
HashMode hash_mode(const std::string& text);
BackendChoice backend(const std::string& text);
SwitchVendor switch_vendor(const std::string& text);
bool boolean(const std::string& text);
std::string network_namespace(const std::string& text);
/// An XML id, of which no more is asked than that it cannot be taken for something else.
std::string resource(const std::string& text);
/// In seconds, up to an hour.
std::chrono::seconds drain(const std::string& text);
/// Of TCP, UDP and the like, in host byte order; not 0.
std::uint16_t port(const std::string& text);
/// A whole decimal number from `least` to `most`, without sign or blanks.
std::uint32_t number(const std::string& text, std::uint32_t least, std::uint32_t most);

}  // namespace value

/// Checks what no value can tell alone: bucket within total, family against prefix, broadcast and
/// so on. Throws not_configured with a line that names the parameter.
void check(const Request& request);

/// Throws not_configured where "interface:label" is longer than the kernel allows.
void check_label(const std::string& interface, const std::string& label);

/// All that value::hash_mode(), value::backend() and value::switch_vendor() take.
std::vector<std::string> hash_mode_names();
std::vector<std::string> backend_names();
std::vector<std::string> switch_vendor_names();

const char* to_string(HashMode mode);
const char* to_string(BackendChoice choice);
const char* to_string(SwitchVendor vendor);

}  // namespace loadshare
