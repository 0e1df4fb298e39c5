// SPDX-License-Identifier: GPL-2.0-or-later
// Sockets, network namespaces and waiting.
#include "sockets.h"

#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <system_error>
#include <vector>

#include "base/network_namespace.h"

namespace traffic {

namespace {

constexpr int capture_buffer = 16 << 20;

FileDescriptor open_packet_socket(const std::string& interface, std::uint16_t ethertype) {
  // Protocol 0 until bound: otherwise frames of all interfaces come in between the two calls.
  FileDescriptor socket = open_socket(AF_PACKET, SOCK_RAW, 0);
  sockaddr_ll where{};
  where.sll_family = AF_PACKET;
  where.sll_protocol = htons(ethertype);
  where.sll_ifindex = interface_index(interface);
  checked(bind(socket.number(), reinterpret_cast<const sockaddr*>(&where), sizeof where),
          "bind to interface " + interface);
  return socket;
}

int poll_timeout(Clock::time_point deadline) {
  const auto left = std::chrono::ceil<Milliseconds>(deadline - Clock::now()).count();
  return static_cast<int>(std::clamp<Milliseconds::rep>(left, 0, 3'600'000));
}

}  // namespace

int checked(int result, const std::string& tried) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), tried);
  return result;
}

SocketAddress::SocketAddress(const IpAddress& address, std::uint16_t port) {
  if (address.version == 4) {
    auto& in = reinterpret_cast<sockaddr_in&>(storage_);
    in.sin_family = AF_INET;
    in.sin_port = htons(port);
    std::copy_n(address.bytes.begin(), 4, reinterpret_cast<std::uint8_t*>(&in.sin_addr));
    size_ = sizeof in;
  } else {
    auto& in = reinterpret_cast<sockaddr_in6&>(storage_);
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(port);
    std::copy_n(address.bytes.begin(), 16, in.sin6_addr.s6_addr);
    size_ = sizeof in;
  }
}

int family_of(const IpAddress& address) { return address.version == 4 ? AF_INET : AF_INET6; }

std::uint16_t local_port(const FileDescriptor& socket) {
  sockaddr_storage name{};
  socklen_t size = sizeof name;
  checked(getsockname(socket.number(), reinterpret_cast<sockaddr*>(&name), &size), "getsockname");
  return ntohs(name.ss_family == AF_INET ? reinterpret_cast<sockaddr_in&>(name).sin_port
                                         : reinterpret_cast<sockaddr_in6&>(name).sin6_port);
}

FileDescriptor open_socket(int family, int type, int protocol) {
  return FileDescriptor(checked(socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol),
                                "socket of protocol " + std::to_string(protocol)));
}

void set_option(const FileDescriptor& socket, int level, int name, int value) {
  checked(setsockopt(socket.number(), level, name, &value, sizeof value), "setsockopt");
}

void set_receive_buffer(const FileDescriptor& socket, int bytes) {
  set_option(socket, SOL_SOCKET, SO_RCVBUFFORCE, bytes);
}

int interface_index(const std::string& interface) {
  const unsigned index = if_nametoindex(interface.c_str());
  if (index == 0) throw std::system_error(errno, std::generic_category(), "interface " + interface);
  return static_cast<int>(index);
}

FileDescriptor open_capture(const std::string& interface, std::uint16_t ethertype) {
  FileDescriptor socket = open_packet_socket(interface, ethertype);
  set_receive_buffer(socket, capture_buffer);
  return socket;
}

std::uint64_t missed_frames(const FileDescriptor& capture) {
  tpacket_stats statistics{};
  socklen_t size = sizeof statistics;
  checked(getsockopt(capture.number(), SOL_PACKET, PACKET_STATISTICS, &statistics, &size),
          "statistics of a packet socket");
  return statistics.tp_drops;
}

FileDescriptor open_frame_sender(const std::string& interface) {
  return open_packet_socket(interface, 0);
}

MacAddress interface_mac(const FileDescriptor& socket, const std::string& interface) {
  ifreq request{};
  interface.copy(request.ifr_name, IFNAMSIZ - 1);
  checked(ioctl(socket.number(), SIOCGIFHWADDR, &request), "MAC of " + interface);
  MacAddress mac;
  std::copy_n(request.ifr_hwaddr.sa_data, mac.bytes.size(), mac.bytes.begin());
  return mac;
}

std::optional<std::span<const std::uint8_t>> receive(const FileDescriptor& socket,
                                                     std::span<std::uint8_t> buffer) {
  const auto length = recv(socket.number(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (length < 0) return std::nullopt;
  return buffer.first(static_cast<std::size_t>(length));
}

void send_frame(const FileDescriptor& socket, std::span<const std::uint8_t> frame) {
  while (send(socket.number(), frame.data(), frame.size(), 0) < 0) {
    if (errno != EAGAIN && errno != ENOBUFS) checked(-1, "send a frame");
    pollfd room{socket.number(), POLLOUT, 0};
    poll(&room, 1, 10);
  }
}

FileDescriptor signal_descriptor(std::initializer_list<int> numbers) {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : numbers) sigaddset(&signals, number);
  checked(sigprocmask(SIG_BLOCK, &signals, nullptr), "sigprocmask");
  return FileDescriptor(checked(signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK), "signalfd"));
}

FileDescriptor termination_signal() { return signal_descriptor({SIGTERM, SIGINT}); }

bool signal_arrived(const FileDescriptor& signals) {
  signalfd_siginfo signal;
  return read(signals.number(), &signal, sizeof signal) > 0;
}

void reset_at_close(const FileDescriptor& socket) {
  const linger none{1, 0};
  checked(setsockopt(socket.number(), SOL_SOCKET, SO_LINGER, &none, sizeof none), "SO_LINGER");
}

bool wait_readable(std::span<const int> descriptors, Clock::time_point deadline) {
  std::vector<pollfd> waiting;
  for (const int descriptor : descriptors) waiting.push_back({descriptor, POLLIN, 0});
  const int ready = poll(waiting.data(), waiting.size(), poll_timeout(deadline));
  if (ready < 0 && errno != EINTR) checked(ready, "poll");
  return ready > 0;
}

NamespaceVisit::NamespaceVisit(const std::string& name)
    : home_(checked(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), "own network namespace")) {
  loadshare::enter_network_namespace(name);
}

NamespaceVisit::~NamespaceVisit() {
  // Going on in the wrong namespace could touch the machine's own network.
  if (setns(home_.number(), CLONE_NEWNET) != 0) std::abort();
}

}  // namespace traffic
