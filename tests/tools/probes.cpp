// SPDX-License-Identifier: GPL-2.0-or-later
// Random packets of many protocols, each recognisable wherever it arrives.
#include "probes.h"

#include <netinet/in.h>
#include <tins/tins.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "arguments.h"
#include "frames.h"

namespace traffic {

namespace {

using Buffer = std::vector<std::uint8_t>;

constexpr std::uint32_t magic = 0x6c6f6164;        // "load"
constexpr std::uint8_t unassigned_protocol = 253;  // for experiments (RFC 3692)

struct Name {
  ProbeProtocol protocol;
  const char* text;
  std::uint8_t number;
};

constexpr std::array names{
    Name{ProbeProtocol::tcp, "tcp", IPPROTO_TCP},
    Name{ProbeProtocol::udp, "udp", IPPROTO_UDP},
    Name{ProbeProtocol::udplite, "udplite", IPPROTO_UDPLITE},
    Name{ProbeProtocol::sctp, "sctp", IPPROTO_SCTP},
    Name{ProbeProtocol::dccp, "dccp", IPPROTO_DCCP},
    Name{ProbeProtocol::icmp, "icmp", IPPROTO_ICMP},
    Name{ProbeProtocol::esp, "esp", IPPROTO_ESP},
    Name{ProbeProtocol::ah, "ah", IPPROTO_AH},
    Name{ProbeProtocol::other, "other", unassigned_protocol},
};

const Name& name_of(ProbeProtocol protocol) {
  return *std::ranges::find(names, protocol, &Name::protocol);
}

void put_16(Buffer& buffer, std::uint16_t value) {
  buffer.push_back(static_cast<std::uint8_t>(value >> 8U));
  buffer.push_back(static_cast<std::uint8_t>(value));
}

void put_32(Buffer& buffer, std::uint32_t value) {
  put_16(buffer, static_cast<std::uint16_t>(value >> 16U));
  put_16(buffer, static_cast<std::uint16_t>(value));
}

void put_ports(Buffer& buffer, const Probe& probe) {
  put_16(buffer, probe.source_port);
  put_16(buffer, probe.dest_port);
}

/// The last eight bytes of every probe.
void put_mark(Buffer& buffer, const Probe& probe) {
  put_32(buffer, magic);
  put_32(buffer, probe.id);
}

std::uint32_t big_endian_32(Bytes bytes) {
  return static_cast<std::uint32_t>(big_endian_16(bytes)) << 16U | big_endian_16(bytes.subspan(2));
}

void store_checksum(Buffer& segment, std::size_t offset, const Probe& probe) {
  const std::uint16_t checksum =
      transport_checksum(probe.source, probe.destination, name_of(probe.protocol).number, segment);
  segment[offset] = static_cast<std::uint8_t>(checksum >> 8U);
  segment[offset + 1] = static_cast<std::uint8_t>(checksum);
}

/// RFC 3828: a coverage of 0 means the whole datagram.
Buffer udplite_segment(const Probe& probe) {
  Buffer segment;
  put_ports(segment, probe);
  put_32(segment, 0);  // coverage, checksum
  put_mark(segment, probe);
  store_checksum(segment, 6, probe);
  return segment;
}

/// RFC 4340, section 5.1, with 48-bit sequence numbers: a REQUEST.
Buffer dccp_segment(const Probe& probe) {
  constexpr std::uint8_t header_words = 5, request_with_long_sequence = 0x01;
  Buffer segment;
  put_ports(segment, probe);
  segment.insert(segment.end(), {header_words, 0, 0, 0, request_with_long_sequence, 0});
  put_16(segment, 0);         // sequence, high part
  put_32(segment, probe.id);  // sequence, low part
  put_32(segment, 0);         // service code
  put_mark(segment, probe);
  store_checksum(segment, 6, probe);
  return segment;
}

/// CRC32c (RFC 9260, appendix A), bit by bit: a few dozen bytes at a time.
std::uint32_t crc32c(Bytes bytes) {
  std::uint32_t crc = ~0U;
  for (const std::uint8_t byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0x82f63b78U : 0U);
  }
  return ~crc;
}

/// RFC 9260, section 3.3.2: an INIT whose last parameter is one that receivers skip.
Buffer sctp_segment(const Probe& probe) {
  constexpr std::uint16_t init = 0x0100, init_length = 32;
  constexpr std::uint16_t skipped_parameter = 0x8fff, parameter_length = 12;
  Buffer segment;
  put_ports(segment, probe);
  put_32(segment, 0);  // verification tag
  put_32(segment, 0);  // checksum
  put_16(segment, init);
  put_16(segment, init_length);
  put_32(segment, probe.id | 1U);  // initiate tag, never 0
  put_32(segment, 65536);          // window
  put_16(segment, 1);              // streams out
  put_16(segment, 1);              // streams in
  put_32(segment, probe.id);       // first TSN
  put_16(segment, skipped_parameter);
  put_16(segment, parameter_length);
  put_mark(segment, probe);
  const std::uint32_t crc = crc32c(segment);
  for (unsigned i = 0; i < 4; ++i) segment[8 + i] = static_cast<std::uint8_t>(crc >> 8 * i);
  return segment;
}

Buffer esp_segment(const Probe& probe) {
  Buffer segment;
  put_ports(segment, probe);  // SPI
  put_32(segment, probe.id);  // sequence
  put_mark(segment, probe);
  return segment;
}

/// RFC 4302, section 2, with nothing behind it.
Buffer ah_segment(const Probe& probe) {
  constexpr std::uint8_t words_minus_2 = 4;
  Buffer segment{IPPROTO_NONE, words_minus_2, 0, 0};
  put_ports(segment, probe);  // SPI
  put_32(segment, probe.id);  // sequence
  put_32(segment, 0);         // integrity check value, 12 bytes with the mark
  put_mark(segment, probe);
  return segment;
}

Buffer mark(const Probe& probe) {
  Buffer segment;
  put_mark(segment, probe);
  return segment;
}

void append_echo_request(Tins::PDU& packet, const Probe& probe) {
  if (probe.source.version == 4) {
    Tins::ICMP echo(Tins::ICMP::ECHO_REQUEST);
    echo.id(probe.source_port);
    packet /= echo / Tins::RawPDU(mark(probe));
  } else {
    Tins::ICMPv6 echo(Tins::ICMPv6::ECHO_REQUEST);
    echo.identifier(probe.source_port);
    packet /= echo / Tins::RawPDU(mark(probe));
  }
}

void append_transport(Tins::PDU& packet, const Probe& probe) {
  switch (probe.protocol) {
    case ProbeProtocol::tcp: {
      Tins::TCP syn(probe.dest_port, probe.source_port);
      syn.flags(Tins::TCP::SYN);
      syn.seq(probe.id);
      packet /= syn / Tins::RawPDU(mark(probe));
      break;
    }
    case ProbeProtocol::udp:
      packet /= Tins::UDP(probe.dest_port, probe.source_port) / Tins::RawPDU(mark(probe));
      break;
    case ProbeProtocol::icmp:
      append_echo_request(packet, probe);
      break;
    case ProbeProtocol::udplite:
      packet /= Tins::RawPDU(udplite_segment(probe));
      break;
    case ProbeProtocol::sctp:
      packet /= Tins::RawPDU(sctp_segment(probe));
      break;
    case ProbeProtocol::dccp:
      packet /= Tins::RawPDU(dccp_segment(probe));
      break;
    case ProbeProtocol::esp:
      packet /= Tins::RawPDU(esp_segment(probe));
      break;
    case ProbeProtocol::ah:
      packet /= Tins::RawPDU(ah_segment(probe));
      break;
    case ProbeProtocol::other:
      packet /= Tins::RawPDU(mark(probe));
      break;
  }
}

bool is_ordinary_unicast(const IpAddress& address) {
  const std::uint8_t first = address.bytes[0];
  if (address.version == 6) return (first & 0xe0) == 0x20 || (first & 0xfe) == 0xfc;
  return first != 0 && first != 127 && first < 224;
}

}  // namespace

