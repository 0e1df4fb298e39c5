// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/link/announcement.h"

#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <thread>

#include "base/background.h"
#include "base/file_descriptor.h"
#include "loadshare/error.h"

namespace loadshare::link {
namespace {

/// A packet socket on one interface.
class FrameSender {
 public:
  explicit FrameSender(const std::string& interface)
      : interface_(interface), socket_(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0)) {
    if (!socket_) throw kernel_error("open a packet socket", errno);
    sockaddr_ll where{};
    where.sll_family = AF_PACKET;
    where.sll_ifindex = static_cast<int>(if_nametoindex(interface.c_str()));
    if (::bind(socket_.number(), reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0) {
      throw kernel_error("send on " + interface, errno);
    }
  }

  MacAddress own_mac() const {
    ifreq question{};
    std::memcpy(question.ifr_name, interface_.data(),
                std::min(interface_.size(), sizeof question.ifr_name - 1));
    if (ioctl(socket_.number(), SIOCGIFHWADDR, &question) != 0) {
      throw kernel_error("read the MAC of " + interface_, errno);
    }
    MacAddress mac;
    std::memcpy(mac.bytes.data(), question.ifr_hwaddr.sa_data, mac.bytes.size());
    return mac;
  }

  int file() const { return socket_.number(); }

  void send(const std::vector<std::uint8_t>& frame) const {
    if (::send(socket_.number(), frame.data(), frame.size(), 0) < 0) {
      throw kernel_error("send on " + interface_, errno);
    }
  }

 private:
  std::string interface_;
  FileDescriptor socket_;
};

using Bytes = std::vector<std::uint8_t>;

// One by one, and onto nothing: else GCC 12 and 16 with -O3 warn of what is not so.
template <class Octets>
void put(Bytes& to, const Octets& octets) {
  std::copy(std::begin(octets), std::end(octets), std::back_inserter(to));
}

void put16(Bytes& to, unsigned number) {
  to.push_back(static_cast<std::uint8_t>(number >> 8));
  to.push_back(static_cast<std::uint8_t>(number));
}

constexpr std::uint8_t hop_limit = 255;  // RFC 4861, 4.4: others are ignored

// RFC 4861, 4.4, with checksum 0.
Bytes neighbour_advertisement(const IpAddress& address, const MacAddress& cluster_mac) {
  constexpr std::uint8_t type = 136, override_flag = 0x20, target_option = 2;
  Bytes message{type, 0, 0, 0, override_flag, 0, 0, 0};
  put(message, address.octets());
  put(message, Bytes{target_option, 1});
  put(message, cluster_mac.bytes);
  return message;
}

// RFC 4443, 2.3: over the addresses, length, protocol and message. Its size is even.
std::uint16_t icmp6_checksum(const IpAddress& source, const IpAddress& destination,
                             const Bytes& message) {
  Bytes summed;
  put(summed, source.octets());
  put(summed, destination.octets());
  put16(summed, static_cast<unsigned>(message.size()));
  put16(summed, IPPROTO_ICMPV6);
  put(summed, message);
  std::uint32_t sum = 0;
  for (std::size_t at = 0; at < summed.size(); at += 2) {
    sum += static_cast<std::uint32_t>(summed[at] << 8 | summed[at + 1]);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

// The group's MAC is made of its last four octets (RFC 2464, section 7).
Bytes icmp6_frame(const MacAddress& source, const IpAddress& sender, const IpAddress& group,
                  Bytes message) {
  const auto sum = icmp6_checksum(sender, group, message);
  message[2] = static_cast<std::uint8_t>(sum >> 8);
  message[3] = static_cast<std::uint8_t>(sum);

  Bytes frame{0x33, 0x33};
  put(frame, group.octets().last(4));
  put(frame, source.bytes);
  put16(frame, ETHERTYPE_IPV6);
  put(frame, Bytes{0x60, 0, 0, 0});
  put16(frame, static_cast<unsigned>(message.size()));
  frame.push_back(IPPROTO_ICMPV6);
  frame.push_back(hop_limit);
  put(frame, sender.octets());
  put(frame, group.octets());
  put(frame, message);
  return frame;
}

// RFC 4291, 2.7.1.
IpAddress solicited_node(const IpAddress& address) {
  auto group = *parse_ip_address("ff02::1:ff00:0");
  std::copy(address.bytes.end() - 3, address.bytes.end(), group.bytes.end() - 3);
  return group;
}

// RFC 826.
Bytes arp_request(const MacAddress& sender_mac, const IpAddress& sender, const IpAddress& target,
                  const MacAddress& source) {
  constexpr MacAddress everybody{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
  Bytes frame;
  put(frame, everybody.bytes);
  put(frame, source.bytes);
  put16(frame, ETHERTYPE_ARP);
  put16(frame, ARPHRD_ETHER);
  put16(frame, ETHERTYPE_IP);
  frame.push_back(ETH_ALEN);
  frame.push_back(4);
  put16(frame, ARPOP_REQUEST);
  put(frame, sender_mac.bytes);
  put(frame, sender.octets());
  put(frame, MacAddress{}.bytes);
  put(frame, target.octets());
  return frame;
}

Bytes announcement(const Announce& step, const MacAddress& source) {
  return step.address.version == 4 ? arp_announcement(step.address, step.mac, source)
                                   : ndp_announcement(step.address, step.mac, source);
}

void send_rest(const FrameSender& sender, const Bytes& frame, const Announcement& how) {
  for (unsigned sent = 1; sent < how.count; ++sent) {
    std::this_thread::sleep_for(how.interval);
    sender.send(frame);
  }
}

}  // namespace

std::vector<std::uint8_t> arp_announcement(const IpAddress& address, const MacAddress& cluster_mac,
                                           const MacAddress& source) {
  return arp_request(cluster_mac, address, address, source);
}

std::vector<std::uint8_t> arp_probe(const IpAddress& address, const MacAddress& source) {
  return arp_request(source, IpAddress{}, address, source);
}

std::vector<std::uint8_t> ndp_announcement(const IpAddress& address, const MacAddress& cluster_mac,
                                           const MacAddress& source) {
  return icmp6_frame(source, address, *parse_ip_address("ff02::1"),
                     neighbour_advertisement(address, cluster_mac));
}

std::vector<std::uint8_t> ndp_probe(const IpAddress& address, const MacAddress& source) {
  constexpr std::uint8_t type = 135;  // RFC 4861, 4.3
  Bytes message{type, 0, 0, 0, 0, 0, 0, 0};
  put(message, address.octets());
  return icmp6_frame(source, IpAddress{6, {}}, solicited_node(address), message);
}

std::vector<std::uint8_t> probe(const std::string& interface, const IpAddress& address) {
  const auto source = FrameSender(interface).own_mac();
  return address.version == 4 ? arp_probe(address, source) : ndp_probe(address, source);
}

// Who closes a packet socket last waits 5 to 10 ms for the kernel (packet_release): in the
// background, that is not us.
void announce(const Announce& step) {
  const FrameSender sender(step.interface);
  const auto frame = announcement(step, sender.own_mac());
  sender.send(frame);
  if (step.how.count == 1) return;
  const auto rest = [&] { send_rest(sender, frame, step.how); };
  if (step.how.in_background) {
    in_background(sender.file(), rest);
  } else {
    rest();
  }
}

}  // namespace loadshare::link
