// SPDX-License-Identifier: GPL-2.0-or-later
// Sockets, network namespaces and waiting.
#pragma once

#include <sys/socket.h>

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>

#include "base/file_descriptor.h"
#include "loadshare/addresses.h"

namespace traffic {

using loadshare::FileDescriptor;
using loadshare::IpAddress;
using loadshare::MacAddress;
using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::milliseconds;

/// Throws std::system_error with errno and `tried` unless `result` is a success (not negative).
int checked(int result, const std::string& tried);

/// An IP address and port as the socket calls take it.
class SocketAddress {
 public:
  SocketAddress(const IpAddress& address, std::uint16_t port);

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  socklen_t size() const { return size_; }

 private:
  sockaddr_storage storage_{};
  socklen_t size_;
};

int family_of(const IpAddress& address);
std::uint16_t local_port(const FileDescriptor& socket);

/// A non-blocking socket.
FileDescriptor open_socket(int family, int type, int protocol);
void set_option(const FileDescriptor& socket, int level, int name, int value);
/// Beyond rmem_max (needs CAP_NET_ADMIN), so that nothing is lost between two reads.
void set_receive_buffer(const FileDescriptor& socket, int bytes);

int interface_index(const std::string& interface);

/// What one interface receives, Ethernet header included; `ethertype` ETH_P_ALL adds what it sends.
FileDescriptor open_capture(const std::string& interface, std::uint16_t ethertype);

/// Frames that were lost since the last call, because nobody read them in time (packet(7),
/// PACKET_STATISTICS).
std::uint64_t missed_frames(const FileDescriptor& capture);
/// For sending frames only: it receives nothing.
FileDescriptor open_frame_sender(const std::string& interface);
/// In the network namespace where `socket` was made.
MacAddress interface_mac(const FileDescriptor& socket, const std::string& interface);

/// The part of `buffer` that one message fills, or nothing when none is waiting. Errors that the
/// network put on the socket (ICMP) count as none.
std::optional<std::span<const std::uint8_t>> receive(const FileDescriptor& socket,
                                                     std::span<std::uint8_t> buffer);
/// Sends the whole frame, waiting for room if need be.
void send_frame(const FileDescriptor& socket, std::span<const std::uint8_t> frame);

/// Blocks these signals; the descriptor becomes readable when one has arrived.
FileDescriptor signal_descriptor(std::initializer_list<int> numbers);
/// The same for SIGTERM and SIGINT.
FileDescriptor termination_signal();
/// Whether one of them has arrived; it is taken off.
bool signal_arrived(const FileDescriptor& signals);
/// Closing then resets the connection, so that the same ports can be used again at once.
void reset_at_close(const FileDescriptor& socket);
/// Waits until one of the descriptors is readable or `deadline` has passed (then false).
bool wait_readable(std::span<const int> descriptors, Clock::time_point deadline);

/// While it lives, this thread is in the network namespace that `ip netns` calls `name`.
class NamespaceVisit {
 public:
  explicit NamespaceVisit(const std::string& name);
  NamespaceVisit(const NamespaceVisit&) = delete;
  NamespaceVisit& operator=(const NamespaceVisit&) = delete;
  ~NamespaceVisit();

 private:
  FileDescriptor home_;
};

}  // namespace traffic