ProbeProtocol probe_protocol(const std::string& name) {
  const auto found = std::ranges::find(names, name, &Name::text);
  if (found != names.end()) return found->protocol;
  throw std::invalid_argument("\"" + name + "\" is none of " + all_probe_protocols());
}

const char* to_string(ProbeProtocol protocol) { return name_of(protocol).text; }

std::string all_probe_protocols() {
  std::string text;
  for (const Name& name : names) text += (text.empty() ? "" : ",") + std::string(name.text);
  return text;
}

std::uint8_t ip_protocol_number(ProbeProtocol protocol, int ip_version) {
  if (protocol == ProbeProtocol::icmp && ip_version == 6) return IPPROTO_ICMPV6;
  return name_of(protocol).number;
}

SourceRange source_range(const std::string& text) {
  const auto parts = split(text, '/');
  if (parts.size() != 2) throw std::invalid_argument("\"" + text + "\" is not NETWORK/LENGTH");
  const IpAddress network = ip_address(parts[0]);
  return {network, number(parts[1], network.bits())};
}

IpAddress random_source(const SourceRange& range, std::mt19937& random) {
  IpAddress address = range.network;
  do {
    const auto octets = address.octets();
    for (unsigned i = range.prefix_length / 8; i < octets.size(); ++i) {
      const bool shared = i == range.prefix_length / 8;
      const unsigned free_bits = 0xffU >> (shared ? range.prefix_length % 8 : 0);
      octets[i] = static_cast<std::uint8_t>((octets[i] & ~free_bits) | (random() & free_bits));
    }
  } while (!is_ordinary_unicast(address));
  return address;
}

