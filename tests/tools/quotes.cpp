// SPDX-License-Identifier: GPL-2.0-or-later
// ICMP errors that quote a packet of the cluster, as a router on the way to the client sends them.
#include "quotes.h"

#include <net/ethernet.h>
#include <netinet/in.h>
#include <tins/tins.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "frames.h"

namespace traffic {

namespace {

using Buffer = std::vector<std::uint8_t>;

struct QuoteName {
  Quote quote;
  const char* text;
};
constexpr std::array quotes{QuoteName{Quote::whole, "whole"}, QuoteName{Quote::options, "options"},
                            QuoteName{Quote::fragment, "fragment"}};

struct Kind {
  std::uint8_t type, code;
};
// RFC 792 and RFC 4443: port unreachable, too big, time exceeded, parameter problem.
constexpr std::array kinds4{Kind{3, 3}, Kind{3, 4}, Kind{11, 0}, Kind{12, 0}};
constexpr std::array kinds6{Kind{1, 4}, Kind{2, 0}, Kind{3, 0}, Kind{4, 0}};

constexpr std::ptrdiff_t ip4_header = 20;
constexpr std::ptrdiff_t ip6_header = 40;
constexpr std::uint8_t later_fragment = 0x08;  // some offset that is not 0, in either version

void store_16(Buffer& to, std::size_t offset, std::size_t value) {
  to[offset] = static_cast<std::uint8_t>(value >> 8U);
  to[offset + 1] = static_cast<std::uint8_t>(value);
}

/// Echo requests are answered by replies: connection tracking knows them from each other.
void turn_into_reply(Buffer& packet, const Probe& answer) {
  const bool v4 = answer.source.version == 4;
  const auto header = static_cast<std::size_t>(v4 ? ip4_header : ip6_header);
  packet[header] = v4 ? 0 : 129;
  store_16(packet, header + 2, 0);
  const Bytes message = Bytes(packet).subspan(header);
  store_16(packet, header + 2,
           v4 ? internet_checksum(message)
              : transport_checksum(answer.source, answer.destination, IPPROTO_ICMPV6, message));
}

/// The IP packet with which the cluster answers.
Buffer answer_to(const Probe& probe) {
  Probe answer = probe;
  std::swap(answer.source, answer.destination);
  // The "source port" of an echo is its identifier, the same both ways.
  if (probe.protocol != ProbeProtocol::icmp) std::swap(answer.source_port, answer.dest_port);
  Buffer frame = build_frame(answer, {}, {});
  frame.erase(frame.begin(), frame.begin() + ETHER_HDR_LEN);
  // Without the padding of a short frame.
  const Bytes packet(frame);
  frame.resize(probe.source.version == 4
                   ? big_endian_16(packet.subspan(2))
                   : static_cast<std::size_t>(ip6_header) + big_endian_16(packet.subspan(4)));
  if (probe.protocol == ProbeProtocol::icmp) turn_into_reply(frame, answer);
  return frame;
}

void mend_ip4_header(Buffer& packet) {
  const std::size_t header = std::size_t{4} * (packet[0] & 15U);
  store_16(packet, 2, packet.size());
  store_16(packet, 10, 0);
  store_16(packet, 10, internet_checksum(Bytes(packet).first(header)));
}

void disturb_ip4(Buffer& packet, Quote quote) {
  constexpr std::uint8_t no_operation = 1;
  if (quote == Quote::options) {
    packet.insert(packet.begin() + ip4_header, 4, no_operation);
    packet[0] = 0x46;
  } else {
    packet[7] = later_fragment;
  }
  mend_ip4_header(packet);
}

void disturb_ip6(Buffer& packet, Quote quote) {
  constexpr std::array<std::uint8_t, 8> padding{0, 0, 1, 4};  // RFC 8200, 4.2: PadN
  constexpr std::array<std::uint8_t, 8> fragment{0, 0, 0, later_fragment};
  const bool options = quote == Quote::options;
  auto extension = options ? padding : fragment;
  extension[0] = packet[6];
  packet[6] = options ? IPPROTO_DSTOPTS : IPPROTO_FRAGMENT;
  packet.insert(packet.begin() + ip6_header, extension.begin(), extension.end());
  store_16(packet, 4, packet.size() - ip6_header);
}

Buffer quoted_packet(const ErrorAbout& error) {
  Buffer packet = answer_to(error.probe);
  if (error.quote == Quote::whole) return packet;
  if (error.probe.source.version == 4) {
    disturb_ip4(packet, error.quote);
  } else {
    disturb_ip6(packet, error.quote);
  }
  return packet;
}

/// The ICMP message without its checksum.
Buffer error_message(const ErrorAbout& error) {
  constexpr std::uint16_t mtu = 1400;
  const auto& kinds = error.probe.source.version == 4 ? kinds4 : kinds6;
  const Kind& kind = kinds[error.kind % kinds.size()];
  Buffer message{kind.type, kind.code, 0, 0, 0, 0, 0, 0};
  const bool too_big = kind.type == (error.probe.source.version == 4 ? 3 : 2) && kind.code != 3;
  if (too_big) store_16(message, 6, mtu);
  const Buffer quote = quoted_packet(error);
  message.insert(message.end(), quote.begin(), quote.end());
  return message;
}

}  // namespace

Quote quote_named(const std::string& name) {
  const auto found = std::ranges::find(quotes, name, &QuoteName::text);
  if (found != quotes.end()) return found->quote;
  throw std::invalid_argument("\"" + name + "\" is none of " + all_quotes());
}

std::string all_quotes() {
  std::string text;
  for (const QuoteName& name : quotes) text += (text.empty() ? "" : ",") + std::string(name.text);
  return text;
}

std::vector<std::uint8_t> build_error_frame(const ErrorAbout& error, const IpAddress& router,
                                            const MacAddress& source,
                                            const MacAddress& destination) {
  const IpAddress& cluster = error.probe.destination;
  Buffer message = error_message(error);
  Tins::EthernetII frame(Tins::HWAddress<6>(destination.bytes.data()),
                         Tins::HWAddress<6>(source.bytes.data()));
  if (cluster.version == 4) {
    store_16(message, 2, internet_checksum(message));
    Tins::IP ip(loadshare::to_string(cluster), loadshare::to_string(router));
    ip.protocol(IPPROTO_ICMP);
    frame /= ip / Tins::RawPDU(message);
  } else {
    store_16(message, 2, transport_checksum(router, cluster, IPPROTO_ICMPV6, message));
    Tins::IPv6 ip(loadshare::to_string(cluster), loadshare::to_string(router));
    ip.next_header(IPPROTO_ICMPV6);
    ip.hop_limit(64);
    frame /= ip / Tins::RawPDU(message);
  }
  return frame.serialize();
}

}  // namespace traffic
