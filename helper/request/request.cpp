// SPDX-License-Identifier: GPL-2.0-or-later
#include "loadshare/request.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "base/quoted.h"
#include "loadshare/error.h"

namespace loadshare {
namespace {

constexpr std::size_t longest_interface_name = 15;     // IFNAMSIZ - 1, linux/if.h
constexpr std::size_t longest_alternative_name = 127;  // ALTIFNAMSIZ - 1, the same

constexpr std::uint32_t longest_drain_s = 3600;

/// A value and the word for it. The tables of them are the one list of each.
template <class Value>
struct Named {
  Value value;
  const char* name;
};
constexpr Named<HashMode> hash_modes[] = {
    {HashMode::source_ip, "sourceip"},
    {HashMode::source_ip_source_port, "sourceip-sourceport"},
    {HashMode::source_ip_source_port_dest_port, "sourceip-sourceport-destport"},
};
constexpr Named<BackendChoice> backends[] = {
    {BackendChoice::automatic, "auto"},
    {BackendChoice::clusterip, "clusterip"},
    {BackendChoice::ebpf, "ebpf"},
};
constexpr Named<SwitchVendor> switch_vendors[] = {
    {SwitchVendor::ios, "ios"},
    {SwitchVendor::nxos, "nxos"},
    {SwitchVendor::junos, "junos"},
    {SwitchVendor::eos, "eos"},
    {SwitchVendor::linux_bridge, "linux"},
    {SwitchVendor::vmware, "vmware"},
};
// In clusters that were configured when nf_tables decided. An upgrade is no configuration error; in
// no list, so that nobody chooses it any more.
constexpr char former_name_of_ebpf[] = "nftables";

Error refused(const std::string& text, const std::string& reason) {
  return {ExitCode::not_configured, quoted(text) + " " + reason};
}

template <class Table>
std::vector<std::string> names_of(const Table& table) {
  std::vector<std::string> names;
  for (const auto& row : table) names.emplace_back(row.name);
  return names;
}

template <class Table>
auto value_of(const std::string& text, const Table& table) {
  for (const auto& row : table) {
    if (text == row.name) return row.value;
  }
  std::string choices;
  for (const auto& name : names_of(table)) choices += (choices.empty() ? " " : ", ") + name;
  throw refused(text, "is none of" + choices);
}

template <class Table, class Value>
const char* name_of(Value value, const Table& table) {
  return std::find_if(std::begin(table), std::end(table),
                      [value](const auto& row) { return row.value == value; })
      ->name;
}

bool is_name_character(char c) { return c > ' ' && c <= '~' && c != '/' && c != ':'; }

bool is_name(const std::string& text, std::size_t longest) {
  return !text.empty() && text.size() <= longest && text != "." && text != ".." &&
         std::all_of(text.begin(), text.end(), is_name_character);
}

// 255.255.255.0 and the like; nothing when the bits have a gap.
std::optional<unsigned> dotted_prefix_length(const std::string& text) {
  const auto mask = parse_ip_address(text);
  if (!mask || mask->version != 4) return std::nullopt;
  for (unsigned length = 1; length <= 32; ++length) {
    IpAddress candidate;
    for (unsigned bit = 0; bit < length; ++bit) {
      candidate.bytes[bit / 8] |= static_cast<std::uint8_t>(0x80 >> bit % 8);
    }
    if (candidate == *mask) return length;
  }
  return std::nullopt;
}

// Why no host can own the address, or nothing.
std::optional<std::string> unusable(const IpAddress& address) {
  const auto& b = address.bytes;
  const bool v4 = address.version == 4;
  IpAddress v6_loopback{6, {}};
  v6_loopback.bytes[15] = 1;
  if (v4 ? b[0] == 0 : address == IpAddress{6, {}}) return "is not an address of a host";
  if (v4 ? b[0] == 127 : address == v6_loopback) return "is a loopback address";
  if (v4 ? (b[0] & 0xf0) == 0xe0 : b[0] == 0xff) return "is a multicast address";
  if (v4 && b[0] >= 0xf0) return "is not an address of a host";
  const auto is_mapped =
      std::all_of(b.begin(), b.begin() + 10, [](auto byte) { return byte == 0; }) &&
      b[10] == 0xff && b[11] == 0xff;
  if (!v4 && is_mapped) return "is an IPv4 address in the spelling of IPv6: give it as IPv4";
  return std::nullopt;
}

}  // namespace

namespace value {

IpAddress cluster_address(const std::string& text) {
  const auto address = parse_ip_address(text);
  if (!address) throw refused(text, "is neither an IPv4 nor an IPv6 address");
  if (const auto reason = unusable(*address)) throw refused(text, *reason);
  return *address;
}

Network network(const std::string& text) {
  const auto slash = text.find('/');
  const auto address = parse_ip_address(text.substr(0, slash));
  if (!address) throw refused(text, "is neither an address nor ADDRESS/BITS");
  if (slash == std::string::npos) return {*address, address->bits()};
  return {*address, number(text.substr(slash + 1), 0, address->bits())};
}

std::string interface(const std::string& text) {
  if (!is_name(text, longest_alternative_name) || text.find_first_of("+%*") != std::string::npos) {
    throw refused(text, "is not the name of a network interface");
  }
  if (text == "lo") throw refused(text, "cannot carry a cluster address: no other host reaches it");
  return text;
}

unsigned prefix_length(const std::string& text) {
  if (const auto length = dotted_prefix_length(text)) return *length;
  try {
    return number(text, 1, 128);
  } catch (const Error&) {
    throw refused(text, "is neither a prefix length (1 to 32, IPv6: to 128) nor a netmask");
  }
}

std::string broadcast(const std::string& text) {
  const auto address = parse_ip_address(text);
  if (text != "+" && text != "-" && (!address || address->version != 4)) {
    throw refused(text,
                  "is neither an IPv4 address nor + (host bits set) nor - (host bits cleared)");
  }
  return text;
}

std::string label(const std::string& text) {
  if (!is_name(text, longest_interface_name)) throw refused(text, "is not an interface label");
  return text;
}

MacAddress cluster_mac(const std::string& text) {
  const auto mac = parse_mac_address(text);
  if (!mac) throw refused(text, "is not a MAC address such as 01:00:5e:00:01:14");
  if (!mac->is_multicast()) {
    throw refused(text, "is a unicast MAC: the first octet of a cluster MAC must be odd");
  }
  if (*mac == MacAddress{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}}) {
    throw refused(text, "is the broadcast MAC, not a multicast one");
  }
  return *mac;
}

HashMode hash_mode(const std::string& text) { return value_of(text, hash_modes); }
BackendChoice backend(const std::string& text) {
  if (text == former_name_of_ebpf) return BackendChoice::ebpf;
  return value_of(text, backends);
}
SwitchVendor switch_vendor(const std::string& text) { return value_of(text, switch_vendors); }

bool boolean(const std::string& text) {
  // The words that ocf_is_true of resource-agents takes for yes, and their opposites.
  for (const char* word : {"true", "True", "TRUE", "yes", "YES", "on", "ON", "1", "ja"}) {
    if (text == word) return true;
  }
  for (const char* word : {"false", "False", "FALSE", "no", "NO", "off", "OFF", "0", "nein"}) {
    if (text == word) return false;
  }
  throw refused(text, "is neither true nor false");
}

std::string network_namespace(const std::string& text) {
  constexpr std::size_t longest_file_name = 255;  // NAME_MAX, linux/limits.h
  if (!is_name(text, longest_file_name)) throw refused(text, "is not the name of a namespace");
  return text;
}

std::string resource(const std::string& text) {
  const bool printable = std::none_of(text.begin(), text.end(),
                                      [](unsigned char one) { return one <= ' ' || one == 0x7f; });
  if (text.starts_with('-') || !printable) throw refused(text, "is not the name of a resource");
  return text;
}

std::uint16_t port(const std::string& text) {
  return static_cast<std::uint16_t>(number(text, 1, 65535));
}

std::chrono::seconds drain(const std::string& text) {
  return std::chrono::seconds(number(text, 0, longest_drain_s));
}

std::uint32_t number(const std::string& text, std::uint32_t least, std::uint32_t most) {
  std::uint32_t parsed = 0;
  const char* last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, parsed);
  if (error != std::errc{} || end != last || parsed < least || parsed > most) {
    throw refused(text,
                  "is not a number from " + std::to_string(least) + " to " + std::to_string(most));
  }
  return parsed;
}

}  // namespace value