loadshare::HashInput hash_input(const Probe& probe) {
  const bool without_ports =
      probe.protocol == ProbeProtocol::icmp || probe.protocol == ProbeProtocol::other ||
      // In IPv6, AH is an extension header: the kernel looks behind it, and there is nothing.
      (probe.protocol == ProbeProtocol::ah && probe.source.version == 6);
  if (without_ports) return {probe.source, 0, 0};
  return {probe.source, probe.source_port, probe.dest_port};
}

std::vector<std::uint8_t> build_frame(const Probe& probe, const MacAddress& source,
                                      const MacAddress& destination) {
  Tins::EthernetII frame(Tins::HWAddress<6>(destination.bytes.data()),
                         Tins::HWAddress<6>(source.bytes.data()));
  const std::string from = loadshare::to_string(probe.source);
  const std::string to = loadshare::to_string(probe.destination);
  const auto protocol = ip_protocol_number(probe.protocol, probe.source.version);
  if (probe.source.version == 4) {
    Tins::IP ip(to, from);
    ip.protocol(protocol);
    ip.id(static_cast<std::uint16_t>(probe.id));
    frame /= ip;
  } else {
    Tins::IPv6 ip(to, from);
    ip.next_header(protocol);
    ip.hop_limit(64);
    frame /= ip;
  }
  append_transport(frame, probe);
  return frame.serialize();
}

std::vector<std::uint8_t> extension_header(const std::string& text) {
  const auto parts = split(text, ':');
  if (parts.size() != 2 || parts[1].size() % 16 != 0 || parts[1].empty()) {
    throw std::invalid_argument("\"" + text + "\" is not TYPE:HEX of whole eights of bytes");
  }
  Buffer header{static_cast<std::uint8_t>(number(parts[0], 255))};
  for (std::size_t at = 0; at < parts[1].size(); at += 2) {
    header.push_back(static_cast<std::uint8_t>(std::stoul(parts[1].substr(at, 2), nullptr, 16)));
  }
  return header;
}

std::vector<std::uint8_t> wrapped(std::vector<std::uint8_t> frame, const Wrapping& wrapping) {
  constexpr std::ptrdiff_t macs = 12, ethernet = 14, ipv6 = 40;
  if (auto header = wrapping.extension; !header.empty()) {
    std::swap(header.front(), frame[ethernet + 6]);  // the next header's number
    header[1] = header.front();
    header.erase(header.begin());
    const auto length =
        static_cast<std::uint16_t>(big_endian_16(Bytes(frame).subspan(18)) + header.size());
    frame[18] = static_cast<std::uint8_t>(length >> 8U);
    frame[19] = static_cast<std::uint8_t>(length);
    frame.insert(frame.begin() + ethernet + ipv6, header.begin(), header.end());
  }
  if (wrapping.tag) {
    Buffer tag;
    put_16(tag, 0x8100);  // IEEE 802.1Q
    put_16(tag, *wrapping.tag);
    frame.insert(frame.begin() + macs, tag.begin(), tag.end());
  }
  return frame;
}

std::optional<std::uint32_t> probe_id(std::span<const std::uint8_t> packet) {
  if (packet.size() < 8) return std::nullopt;
  const auto tail = packet.last(8);
  if (big_endian_32(tail) != magic) return std::nullopt;
  return big_endian_32(tail.subspan(4));
}

}  // namespace traffic
