// SPDX-License-Identifier: GPL-2.0-or-later
// A TCP connection of this process with itself.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>
#include <stdexcept>
#include <string>

#include "base/file_descriptor.h"
#include "loadshare/addresses.h"

namespace loadshare::test {

enum class Listener { on_the_address, on_any_ip6 };

class TcpConnection {
 public:
  /// With a service on that address of this node. Both ends are there when this returns.
  explicit TcpConnection(const IpAddress& service, Listener listener = Listener::on_the_address)
      : service_(service) {
    const auto own = listener == Listener::on_any_ip6 ? any_ip6() : place(service, 0);
    listening_ = open(own);
    require(bind(listening_.number(), &own.any, sizeof own) == 0, "bind");
    require(listen(listening_.number(), 1) == 0, "listen");
    service_port_ = port_in(name_of(listening_));
    const auto to = place(service, service_port_);
    client_end_ = open(to);
    require(connect(client_end_.number(), &to.any, sizeof to) == 0, "connect");
    const auto from = name_of(client_end_);
    client_ = address_in(from);
    client_port_ = port_in(from);
    service_end_ = FileDescriptor(accept(listening_.number(), nullptr, nullptr));
    require(static_cast<bool>(service_end_), "accept");
  }

  const IpAddress& service() const { return service_; }
  const IpAddress& client() const { return client_; }
  std::uint16_t client_port() const { return client_port_; }
  std::uint16_t service_port() const { return service_port_; }

 private:
  union Place {
    sockaddr any;
    sockaddr_in ip4;
    sockaddr_in6 ip6;
  };

  static Place any_ip6() {
    Place place{};
    place.ip6.sin6_family = AF_INET6;
    return place;
  }
  static Place place(const IpAddress& address, std::uint16_t port) {
    Place place{};
    if (address.version == 4) {
      place.ip4.sin_family = AF_INET;
      place.ip4.sin_port = htons(port);
      std::memcpy(&place.ip4.sin_addr, address.octets().data(), address.octets().size());
    } else {
      place.ip6.sin6_family = AF_INET6;
      place.ip6.sin6_port = htons(port);
      std::memcpy(&place.ip6.sin6_addr, address.octets().data(), address.octets().size());
    }
    return place;
  }
  static FileDescriptor open(const Place& place) {
    FileDescriptor socket(::socket(place.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    require(static_cast<bool>(socket), "socket");
    return socket;
  }
  static Place name_of(const FileDescriptor& socket) {
    Place own{};
    socklen_t size = sizeof own;
    require(getsockname(socket.number(), &own.any, &size) == 0, "getsockname");
    return own;
  }
  static std::uint16_t port_in(const Place& place) {
    return ntohs(place.any.sa_family == AF_INET ? place.ip4.sin_port : place.ip6.sin6_port);
  }
  static IpAddress address_in(const Place& place) {
    const bool is_ip4 = place.any.sa_family == AF_INET;
    IpAddress address{is_ip4 ? 4 : 6, {}};
    const void* octets = is_ip4 ? static_cast<const void*>(&place.ip4.sin_addr)
                                : static_cast<const void*>(&place.ip6.sin6_addr);
    std::memcpy(address.octets().data(), octets, address.octets().size());
    return address;
  }
  static void require(bool holds, const std::string& what) {
    if (!holds) throw std::runtime_error(what + ": " + std::strerror(errno));
  }

  IpAddress service_, client_;
  FileDescriptor listening_{-1}, client_end_{-1}, service_end_{-1};
  std::uint16_t client_port_ = 0, service_port_ = 0;
};

}  // namespace loadshare::test
