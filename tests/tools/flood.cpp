// SPDX-License-Identifier: GPL-2.0-or-later
// traffic flood: what does the receiving side pay for a packet?
//
// On a veth pair the packet is received in the sender's own call, so that the sender's time holds
// what the receiving namespace does with it. Differences between two runs of this are its price.
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <iostream>
#include <system_error>

#include "arguments.h"
#include "commands.h"
#include "frames.h"
#include "sockets.h"

namespace traffic {

namespace {

using Frame = std::vector<std::uint8_t>;

constexpr std::size_t payload_size = 18;  // makes 60 bytes with IPv4 and UDP, 64 on a wire
constexpr std::size_t frames_per_call = 64;
constexpr std::uint16_t first_port = 1024;

struct Options {
  std::string interface;
  IpAddress address, first_source;
  MacAddress mac;
  std::uint16_t port = 0;
  std::uint32_t sources = 0, packets = 0, rounds = 0;
};

Options read_options(const Arguments& arguments) {
  namespace po = boost::program_options;
  OptionReader reader("flood: prints \"ns-per-packet LEAST MEDIAN\" of the rounds");
  Options options;
  std::string address, mac, source, port, sources, packets, rounds;
  auto add = reader.described.add_options();
  add("interface", po::value(&options.interface)->required(), "sends there");
  add("address", po::value(&address)->required(), "to this address");
  add("mac", po::value(&mac)->required(), "at this MAC");
  add("first", po::value(&source)->required(), "the first of the sources");
  add("sources", po::value(&sources)->default_value("1024"), "consecutive, ports too");
  add("port", po::value(&port)->default_value("9"), "UDP port");
  add("packets", po::value(&packets)->default_value("20000"), "in a round");
  add("rounds", po::value(&rounds)->default_value("9"), "how often");
  reader.read(arguments);
  options.address = ip_address(address);
  options.first_source = ip_address(source);
  options.mac = mac_address(mac);
  options.port = static_cast<std::uint16_t>(number(port, 65535));
  options.sources = std::max(1U, number(sources, 60000));
  options.packets = std::max(1U, number(packets, 10'000'000));
  options.rounds = std::max(1U, number(rounds, 1000));
  return options;
}

void put16(Frame& to, unsigned value) {
  to.push_back(static_cast<std::uint8_t>(value >> 8));
  to.push_back(static_cast<std::uint8_t>(value));
}

template <class Octets>
void put(Frame& to, const Octets& octets) {
  to.insert(to.end(), std::begin(octets), std::end(octets));
}

void put_ipv4(Frame& to, const IpAddress& source, const IpAddress& destination, unsigned size) {
  const auto start = to.size();
  put16(to, 0x4500);
  put16(to, 20 + size);
  put(to, Frame{0, 0, 0, 0, 64, IPPROTO_UDP, 0, 0});
  put(to, source.octets());
  put(to, destination.octets());
  const auto sum = internet_checksum(Bytes(to).subspan(start));
  to[start + 10] = static_cast<std::uint8_t>(sum >> 8);
  to[start + 11] = static_cast<std::uint8_t>(sum);
}

void put_ipv6(Frame& to, const IpAddress& source, const IpAddress& destination, unsigned size) {
  put(to, Frame{0x60, 0, 0, 0});
  put16(to, size);
  put(to, Frame{IPPROTO_UDP, 64});
  put(to, source.octets());
  put(to, destination.octets());
}

Frame udp_segment(const IpAddress& source, const Options& options, std::uint32_t number) {
  Frame segment;
  put16(segment, first_port + number % 60000);
  put16(segment, options.port);
  put16(segment, 8 + payload_size);
  put16(segment, 0);
  segment.resize(8 + payload_size);
  const auto sum = transport_checksum(source, options.address, IPPROTO_UDP, segment);
  segment[6] = static_cast<std::uint8_t>(sum >> 8);
  segment[7] = static_cast<std::uint8_t>(sum);
  return segment;
}

IpAddress consecutive(IpAddress first, std::uint32_t number) {
  auto octets = first.octets();
  for (auto at = octets.rbegin(); at != octets.rend() && number > 0; ++at) {
    number += *at;
    *at = static_cast<std::uint8_t>(number);
    number >>= 8;
  }
  return first;
}

Frame udp_frame(const Options& options, const MacAddress& own_mac, std::uint32_t number) {
  const auto source = consecutive(options.first_source, number);
  const auto segment = udp_segment(source, options, number);
  const auto size = static_cast<unsigned>(segment.size());
  const bool v4 = options.address.version == 4;
  Frame frame;
  put(frame, options.mac.bytes);
  put(frame, own_mac.bytes);
  put16(frame, v4 ? 0x0800 : 0x86dd);
  (v4 ? put_ipv4 : put_ipv6)(frame, source, options.address, size);
  put(frame, segment);
  return frame;
}

/// The frames in a form that the kernel takes many of at once.
class Volley {
 public:
  explicit Volley(std::vector<Frame> frames)
      : frames_(std::move(frames)), parts_(frames_.size()), messages_(frames_.size()) {
    for (std::size_t at = 0; at < frames_.size(); ++at) {
      parts_[at] = {frames_[at].data(), frames_[at].size()};
      messages_[at].msg_hdr.msg_iov = &parts_[at];
      messages_[at].msg_hdr.msg_iovlen = 1;
    }
  }

  /// Sends `packets` of them in turn and returns ns a packet.
  double fire(const FileDescriptor& socket, std::uint32_t packets) {
    const auto began = Clock::now();
    for (std::uint32_t sent = 0; sent < packets;) {
      const auto at = sent % messages_.size();
      const auto count = std::min(
          {frames_per_call, messages_.size() - at, static_cast<std::size_t>(packets - sent)});
      const int taken = sendmmsg(socket.number(), &messages_[at], static_cast<unsigned>(count), 0);
      if (taken < 0 && errno != ENOBUFS && errno != EAGAIN) checked(taken, "send frames");
      sent += static_cast<std::uint32_t>(std::max(taken, 0));
    }
    const std::chrono::duration<double, std::nano> spent = Clock::now() - began;
    return spent.count() / packets;
  }

 private:
  std::vector<Frame> frames_;
  std::vector<iovec> parts_;
  std::vector<mmsghdr> messages_;
};

}  // namespace

int flood(const Arguments& arguments) {
  const auto options = read_options(arguments);
  const auto socket = open_frame_sender(options.interface);
  // Past the queue of the sender, whose price is none of the receiver's.
  set_option(socket, SOL_PACKET, PACKET_QDISC_BYPASS, 1);
  const auto own_mac = interface_mac(socket, options.interface);
  std::vector<Frame> frames;
  for (std::uint32_t number = 0; number < options.sources; ++number) {
    frames.push_back(udp_frame(options, own_mac, number));
  }
  Volley volley(std::move(frames));
  volley.fire(socket, options.packets);  // warms caches up
  std::vector<double> rounds;
  for (std::uint32_t round = 0; round < options.rounds; ++round) {
    rounds.push_back(volley.fire(socket, options.packets));
  }
  std::sort(rounds.begin(), rounds.end());
  std::cout << "ns-per-packet " << static_cast<long>(rounds.front()) << " "
            << static_cast<long>(rounds[rounds.size() / 2]) << "\n";
  return 0;
}

}  // namespace traffic
