// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/resolve.h"

#include "loadshare/error.h"
#include "request/cluster_mac.h"

namespace loadshare {
namespace {

// All host bits set, or all cleared, as `ip address add` does it; networks of two have neither.
std::optional<IpAddress> with_host_bits(const IpAddress& address, unsigned prefix_length,
                                        bool set) {
  if (prefix_length > 30) return std::nullopt;
  IpAddress result = address;
  for (unsigned bit = prefix_length; bit < address.bits(); ++bit) {
    const auto mask = static_cast<std::uint8_t>(0x80 >> bit % 8);
    auto& octet = result.bytes[bit / 8];
    octet = static_cast<std::uint8_t>(set ? octet | mask : octet & ~mask);
  }
  return result;
}

std::optional<IpAddress> chosen_broadcast(const Request& request, unsigned prefix_length,
                                          const std::optional<ConnectedNetwork>& network) {
  if (!request.broadcast) return network ? network->broadcast : std::nullopt;
  if (*request.broadcast == "-") return with_host_bits(request.address, prefix_length, false);
  if (*request.broadcast == "+") return with_host_bits(request.address, prefix_length, true);
  return parse_ip_address(*request.broadcast);
}

// The network that the request lies in, unless it is another interface's.
std::optional<ConnectedNetwork> own_network(const Request& request, const Observed& observed) {
  if (!observed.network) return std::nullopt;
  if (request.interface && observed.network->interface != *request.interface) return std::nullopt;
  return observed.network;
}

Error missing_interface(const std::string& name) {
  return {ExitCode::not_installed, "interface " + name + " does not exist on this node"};
}

}  // namespace

Target resolve(const Request& request, const Observed& observed) {
  const auto text = to_string(request.address);
  const auto network = own_network(request, observed);
  if (!request.interface && !network) {
    throw Error(ExitCode::not_installed,
                "nic: not given, and no interface of this node is in a network with " + text);
  }
  const auto interface = request.interface ? *request.interface : network->interface;
  if (!request.prefix_length && !network) {
    if (!observed.interface) throw missing_interface(interface);
    throw Error(ExitCode::not_installed,
                "cidr_netmask: not given, and " + interface + " is in no network with " + text);
  }
  if (request.label) check_label(interface, *request.label);
  const auto prefix_length =
      request.prefix_length ? *request.prefix_length : network->prefix_length;
  const auto broadcast = chosen_broadcast(request, prefix_length, network);
  const auto broadcast_text = request.broadcast ? *request.broadcast
                              : broadcast       ? to_string(*broadcast)
                                                : "";
  const auto mac = request.mac ? *request.mac
                               : derive_cluster_mac(request.address, prefix_length, broadcast_text);
  return {.address = request.address,
          .filter = {interface, mac, request.hash_mode, request.seed, request.total, request.lease,
                     request.drain},
          .held = {interface, prefix_length},
          .broadcast = broadcast,
          .label = request.label,
          .no_prefix_route = request.no_prefix_route};
}

void check_interface(const Target& target, const Observed& observed) {
  const auto& name = target.filter.interface;
  if (!observed.interface) throw missing_interface(name);
  if (observed.interface->loopback || !observed.interface->multicast) {
    throw Error(
        ExitCode::not_configured,
        "nic: " + name + " cannot receive Ethernet multicast, which a cluster address needs");
  }
  if (observed.interface->up && !observed.interface->carrier) {
    throw Error(ExitCode::generic_error, "interface " + name + " has no carrier");
  }
}

}  // namespace loadshare