void check(const Request& request) {
  const auto fail = [](const std::string& line) { throw Error(ExitCode::not_configured, line); };
  const bool v6 = request.address.version == 6;
  if (request.bucket > request.total) {
    fail("CRM_meta_clone_max: bucket " + std::to_string(request.bucket) + " is not one of " +
         std::to_string(request.total));
  }
  if (request.prefix_length && *request.prefix_length > request.address.bits()) {
    fail("cidr_netmask: /" + std::to_string(*request.prefix_length) + " is too long for " +
         to_string(request.address));
  }
  if (v6 && request.broadcast) fail("broadcast: IPv6 has none");
  if (v6 && request.label) fail("iflabel: IPv6 addresses have no label");
  if (request.drain.count() > 0 && !request.notify) {
    fail(
        "drain: needs a clone with the meta attribute notify=true, by which Pacemaker tells"
        " what moves");
  }
  if (request.label) check_label("lo", *request.label);
}

void check_label(const std::string& interface, const std::string& label) {
  if (interface.size() + 1 + label.size() <= longest_interface_name) return;
  throw Error(ExitCode::not_configured, "iflabel: " + interface + ":" + label + " is longer than " +
                                            std::to_string(longest_interface_name) + " characters");
}

std::vector<std::string> hash_mode_names() { return names_of(hash_modes); }
std::vector<std::string> backend_names() { return names_of(backends); }
std::vector<std::string> switch_vendor_names() { return names_of(switch_vendors); }

const char* to_string(HashMode mode) { return name_of(mode, hash_modes); }
const char* to_string(BackendChoice choice) { return name_of(choice, backends); }
const char* to_string(SwitchVendor vendor) { return name_of(vendor, switch_vendors); }

}  // namespace loadshare
