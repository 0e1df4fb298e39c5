// SPDX-License-Identifier: GPL-2.0-or-later
// Echo requests from many client addresses, and the replies to them.
#include "pings.h"

#include <linux/icmp.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace traffic {

namespace {

IpAddress successor(IpAddress address) {
  const auto octets = address.octets();
  for (auto octet = octets.rbegin(); octet != octets.rend(); ++octet) {
    if (++*octet != 0) break;
  }
  return address;
}

void store_big_endian(std::vector<std::uint8_t>& message, std::size_t offset, std::uint16_t value) {
  message[offset] = static_cast<std::uint8_t>(value >> 8U);
  message[offset + 1] = static_cast<std::uint8_t>(value);
}

/// The kernel's copies of the replies would only fill the socket.
void refuse_icmp(const FileDescriptor& socket, int family) {
  const std::array<std::uint32_t, 8> all{~0U, ~0U, ~0U, ~0U, ~0U, ~0U, ~0U, ~0U};
  if (family == AF_INET) {
    checked(setsockopt(socket.number(), SOL_RAW, ICMP_FILTER, all.data(), sizeof(icmp_filter)),
            "ICMP_FILTER");
  } else {
    checked(setsockopt(socket.number(), IPPROTO_ICMPV6, ICMP6_FILTER, all.data(), sizeof all),
            "ICMP6_FILTER");
  }
}

}  // namespace

std::vector<IpAddress> consecutive(IpAddress first, std::size_t count) {
  std::vector<IpAddress> addresses;
  addresses.reserve(count);
  while (addresses.size() < count) {
    addresses.push_back(first);
    first = successor(first);
  }
  return addresses;
}

FileDescriptor open_ping_socket(int family) {
  FileDescriptor socket =
      open_socket(family, SOCK_RAW, family == AF_INET ? int{IPPROTO_ICMP} : int{IPPROTO_ICMPV6});
  refuse_icmp(socket, family);
  return socket;
}

std::vector<std::uint8_t> echo_request(int version, EchoNumbers numbers, std::size_t size) {
  std::vector<std::uint8_t> message(sizeof(icmphdr) + size, 0x5a);
  message[0] = static_cast<std::uint8_t>(version == 4 ? int{ICMP_ECHO} : int{ICMP6_ECHO_REQUEST});
  message[1] = 0;
  store_big_endian(message, 2, 0);
  store_big_endian(message, 4, numbers.identifier);
  store_big_endian(message, 6, numbers.sequence);
  if (version == 4) store_big_endian(message, 2, internet_checksum(message));
  return message;
}

std::optional<EchoNumbers> echo_reply(const IpPacket& packet) {
  const bool v4 = packet.source.version == 4;
  if (!packet.begins_datagram || packet.transport.size() < sizeof(icmphdr) ||
      packet.protocol != (v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6) ||
      packet.transport[0] != (v4 ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY)) {
    return std::nullopt;
  }
  return EchoNumbers{big_endian_16(packet.transport.subspan(4)),
                     big_endian_16(packet.transport.subspan(6))};
}

bool is_network_failure(int error_number) {
  return error_number == EINPROGRESS || error_number == ECONNREFUSED ||
         error_number == ECONNRESET || error_number == EHOSTUNREACH;
}

}  // namespace traffic
