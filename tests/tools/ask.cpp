// SPDX-License-Identifier: GPL-2.0-or-later
// traffic ask: which nodes answer each of many clients?
#include <linux/icmp.h>
#include <net/ethernet.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <iostream>
#include <map>
#include <system_error>

#include "arguments.h"
#include "commands.h"
#include "frames.h"
#include "pings.h"
#include "sockets.h"

namespace traffic {

namespace {

enum class Protocol { ping, udp, tcp, sctp };

struct Options {
  std::string interface;
  IpAddress address;
  std::uint16_t port = 0;
  Protocol protocol = Protocol::ping;
  std::vector<IpAddress> clients;
  Milliseconds wait{2000};
  Milliseconds grace{150};
  std::uint16_t source_port = 0;
  std::size_t size = 0;
  bool summary = false;
  bool refused = false;
};

/// One client's side: its socket, the number by which answers to it are known (the local port, or
/// the echo identifier of a ping), and the Ethernet sources of all answers so far.
struct Client {
  FileDescriptor socket;
  std::uint16_t reference = 0;
  std::vector<MacAddress> answers;
};

Protocol protocol_named(const std::string& name) {
  if (name == "ping") return Protocol::ping;
  if (name == "udp") return Protocol::udp;
  if (name == "tcp") return Protocol::tcp;
  if (name == "sctp") return Protocol::sctp;
  throw std::invalid_argument("\"" + name + "\" is none of ping, udp, tcp, sctp");
}

Options read_options(const Arguments& arguments) {
  namespace po = boost::program_options;
  OptionReader reader("ask: one line a client, \"CLIENT MAC\" of who answered, or \"CLIENT -\"");
  Options options;
  std::string address, port, protocol, first, count, wait, grace, source_port, size;
  auto add = reader.described.add_options();
  add("interface", po::value(&options.interface)->required(), "where the answers come in");
  add("address", po::value(&address)->required(), "who is asked");
  add("port", po::value(&port)->default_value("0"), "the port asked (not for ping)");
  add("protocol", po::value(&protocol)->required(), "ping, udp, tcp or sctp");
  add("first", po::value(&first)->required(), "the first client's address, held here");
  add("clients", po::value(&count)->default_value("64"), "how many consecutive addresses ask");
  add("wait", po::value(&wait)->default_value("2000"), "give up after that many ms");
  add("grace", po::value(&grace)->default_value("150"),
      "ms to see duplicates after the last answer");
  add("sport", po::value(&source_port)->default_value("0"), "every client's port; 0: any");
  add("size", po::value(&size)->default_value("0"), "bytes to send (ping and udp)");
  add("refused", po::bool_switch(&options.refused),
      "pings with a hop-by-hop option that nobody knows; an answer is the error about it");
  add("summary", po::bool_switch(&options.summary), "count per MAC instead of a line per client");
  reader.read(arguments);
  options.address = ip_address(address);
  options.port = static_cast<std::uint16_t>(number(port, 65535));
  options.protocol = protocol_named(protocol);
  options.clients = consecutive(ip_address(first), number(count, 65536));
  options.wait = Milliseconds(number(wait, 3'600'000));
  options.grace = Milliseconds(number(grace, 3'600'000));
  options.source_port = static_cast<std::uint16_t>(number(source_port, 65535));
  options.size = number(size, 65507 - sizeof(icmphdr));
  return options;
}

// ---- Asking

FileDescriptor socket_for(const Options& options, int family) {
  switch (options.protocol) {
    case Protocol::ping:
      return open_ping_socket(family);
    case Protocol::udp:
      return open_socket(family, SOCK_DGRAM, 0);
    case Protocol::tcp:
      return open_socket(family, SOCK_STREAM, 0);
    case Protocol::sctp:
      return open_socket(family, SOCK_STREAM, IPPROTO_SCTP);
  }
  throw std::logic_error("no such protocol");
}

/// RFC 8200, 4.2: of a type that says "discard it and send an error, also where it was multicast".
void add_unknown_option(const FileDescriptor& socket) {
  const std::array<std::uint8_t, 8> header{0, 0, 0x9e, 4, 0, 0, 0, 0};
  checked(setsockopt(socket.number(), IPPROTO_IPV6, IPV6_HOPOPTS, header.data(), header.size()),
          "IPV6_HOPOPTS");
}

Client open_client(const Options& options, const IpAddress& address) {
  const bool ping = options.protocol == Protocol::ping;
  Client client{socket_for(options, family_of(address)), 0, {}};
  set_option(client.socket, SOL_SOCKET, SO_REUSEADDR, 1);
  if (options.protocol == Protocol::tcp || options.protocol == Protocol::sctp) {
    reset_at_close(client.socket);
  }
  const SocketAddress name(address, ping ? std::uint16_t{0} : options.source_port);
  checked(bind(client.socket.number(), name.get(), name.size()), "bind to " + to_string(address));
  if (options.refused) add_unknown_option(client.socket);
  client.reference = ping ? static_cast<std::uint16_t>(getpid()) : local_port(client.socket);
  return client;
}

void send_question(const Options& options, const Client& client) {
  const int socket = client.socket.number();
  // A raw socket's "port" is its protocol and must be 0 here.
  const bool ping = options.protocol == Protocol::ping;
  const SocketAddress peer(options.address, ping ? std::uint16_t{0} : options.port);
  long result = connect(socket, peer.get(), peer.size());
  if (result == 0 && (ping || options.protocol == Protocol::udp)) {
    const auto message =
        ping ? echo_request(options.address.version, {client.reference, 1}, options.size)
             : std::vector<std::uint8_t>(options.size, 0x5a);
    result = send(socket, message.data(), message.size(), 0);
  }
  if (result < 0 && !is_network_failure(errno)) {
    checked(-1, "ask " + to_string(options.address));
  }
}

// ---- Listening

/// The identifier of the ping that a "parameter problem" speaks of (RFC 4443, 3.4).
std::optional<std::uint16_t> refused_identifier(const IpPacket& packet) {
  constexpr std::size_t quote = 8,
                        echo = quote + 40 + 8;  // behind the IPv6 header and the option's
  if (packet.protocol != IPPROTO_ICMPV6 || packet.transport.size() < echo + 8 ||
      packet.transport[0] != ICMP6_PARAM_PROB) {
    return std::nullopt;
  }
  return big_endian_16(packet.transport.subspan(echo + 4));
}

/// Which of the client's numbers this packet answers, if it is an answer at all.
std::optional<std::uint16_t> answered_reference(const Options& options, const IpPacket& packet) {
  constexpr std::uint8_t tcp_reset = 0x04, tcp_syn_ack = 0x12;
  constexpr std::uint8_t sctp_init_ack = 2, sctp_abort = 6;
  const Bytes bytes = packet.transport;
  if (!packet.begins_datagram || bytes.size() < 8) return std::nullopt;
  const auto wanted = [&](std::uint8_t protocol, std::size_t length) {
    return packet.protocol == protocol && bytes.size() >= length &&
           big_endian_16(bytes) == options.port;
  };
  const std::uint16_t port = big_endian_16(bytes.subspan(2));
  switch (options.protocol) {
    case Protocol::ping:
      if (options.refused) return refused_identifier(packet);
      if (const auto reply = echo_reply(packet)) return reply->identifier;
      break;
    case Protocol::udp:
      if (wanted(IPPROTO_UDP, 8)) return port;
      break;
    case Protocol::tcp:
      if (wanted(IPPROTO_TCP, 20) &&
          ((bytes[13] & tcp_reset) != 0 || (bytes[13] & tcp_syn_ack) == tcp_syn_ack)) {
        return port;
      }
      break;
    case Protocol::sctp:
      if (wanted(IPPROTO_SCTP, 16) && (bytes[12] == sctp_init_ack || bytes[12] == sctp_abort)) {
        return port;
      }
      break;
  }
  return std::nullopt;
}

class Survey {
 public:
  explicit Survey(const Options& options)
      : options_(options),
        capture_(open_capture(options.interface,
                              options.address.version == 4 ? ETHERTYPE_IP : ETHERTYPE_IPV6)) {
    for (const IpAddress& address : options.clients) {
      number_of_.emplace(address, clients_.size());
      clients_.push_back(open_client(options, address));
    }
  }

