// SPDX-License-Identifier: GPL-2.0-or-later
// traffic watch-arp, arp-storm, claim: what is said about an address in ARP and ND.
#include "neighbours.h"

#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <sys/signalfd.h>
#include <tins/tins.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <iostream>
#include <map>

#include "arguments.h"
#include "commands.h"
#include "frames.h"
#include "sockets.h"

namespace traffic {

namespace {

constexpr Milliseconds forever = std::chrono::hours(24);

MacAddress from_tins(const Tins::HWAddress<6>& address) {
  MacAddress mac;
  std::copy(address.begin(), address.end(), mac.bytes.begin());
  return mac;
}

Tins::HWAddress<6> to_tins(const MacAddress& mac) { return {mac.bytes.data()}; }

/// The MAC that a neighbour discovery message gives for `address`, if it speaks of it.
std::optional<MacAddress> advertised_in_nd(const IpPacket& packet, const IpAddress& address) {
  using Tins::ICMPv6;
  const ICMPv6 message(packet.transport.data(),
                       static_cast<std::uint32_t>(packet.transport.size()));
  const bool target_form = message.type() == ICMPv6::NEIGHBOUR_ADVERT;
  const auto option = target_form ? ICMPv6::TARGET_ADDRESS : ICMPv6::SOURCE_ADDRESS;
  if (message.search_option(option) == nullptr) return std::nullopt;
  if (target_form) {
    if (message.target_addr() != Tins::IPv6Address(to_string(address))) return std::nullopt;
    return from_tins(message.target_link_layer_addr());
  }
  if (packet.source != address) return std::nullopt;
  return from_tins(message.source_link_layer_addr());
}

std::optional<Advertised> advertised_in_arp(Bytes frame, const IpAddress& address) {
  if (frame.size() < 42 || big_endian_16(frame.subspan(12)) != ETHERTYPE_ARP) return std::nullopt;
  const Tins::ARP arp(frame.data() + 14, static_cast<std::uint32_t>(frame.size() - 14));
  if (arp.sender_ip_addr() != Tins::IPv4Address(to_string(address))) return std::nullopt;
  return Advertised{from_tins(arp.sender_hw_addr())};
}

std::optional<Advertised> advertised_in_nd_frame(Bytes frame, const IpAddress& address) {
  const auto packet = parse_ip_packet(frame);
  if (!packet || packet->protocol != IPPROTO_ICMPV6 || packet->transport.empty())
    return std::nullopt;
  const auto type = packet->transport[0];
  if (type < ND_ROUTER_SOLICIT || type > ND_NEIGHBOR_ADVERT) return std::nullopt;
  const auto mac = advertised_in_nd(*packet, address);
  if (!mac) return std::nullopt;
  return Advertised{*mac, transport_checksum(packet->source, packet->destination, packet->protocol,
                                             packet->transport) == 0};
}

class Watch {
 public:
  Watch(const std::string& interface, const IpAddress& address, bool print_times)
      : address_(address), print_times_(print_times), capture_(open_capture(interface, ETH_P_ALL)) {
    listen_to_all(capture_, interface);
  }

  void run(Milliseconds duration) {
    const std::array descriptors{stop_.number(), capture_.number()};
    const auto end = Clock::now() + duration;
    signalfd_siginfo signal;
    while (read(stop_.number(), &signal, sizeof signal) < 0 && Clock::now() < end) {
      wait_readable(descriptors, end);
      take_frames();
    }
  }

  void print() const {
    for (const auto& [mac, count] : print_times_ ? std::map<MacAddress, unsigned>() : count_)
      std::cout << to_string(mac) << ' ' << count << '\n';
    if (address_.version == 6) std::cout << "bad-checksum " << bad_checksum_ << '\n';
  }

  bool all_well_formed() const { return bad_checksum_ == 0; }

 private:
  void take_frames() {
    std::array<std::uint8_t, 2048> buffer;
    while (const auto frame = receive(capture_, buffer)) {
      const auto message = advertised(*frame, address_);
      if (!message) continue;
      ++count_[message->mac];
      if (print_times_) print_now(message->mac);
      if (!message->checksum_right) ++bad_checksum_;
    }
  }

