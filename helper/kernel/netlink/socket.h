// SPDX-License-Identifier: GPL-2.0-or-later
// A netlink socket that asks and reads the whole answer.
#pragma once

#include <libmnl/libmnl.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace loadshare::netlink {

/// Builds one message; libmnl's put functions append attributes to header().
class Message {
 public:
  Message(std::uint16_t type, std::uint16_t flags);

  nlmsghdr& header() { return *header_; }
  /// The family's fixed header behind the netlink one; before any attribute.
  template <class Extra>
  Extra& extra() {
    return *static_cast<Extra*>(mnl_nlmsg_put_extra_header(header_, sizeof(Extra)));
  }

 private:
  alignas(nlmsghdr) std::array<char, 4096> buffer_{};
  nlmsghdr* header_;
};

/// The attributes behind a message's fixed header of this size, or inside a nested attribute.
std::vector<const nlattr*> attributes(const nlmsghdr& header, std::size_t fixed_size);
std::vector<const nlattr*> attributes(const nlattr& nest);

/// The attribute's text, up to its end or a NUL.
std::string text_of(const nlattr& attribute);

/// One message of an answer, copied out of the socket's buffer.
class Reply {
 public:
  explicit Reply(const nlmsghdr& header);
  const nlmsghdr& header() const { return *reinterpret_cast<const nlmsghdr*>(bytes_.data()); }

 private:
  std::vector<char> bytes_;
};

struct Answer {
  int error_number = 0;  ///< the kernel's, 0 for success
  std::vector<Reply> replies;
};

class Socket {
 public:
  /// `bus` is NETLINK_ROUTE or NETLINK_NETFILTER. Throws not_installed where the kernel lacks it,
  /// otherwise kernel_error.
  explicit Socket(int bus);

  /// Sends the message and reads until its end or acknowledgement. A dump that changed while it
  /// was read is read again. Throws kernel_error where the socket itself fails.
  Answer ask(Message& message);
  Answer ask(nlmsghdr& header);

  /// Of what a dump of routes asks for, the kernel looks at each field (NETLINK_GET_STRICT_CHK,
  /// from Linux 4.20): a routing table of a million lines stays where it is.
  void let_kernel_choose();

  /// Sends a batch (nfnetlink) and returns the kernel's first error number, 0 for success. The
  /// kernel has answered before send returns, so this waits for nothing.
  int send_batch(const void* bytes, std::size_t size);

  /// From now on the kernel tells this socket about changes: RTNLGRP_*. Such a socket asks nothing.
  void listen_to(unsigned group);
  /// Waits for such news and throws away what has come; false when the time is over.
  bool await_news(std::chrono::milliseconds longest_wait);

 private:
  Answer ask_once(nlmsghdr& header);

  struct Close {
    void operator()(mnl_socket* socket) const { mnl_socket_close(socket); }
  };
  std::unique_ptr<mnl_socket, Close> socket_;
  std::uint32_t sequence_ = 0;
};

}  // namespace loadshare::netlink