  void run() {
    const auto give_up = Clock::now() + options_.wait;
    for (const Client& client : clients_) {
      send_question(options_, client);
      take_answers();
    }
    listen_until(give_up, true);
    if (unanswered() == 0) listen_until(Clock::now() + options_.grace, false);
  }

  void print_lines() const {
    for (std::size_t i = 0; i < clients_.size(); ++i) {
      std::cout << to_string(options_.clients[i]);
      for (const MacAddress& mac : clients_[i].answers) std::cout << ' ' << to_string(mac);
      std::cout << (clients_[i].answers.empty() ? " -\n" : "\n");
    }
  }

  void print_summary() const {
    std::map<MacAddress, unsigned> count;
    for (const Client& client : clients_) {
      for (const MacAddress& mac : client.answers) ++count[mac];
    }
    for (const auto& [mac, answers] : count) std::cout << to_string(mac) << ' ' << answers << '\n';
    std::cout << "unanswered " << unanswered() << "\nduplicate " << duplicate() << '\n';
  }

  bool each_answered_once() const { return unanswered() == 0 && duplicate() == 0; }

 private:
  long unanswered() const {
    return std::ranges::count_if(clients_, [](const Client& c) { return c.answers.empty(); });
  }

  long duplicate() const {
    return std::ranges::count_if(clients_, [](const Client& c) { return c.answers.size() > 1; });
  }

  void listen_until(Clock::time_point deadline, bool stop_when_all_answered) {
    const std::array descriptors{capture_.number()};
    take_answers();
    while (!(stop_when_all_answered && unanswered() == 0) && Clock::now() < deadline) {
      if (wait_readable(descriptors, deadline)) take_answers();
    }
  }

  void take_answers() {
    std::array<std::uint8_t, 256> buffer;  // headers are enough; the rest of a frame is cut off
    while (const auto frame = receive(capture_, buffer)) {
      const auto packet = parse_ip_packet(*frame);
      if (packet && packet->source == options_.address) note(*packet);
    }
  }

  void note(const IpPacket& packet) {
    const auto number = number_of_.find(packet.destination);
    if (number == number_of_.end()) return;
    Client& client = clients_[number->second];
    if (answered_reference(options_, packet) != client.reference) return;
    if (repeats_itself() &&
        std::ranges::find(client.answers, packet.ethernet_source) != client.answers.end()) {
      return;
    }
    client.answers.push_back(packet.ethernet_source);
  }

  /// TCP and SCTP repeat an answer that seems lost, and reset what they do not know: that is still
  /// one node answering.
  bool repeats_itself() const {
    return options_.protocol == Protocol::tcp || options_.protocol == Protocol::sctp;
  }

  const Options& options_;
  FileDescriptor capture_;
  std::vector<Client> clients_;
  std::map<IpAddress, std::size_t> number_of_;
};

}  // namespace

int ask(const Arguments& arguments) {
  const Options options = read_options(arguments);
  Survey survey(options);
  survey.run();
  if (options.summary) {
    survey.print_summary();
  } else {
    survey.print_lines();
  }
  return survey.each_answered_once() ? 0 : 1;
}

}  // namespace traffic