  void print_now(const MacAddress& mac) const {
    const auto since = std::chrono::duration_cast<Milliseconds>(Clock::now() - start_);
    std::cout << since.count() << ' ' << to_string(mac) << std::endl;
  }

  Clock::time_point start_ = Clock::now();
  IpAddress address_;
  bool print_times_;
  FileDescriptor capture_;
  FileDescriptor stop_ = termination_signal();
  std::map<MacAddress, unsigned> count_;
  unsigned bad_checksum_ = 0;
};

Tins::PDU::serialization_type arp_request(const MacAddress& own, const IpAddress& source,
                                          const IpAddress& wanted) {
  const Tins::IPv4Address target(to_string(wanted));
  const Tins::IPv4Address sender(to_string(source));
  return Tins::ARP::make_arp_request(target, sender, to_tins(own)).serialize();
}

/// Sends `frame` at an even pace and returns how often. A late wake-up is made up for.
std::uint64_t send_steadily(const FileDescriptor& socket, Bytes frame, unsigned rate,
                            Milliseconds duration) {
  const FileDescriptor stop = termination_signal();
  const std::array descriptors{stop.number()};
  const auto start = Clock::now();
  const auto pause = std::max(Milliseconds(1), Milliseconds(1000 / rate));
  std::uint64_t sent = 0;
  for (auto now = start; now < start + duration; now = Clock::now()) {
    const auto due = 1 + static_cast<std::uint64_t>((now - start) * rate / std::chrono::seconds(1));
    for (; sent < due; ++sent) send_frame(socket, frame);
    if (wait_readable(descriptors, Clock::now() + pause)) break;
  }
  return sent;
}

// ---- Claiming an address

Tins::ICMPv6 neighbour_message(Tins::ICMPv6::Types type, const Tins::IPv6Address& address,
                               const MacAddress& own) {
  Tins::ICMPv6 message(type);
  if (type != Tins::ICMPv6::ROUTER_SOLICIT) message.target_addr(address);
  if (type == Tins::ICMPv6::NEIGHBOUR_ADVERT) {
    message.override(1);
    message.target_link_layer_addr(to_tins(own));
  } else {
    message.source_link_layer_addr(to_tins(own));
  }
  return message;
}

/// RFC 4861, 4.3, to the group in which the address's holders listen.
Tins::PDU::serialization_type neighbour_solicitation(const MacAddress& own, const IpAddress& source,
                                                     const IpAddress& wanted) {
  IpAddress group = *loadshare::parse_ip_address("ff02::1:ff00:0");
  MacAddress group_mac{{0x33, 0x33, 0xff}};
  std::copy_n(wanted.bytes.begin() + 13, 3, group.bytes.begin() + 13);
  std::copy_n(wanted.bytes.begin() + 13, 3, group_mac.bytes.begin() + 3);
  Tins::IPv6 packet(to_string(group), to_string(source));
  packet.hop_limit(255);
  auto frame =
      Tins::EthernetII(to_tins(group_mac), to_tins(own)) / packet /
      neighbour_message(Tins::ICMPv6::NEIGHBOUR_SOLICIT, Tins::IPv6Address(to_string(wanted)), own);
  return frame.serialize();
}

std::vector<Tins::PDU::serialization_type> arp_claims(const MacAddress& own,
                                                      const IpAddress& address) {
  const Tins::IPv4Address claimed(to_string(address));
  const auto mac = to_tins(own);
  auto reply = Tins::ARP::make_arp_reply(claimed, claimed, "ff:ff:ff:ff:ff:ff", mac);
  return {arp_request(own, address, address), reply.serialize()};
}

std::vector<Tins::PDU::serialization_type> ndp_claims(const MacAddress& own,
                                                      const IpAddress& address) {
  using Tins::ICMPv6;
  const Tins::IPv6Address claimed(to_string(address));
  std::vector<Tins::PDU::serialization_type> frames;
  for (const auto type :
       {ICMPv6::NEIGHBOUR_SOLICIT, ICMPv6::NEIGHBOUR_ADVERT, ICMPv6::ROUTER_SOLICIT}) {
    Tins::IPv6 packet("ff02::1", claimed);
    packet.hop_limit(255);
    auto frame = Tins::EthernetII("33:33:00:00:00:01", to_tins(own)) / packet /
                 neighbour_message(type, claimed, own);
    frames.push_back(frame.serialize());
  }
  return frames;
}

Milliseconds seconds(const std::string& text) { return std::chrono::seconds(number(text, 86400)); }

}  // namespace

std::optional<Advertised> advertised(Bytes frame, const IpAddress& address) {
  return address.version == 4 ? advertised_in_arp(frame, address)
                              : advertised_in_nd_frame(frame, address);
}

void listen_to_all(const FileDescriptor& capture, const std::string& interface) {
  packet_mreq all{};
  all.mr_ifindex = interface_index(interface);
  all.mr_type = PACKET_MR_PROMISC;
  checked(setsockopt(capture.number(), SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof all),
          "promiscuous " + interface);
}

int watch_arp(const Arguments& arguments) {
  namespace po = boost::program_options;
  OptionReader reader(
      "watch-arp: prints \"ready\", then at the end \"MAC COUNT\" per MAC advertised for ADDRESS");
  std::string interface, address, duration;
  bool times = false;
  auto add = reader.described.add_options();
  add("interface", po::value(&interface)->required(), "where to listen");
  add("address", po::value(&address)->required(), "the address that the ARP or ND speaks of");
  add("seconds", po::value(&duration), "how long; default: until SIGTERM");
  add("times", po::bool_switch(&times), "a line \"MS MAC\" for each message instead, at once");
  const bool bounded = reader.read(arguments).count("seconds") != 0;
  Watch watch(interface, ip_address(address), times);
  std::cout << "ready" << std::endl;
  watch.run(bounded ? seconds(duration) : forever);
  watch.print();
  return watch.all_well_formed() ? 0 : 1;
}

int arp_storm(const Arguments& arguments) {
  namespace po = boost::program_options;
  OptionReader reader(
      "arp-storm: asks \"who has ADDRESS?\" by ARP or neighbour discovery, then prints \"sent N\"");
  std::string interface, address, source, rate, duration;
  auto add = reader.described.add_options();
  add("interface", po::value(&interface)->required(), "where to send");
  add("address", po::value(&address)->required(), "the address asked for");
  add("source", po::value(&source)->required(), "the address that asks");
  add("rate", po::value(&rate)->default_value("500"), "requests a second");
  add("seconds", po::value(&duration)->required(), "how long");
  reader.read(arguments);
  const FileDescriptor socket = open_frame_sender(interface);
  const MacAddress own = interface_mac(socket, interface);
  const IpAddress from = ip_address(source), wanted = ip_address(address);
  const auto frame = wanted.version == 4 ? arp_request(own, from, wanted)
                                         : neighbour_solicitation(own, from, wanted);
  const auto sent =
      send_steadily(socket, frame, std::max(1U, number(rate, 100000)), seconds(duration));
  std::cout << "sent " << sent << '\n';
  return 0;
}

int claim(const Arguments& arguments) {
  namespace po = boost::program_options;
  OptionReader reader(
      "claim: says of ADDRESS, in each way there is, that it has the node's own MAC");
  std::string interface, address_text;
  auto add = reader.described.add_options();
  add("interface", po::value(&interface)->required(), "where to send");
  add("address", po::value(&address_text)->required(), "the address claimed");
  reader.read(arguments);
  const FileDescriptor socket = open_frame_sender(interface);
  const MacAddress own = interface_mac(socket, interface);
  const IpAddress address = ip_address(address_text);
  const auto frames = address.version == 4 ? arp_claims(own, address) : ndp_claims(own, address);
  for (const auto& frame : frames) send_frame(socket, frame);
  std::cout << "sent " << frames.size() << '\n';
  return 0;
}

}  // namespace traffic
