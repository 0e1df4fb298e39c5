// SPDX-License-Identifier: GPL-2.0-or-later
// traffic serve: tells every client who answered it.
#include <netinet/in.h>
#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <iostream>
#include <map>
#include <set>
#include <system_error>

#include "arguments.h"
#include "commands.h"
#include "sockets.h"

namespace traffic {

namespace {

constexpr std::size_t largest_datagram = 65507;  ///< UDP payload that IPv4 can carry
constexpr int datagram_buffer = 16 << 20;
constexpr int backlog = 4096;

/// Nothing where the kernel lacks the protocol or the family.
std::optional<FileDescriptor> open_if_supported(int family, int type, int protocol) {
  try {
    return open_socket(family, type, protocol);
  } catch (const std::system_error& error) {
    const int number = error.code().value();
    if (number == EPROTONOSUPPORT || number == ESOCKTNOSUPPORT || number == EAFNOSUPPORT) {
      return std::nullopt;
    }
    throw;
  }
}

IpAddress any_address(int version) { return {version, {}}; }

/// Also to an address that this machine does not hold yet.
void bind_to(const FileDescriptor& socket, const IpAddress& address, std::uint16_t port) {
  if (address.version == 6) {
    set_option(socket, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    set_option(socket, IPPROTO_IPV6, IPV6_FREEBIND, 1);
  } else {
    set_option(socket, IPPROTO_IP, IP_FREEBIND, 1);
  }
  const SocketAddress name(address, port);
  checked(bind(socket.number(), name.get(), name.size()), "bind to port " + std::to_string(port));
}

/// A received datagram whose control data, sent back, makes the reply leave from the address that
/// was asked.
class Query {
 public:
  /// False when none is waiting.
  bool receive_from(const FileDescriptor& socket) {
    part_ = {bytes_.data(), bytes_.size()};
    message_ = {&peer_, sizeof peer_, &part_, 1, control_.data(), control_.size(), 0};
    length_ = recvmsg(socket.number(), &message_, 0);
    return length_ >= 0;
  }

  void reply(const FileDescriptor& socket, const std::string& greeting) {
    forget_interface();
    std::string text = greeting;
    text.append(bytes_.data(), static_cast<std::size_t>(length_));
    text.resize(std::min(text.size(), largest_datagram));
    part_ = {text.data(), text.size()};
    // A refused reply is a lost datagram: the asking side will notice.
    [[maybe_unused]] const auto sent = sendmsg(socket.number(), &message_, MSG_NOSIGNAL);
  }

 private:
  /// The route chooses the way out, as it does for TCP; only the source address stays.
  void forget_interface() {
    cmsghdr* header = CMSG_FIRSTHDR(&message_);
    if (header == nullptr) return;
    if (header->cmsg_level == IPPROTO_IP) {
      reinterpret_cast<in_pktinfo*>(CMSG_DATA(header))->ipi_ifindex = 0;
    } else {
      reinterpret_cast<in6_pktinfo*>(CMSG_DATA(header))->ipi6_ifindex = 0;
    }
  }

  std::array<char, 65536> bytes_{};
  alignas(cmsghdr) std::array<char, 64> control_{};
  sockaddr_storage peer_{};
  iovec part_{};
  msghdr message_{};  ///< of the last query: where it came from, and to which address
  ssize_t length_ = -1;
};

class Server {
 public:
  Server(const std::string& name, std::uint16_t port, const std::vector<IpAddress>& sctp_addresses)
      : greeting_(name + '\n'), epoll_(checked(epoll_create1(EPOLL_CLOEXEC), "epoll_create1")) {
    for (const int version : {4, 6}) {
      answer_datagrams(any_address(version), port);
      listen_on(any_address(version), IPPROTO_TCP, port);
    }
    for (const IpAddress& address : sctp_addresses) listen_on(address, IPPROTO_SCTP, port);
    watch(EPOLL_CTL_ADD, stop_.number(), EPOLLIN);
  }

  void run() {
    std::array<epoll_event, 64> events{};
    for (;;) {
      const int count = epoll_wait(epoll_.number(), events.data(), events.size(), -1);
      for (int i = 0; i < count; ++i) {
        if (events[static_cast<std::size_t>(i)].data.fd == stop_.number()) return;
        attend(events[static_cast<std::size_t>(i)].data.fd);
      }
    }
  }

 private:
  struct Connection {
    FileDescriptor socket;
    std::string unsent;
  };

  void watch(int operation, int descriptor, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.fd = descriptor;
    checked(epoll_ctl(epoll_.number(), operation, descriptor, &event), "epoll_ctl");
  }

  void answer_datagrams(const IpAddress& address, std::uint16_t port) {
    auto socket = open_if_supported(family_of(address), SOCK_DGRAM, 0);
    if (!socket) return;
    if (address.version == 4) {
      set_option(*socket, IPPROTO_IP, IP_PKTINFO, 1);
    } else {
      set_option(*socket, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
    }
    set_receive_buffer(*socket, datagram_buffer);
    set_option(*socket, SOL_SOCKET, SO_SNDBUFFORCE, datagram_buffer);
    bind_to(*socket, address, port);
    watch(EPOLL_CTL_ADD, socket->number(), EPOLLIN);
    datagrams_.emplace(socket->number(), std::move(*socket));
  }

  void listen_on(const IpAddress& address, int protocol, std::uint16_t port) {
    auto socket = open_if_supported(family_of(address), SOCK_STREAM, protocol);
    if (!socket) return;
    set_option(*socket, SOL_SOCKET, SO_REUSEADDR, 1);
    bind_to(*socket, address, port);
    checked(listen(socket->number(), backlog), "listen");
    watch(EPOLL_CTL_ADD, socket->number(), EPOLLIN);
    listeners_.emplace(socket->number(), std::move(*socket));
  }

  void attend(int descriptor) {
    if (const auto found = datagrams_.find(descriptor); found != datagrams_.end()) {
      while (query_.receive_from(found->second)) query_.reply(found->second, greeting_);
    } else if (listeners_.contains(descriptor)) {
      accept_all(descriptor);
    } else if (const auto open = connections_.find(descriptor); open != connections_.end()) {
      if (!talk(open->second)) connections_.erase(open);
    }
  }

  void accept_all(int listener) {
    for (;;) {
      FileDescriptor socket(accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      const int descriptor = socket.number();
      if (descriptor < 0) return;
      watch(EPOLL_CTL_ADD, descriptor, EPOLLIN | EPOLLOUT);
      connections_.insert_or_assign(descriptor, Connection{std::move(socket), greeting_});
    }
  }

  /// Writes what is owed, or else reads more to write. False when the connection has ended.
  bool talk(Connection& connection) {
    if (connection.unsent.empty() && !read_more(connection)) return false;
    if (!write_owed(connection)) return false;
    watch(EPOLL_CTL_MOD, connection.socket.number(),
          connection.unsent.empty() ? EPOLLIN : EPOLLOUT);
    return true;
  }

  static bool read_more(Connection& connection) {
    std::array<char, 65536> bytes;
    const auto length = recv(connection.socket.number(), bytes.data(), bytes.size(), 0);
    if (length > 0) connection.unsent.assign(bytes.data(), static_cast<std::size_t>(length));
    return length > 0 || (length < 0 && errno == EAGAIN);
  }

  static bool write_owed(Connection& connection) {
    std::string& unsent = connection.unsent;
    if (unsent.empty()) return true;
    const auto length =
        send(connection.socket.number(), unsent.data(), unsent.size(), MSG_NOSIGNAL);
    if (length > 0) unsent.erase(0, static_cast<std::size_t>(length));
    return length >= 0 || errno == EAGAIN;
  }

  std::string greeting_;
  FileDescriptor epoll_;
  FileDescriptor stop_ = termination_signal();
  std::map<int, FileDescriptor> datagrams_;
  std::map<int, FileDescriptor> listeners_;
  std::map<int, Connection> connections_;
  Query query_;
};

}  // namespace

int serve(const Arguments& arguments) {
  namespace po = boost::program_options;
  OptionReader reader("serve NAME PORT: prints \"ready\", then answers with NAME until SIGTERM");
  std::string name, port;
  std::vector<std::string> sctp_texts;
  auto add = reader.described.add_options();
  add("name", po::value(&name)->required(), "what to answer");
  add("port", po::value(&port)->required(), "of UDP, TCP and (where the kernel has it) SCTP");
  // SCTP answers from any of the addresses it is bound to, not from the one that was asked.
  add("sctp-address", po::value(&sctp_texts)->composing(),
      "the only address of SCTP, held or not; repeatable; default: all");
  reader.positional.add("name", 1).add("port", 1);
  reader.read(arguments);
  std::vector<IpAddress> sctp_addresses(sctp_texts.size());
  std::ranges::transform(sctp_texts, sctp_addresses.begin(), ip_address);
  if (sctp_addresses.empty()) sctp_addresses = {any_address(4), any_address(6)};
  Server server(name, static_cast<std::uint16_t>(number(port, 65535)), sctp_addresses);
  std::cout << "ready" << std::endl;
  server.run();
  return 0;
}

}  // namespace traffic
