// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/resolve.h"

#include "loadshare/error.h"
#include "request/cluster_mac.h"

namespace loadshare {
namespace {

IpAddress with_bits_behind(unsigned prefix_length, const IpAddress& address, bool set) {
  IpAddress result = address;
  for (unsigned bit = prefix_length; bit < address.bits(); ++bit) {
    const auto mask = static_cast<std::uint8_t>(0x80 >> bit % 8);
    auto& octet = result.bytes[bit / 8];
    octet = static_cast<std::uint8_t>(set ? octet | mask : octet & ~mask);
  }
  return result;
}

// All host bits set, or all cleared, as `ip address add` does it; networks of two have neither.
std::optional<IpAddress> with_host_bits(const IpAddress& address, unsigned prefix_length,
                                        bool set) {
  if (prefix_length > address.bits() - 2) return std::nullopt;
  return with_bits_behind(prefix_length, address, set);
}

// Of IPv6, the first one is every router's (RFC 4291, 2.6.1), and there is no broadcast.
void check_host(const IpAddress& address, unsigned prefix_length) {
  const auto refuse = [&](const std::string& what) {
    throw Error(ExitCode::not_configured,
                "ip: " + to_string(address) + " is the " + what + " address of its network, a /" +
                    std::to_string(prefix_length) + ": choose one that a host can have");
  };
  if (address == with_host_bits(address, prefix_length, false)) {
    refuse(address.version == 4 ? "network" : "routers' anycast");
  }
  if (address.version == 4 && address == with_host_bits(address, prefix_length, true)) {
    refuse("broadcast");
  }
}

// Not on the interface itself, where network managers keep order and where the removal of one
// address can take others with it. The kernel answers neighbour solicitations only for addresses
// of the interface that is asked, and with an arp_ignore of 1 or 2 ARP requests, too.
HeldAddress place_of(const Request& request, const std::string& interface,
                     const Observed& observed) {
  const int arp_ignore = observed.interface ? observed.interface->arp_ignore : 0;
  const bool asked_on_interface =
      request.address.version == 6 || arp_ignore == 1 || arp_ignore == 2;
  const auto holder = observed.holder ? observed.holder->name : "lo";
  return {.interface = asked_on_interface ? interface : holder,
          .prefix_length = request.address.bits(),
          .expiring = false,
          .cluster_form = true};
}

NetworkRoute route_to_network(const Target& target, const Observed& observed) {
  const auto first = with_bits_behind(target.prefix_length, target.address, false);
  return {.network = {first, target.prefix_length},
          .interface = target.filter.interface,
          .table = observed.holder ? observed.holder->route_table : NetworkRoute{}.table};
}

std::optional<IpAddress> chosen_broadcast(const Request& request, unsigned prefix_length,
                                          const std::optional<ConnectedNetwork>& network) {
  if (!request.broadcast) return network ? network->broadcast : std::nullopt;
  if (*request.broadcast == "-") return with_host_bits(request.address, prefix_length, false);
  if (*request.broadcast == "+") return with_host_bits(request.address, prefix_length, true);
  return parse_ip_address(*request.broadcast);
}

// The interface's own where one of its other names was given: of those the kernel's settings and
// our filters know nothing.
std::string name_of(const std::string& given, const Observed& observed) {
  return observed.interface ? observed.interface->name : given;
}

// The network that the request lies in, unless it is another interface's.
std::optional<ConnectedNetwork> own_network(const Request& request, const Observed& observed) {
  if (!observed.network) return std::nullopt;
  if (request.interface && observed.network->interface != name_of(*request.interface, observed)) {
    return std::nullopt;
  }
  return observed.network;
}

void refuse_obstacles(const Observed& observed) {
  const auto& obstacles = observed.path.obstacles;
  if (!obstacles.empty()) throw Error(ExitCode::generic_error, obstacles.front());
}

Error missing_interface(const std::string& name) {
  return {ExitCode::not_installed, "interface " + name + " does not exist on this node"};
}

// Its addresses are most often on whatever took it, so this is the reason for what else is missing.
void check_taker(const Observed& observed) {
  if (!observed.interface || observed.interface->taker.empty()) return;
  throw Error(ExitCode::not_installed,
              "nic: " + observed.interface->name + " is " + observed.interface->taker);
}

}  // namespace

Target resolve(const Request& request, const Observed& observed) {
  const auto text = to_string(request.address);
  const auto network = own_network(request, observed);
  if (!request.interface && !network) {
    throw Error(ExitCode::not_installed,
                "nic: not given, and no interface of this node is in a network with " + text);
  }
  const auto interface =
      request.interface ? name_of(*request.interface, observed) : network->interface;
  if (!request.prefix_length && !network) {
    if (!observed.interface) throw missing_interface(interface);
    check_taker(observed);
    refuse_obstacles(observed);  // which can have taken the network away
    throw Error(ExitCode::not_installed,
                "cidr_netmask: not given, and " + interface + " is in no network with " + text);
  }
  const auto prefix_length =
      request.prefix_length ? *request.prefix_length : network->prefix_length;
  check_host(request.address, prefix_length);
  const auto broadcast = chosen_broadcast(request, prefix_length, network);
  const auto broadcast_text = request.broadcast ? *request.broadcast
                              : broadcast       ? to_string(*broadcast)
                                                : "";
  const auto mac = request.mac ? *request.mac
                               : derive_cluster_mac(request.address, prefix_length, broadcast_text);
  Target target{.address = request.address,
                .filter = {interface, mac, request.hash_mode, request.seed, request.total,
                           request.lease, request.drain},
                .prefix_length = prefix_length,
                .broadcast = broadcast,
                .held = place_of(request, interface, observed),
                .label = request.label,
                .route = std::nullopt,
                .route_source = observed.link_local};
  if (request.label) check_label(target.held.interface, *request.label);
  const bool has_clients = prefix_length < request.address.bits();
  if (!network && has_clients && !request.no_prefix_route) {
    target.route = route_to_network(target, observed);
  }
  return target;
}

std::optional<unsigned> network_length(const Observed& observed) {
  if (observed.network) return observed.network->prefix_length;
  if (!observed.routes.empty()) return observed.routes.front().network.prefix_length;
  return std::nullopt;
}

std::optional<std::string> unfit(const Interface& link) {
  if (link.loopback || !link.multicast) {
    return link.name + " cannot receive Ethernet multicast, which a cluster address needs";
  }
  if (!link.arp)
    return link.name + " does not resolve neighbours: ip link set " + link.name + " arp on";
  return std::nullopt;
}

void check_interface(const Target& target, const Observed& observed) {
  const auto& name = target.filter.interface;
  if (!observed.interface) throw missing_interface(name);
  if (const auto reason = unfit(*observed.interface)) {
    const auto code = observed.interface->arp ? ExitCode::not_configured : ExitCode::generic_error;
    throw Error(code, "nic: " + *reason);
  }
  check_taker(observed);
  if (observed.interface->up && !observed.interface->carrier) {
    throw Error(ExitCode::generic_error, "interface " + name + " has no carrier");
  }
  refuse_obstacles(observed);
}

}  // namespace loadshare
