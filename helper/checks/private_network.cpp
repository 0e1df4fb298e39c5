// SPDX-License-Identifier: GPL-2.0-or-later
#include "checks/private_network.h"

#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "kernel/link/address.h"
#include "kernel/link/interface.h"
#include "loadshare/error.h"

namespace loadshare::checks {
namespace {

constexpr char client_interface[] = "clients0";

void require(bool done, const char* tried) {
  if (!done) throw kernel_error(tried, errno);
}

// Of this process alone: what is mounted here nobody else sees.
void cover_run() {
  require(unshare(CLONE_NEWNS) == 0, "make a mount namespace");
  require(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0, "keep mounts private");
  require(mount("tmpfs", "/run", "tmpfs", 0, "mode=755") == 0, "cover /run");
}

FileDescriptor new_namespace() {
  require(unshare(CLONE_NEWNET) == 0, "make a network namespace");
  FileDescriptor place(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
  require(static_cast<bool>(place), "open a network namespace");
  return place;
}

void lay_cable(netlink::Socket& route, const FileDescriptor& clients) {
  netlink::Message message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
  message.extra<ifinfomsg>().ifi_family = AF_UNSPEC;
  auto* header = &message.header();
  mnl_attr_put_strz(header, IFLA_IFNAME, PrivateNetwork::node_interface);
  auto* info = mnl_attr_nest_start(header, IFLA_LINKINFO);
  mnl_attr_put_strz(header, IFLA_INFO_KIND, "veth");
  auto* data = mnl_attr_nest_start(header, IFLA_INFO_DATA);
  auto* peer = mnl_attr_nest_start(header, VETH_INFO_PEER);
  mnl_nlmsg_put_extra_header(header, sizeof(ifinfomsg));
  mnl_attr_put_strz(header, IFLA_IFNAME, client_interface);
  mnl_attr_put_u32(header, IFLA_NET_NS_FD, static_cast<std::uint32_t>(clients.number()));
  mnl_attr_nest_end(header, peer);
  mnl_attr_nest_end(header, data);
  mnl_attr_nest_end(header, info);
  const auto answer = route.ask(message);
  if (answer.error_number != 0) throw kernel_error("make a veth pair", answer.error_number);
}

void raise(const char* interface) {
  netlink::Socket route(NETLINK_ROUTE);
  link::raise_interface(route, "lo");
  link::raise_interface(route, interface);
}

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

SocketAddress socket_address(const IpAddress& address, std::uint16_t port) {
  SocketAddress result;
  if (address.version == 4) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(port);
    std::memcpy(&in.sin_addr, address.bytes.data(), sizeof in.sin_addr);
    std::memcpy(&result.storage, &in, sizeof in);
    result.size = sizeof in;
  } else {
    sockaddr_in6 in{};
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(port);
    std::memcpy(&in.sin6_addr, address.bytes.data(), sizeof in.sin6_addr);
    std::memcpy(&result.storage, &in, sizeof in);
    result.size = sizeof in;
  }
  return result;
}

FileDescriptor bound_socket(const IpAddress& address, std::uint16_t port) {
  const auto where = socket_address(address, port);
  FileDescriptor socket(
      ::socket(where.storage.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  require(socket && ::bind(socket.number(), reinterpret_cast<const sockaddr*>(&where.storage),
                           where.size) == 0,
          "bind a UDP socket");
  return socket;
}

}  // namespace

PrivateNetwork::PrivateNetwork() : clients_(-1), node_(-1) {
  cover_run();
  clients_ = new_namespace();
  node_ = new_namespace();
  netlink::Socket route(NETLINK_ROUTE);
  lay_cable(route, clients_);
  raise(node_interface);
  enter(clients_);
  raise(client_interface);
  enter(node_);
}

void PrivateNetwork::enter(const FileDescriptor& place) const {
  require(setns(place.number(), CLONE_NEWNET) == 0, "enter a network namespace");
}

void PrivateNetwork::add_client(const IpAddress& address, unsigned prefix_length) const {
  enter(clients_);
  netlink::Socket route(NETLINK_ROUTE);
  link::add_address(route, address, {client_interface, prefix_length});
  enter(node_);
}

FileDescriptor PrivateNetwork::client_socket(const IpAddress& address, std::uint16_t port) const {
  enter(clients_);
  auto socket = bound_socket(address, port);
  enter(node_);
  return socket;
}

FileDescriptor PrivateNetwork::node_socket(const IpAddress& address, std::uint16_t port) const {
  return bound_socket(address, port);
}

}  // namespace loadshare::checks
