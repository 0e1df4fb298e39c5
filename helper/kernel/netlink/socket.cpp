// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/netlink/socket.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>

#include "loadshare/error.h"

namespace loadshare::netlink {
namespace {

// Dumps come in pieces of up to this size (NLMSG_GOODSIZE is smaller).
constexpr std::size_t receive_size = 32768;
constexpr int most_dump_attempts = 10;

// libmnl's own loops are macros for C alone.
std::vector<const nlattr*> attributes_between(const void* start, const void* end) {
  std::vector<const nlattr*> found;
  const auto* at = static_cast<const nlattr*>(start);
  while (mnl_attr_ok(
      at, static_cast<int>(static_cast<const char*>(end) - reinterpret_cast<const char*>(at)))) {
    found.push_back(at);
    at = mnl_attr_next(at);
  }
  return found;
}

}  // namespace

std::vector<const nlattr*> attributes(const nlmsghdr& header, std::size_t fixed_size) {
  return attributes_between(mnl_nlmsg_get_payload_offset(&header, fixed_size),
                            reinterpret_cast<const char*>(&header) + header.nlmsg_len);
}

std::vector<const nlattr*> attributes(const nlattr& nest) {
  const auto* payload = static_cast<const char*>(mnl_attr_get_payload(&nest));
  return attributes_between(payload, payload + mnl_attr_get_payload_len(&nest));
}

std::string text_of(const nlattr& attribute) {
  const auto* start = static_cast<const char*>(mnl_attr_get_payload(&attribute));
  const auto* end = start + mnl_attr_get_payload_len(&attribute);
  return {start, std::find(start, end, '\0')};
}

Message::Message(std::uint16_t type, std::uint16_t flags)
    : header_(mnl_nlmsg_put_header(buffer_.data())) {
  header_->nlmsg_type = type;
  header_->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
}

Reply::Reply(const nlmsghdr& header)
    : bytes_(reinterpret_cast<const char*>(&header),
             reinterpret_cast<const char*>(&header) + header.nlmsg_len) {}

Socket::Socket(int bus) : socket_(mnl_socket_open2(bus, SOCK_CLOEXEC)) {
  if (!socket_ && errno == EPROTONOSUPPORT) {
    throw Error(ExitCode::not_installed,
                "this kernel has no netlink bus number " + std::to_string(bus));
  }
  if (!socket_ || mnl_socket_bind(socket_.get(), 0, MNL_SOCKET_AUTOPID) < 0) {
    throw kernel_error("open a netlink socket", errno);
  }
}

Answer Socket::ask(Message& message) { return ask(message.header()); }

Answer Socket::ask(nlmsghdr& header) {
  for (int attempt = 0; attempt < most_dump_attempts; ++attempt) {
    auto answer = ask_once(header);
    if (answer.error_number != EINTR) return answer;
  }
  throw kernel_error("read a netlink dump", EINTR);
}

Answer Socket::ask_once(nlmsghdr& header) {
  header.nlmsg_seq = ++sequence_;
  if (mnl_socket_sendto(socket_.get(), &header, header.nlmsg_len) < 0) {
    throw kernel_error("send a netlink message", errno);
  }
  Answer answer;
  std::vector<char> buffer(receive_size);
  bool interrupted = false;
  for (;;) {
    const auto size = mnl_socket_recvfrom(socket_.get(), buffer.data(), buffer.size());
    if (size < 0) throw kernel_error("receive a netlink message", errno);
    int left = static_cast<int>(size);
    for (const auto* at = reinterpret_cast<const nlmsghdr*>(buffer.data()); mnl_nlmsg_ok(at, left);
         at = mnl_nlmsg_next(at, &left)) {
      if (at->nlmsg_seq != sequence_) continue;
      interrupted = interrupted || (at->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
      if (at->nlmsg_type != NLMSG_ERROR && at->nlmsg_type != NLMSG_DONE) {
        answer.replies.emplace_back(*at);
        continue;
      }
      // DONE carries an error number, too: 0 or negative.
      const auto& end = *static_cast<const int*>(mnl_nlmsg_get_payload(at));
      answer.error_number = interrupted ? EINTR : -end;
      return answer;
    }
  }
}

void Socket::let_kernel_choose() {
  const int on = 1;
  mnl_socket_setsockopt(socket_.get(), NETLINK_GET_STRICT_CHK, const_cast<int*>(&on), sizeof on);
}

void Socket::listen_to(unsigned group) {
  if (mnl_socket_setsockopt(socket_.get(), NETLINK_ADD_MEMBERSHIP, &group, sizeof group) < 0) {
    throw kernel_error("listen to changes of the kernel", errno);
  }
}

bool Socket::await_news(std::chrono::milliseconds longest_wait) {
  pollfd waiting{mnl_socket_get_fd(socket_.get()), POLLIN, 0};
  const int ready = poll(&waiting, 1, static_cast<int>(longest_wait.count()));
  if (ready < 0 && errno != EINTR) throw kernel_error("wait for news of the kernel", errno);
  if (ready <= 0) return ready < 0;
  // Lost messages (ENOBUFS) are news as well.
  std::vector<char> buffer(receive_size);
  while (recv(waiting.fd, buffer.data(), buffer.size(), MSG_DONTWAIT) > 0) continue;
  return true;
}

int Socket::send_batch(const void* bytes, std::size_t size) {
  if (mnl_socket_sendto(socket_.get(), bytes, size) < 0) {
    throw kernel_error("send a netlink batch", errno);
  }
  std::vector<char> buffer(receive_size);
  int first_error = 0;
  for (;;) {
    const auto received =
        recv(mnl_socket_get_fd(socket_.get()), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (received < 0 && errno == EAGAIN) return first_error;
    if (received < 0) throw kernel_error("receive a netlink answer", errno);
    int left = static_cast<int>(received);
    for (const auto* at = reinterpret_cast<const nlmsghdr*>(buffer.data()); mnl_nlmsg_ok(at, left);
         at = mnl_nlmsg_next(at, &left)) {
      if (at->nlmsg_type != NLMSG_ERROR || first_error != 0) continue;
      first_error = -*static_cast<const int*>(mnl_nlmsg_get_payload(at));
    }
  }
}

}  // namespace loadshare::netlink
