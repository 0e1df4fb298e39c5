// SPDX-License-Identifier: GPL-2.0-or-later
// Random packets of many protocols, each recognisable wherever it arrives.
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "clients/bucket_hash.h"
#include "loadshare/addresses.h"

namespace traffic {

using loadshare::IpAddress;
using loadshare::MacAddress;

enum class ProbeProtocol { tcp, udp, udplite, sctp, dccp, icmp, esp, ah, other };

/// The protocol called `name` ("tcp" …); throws std::invalid_argument for any other.
ProbeProtocol probe_protocol(const std::string& name);
const char* to_string(ProbeProtocol protocol);
/// All names with commas between, as --protocols takes them.
std::string all_probe_protocols();
/// Its number in the IP header; that of icmp and ah's header chain differ between the IP versions.
std::uint8_t ip_protocol_number(ProbeProtocol protocol, int ip_version);

/// A packet to be. For esp and ah the "ports" are the two halves of the SPI.
struct Probe {
  std::uint32_t id = 0;
  ProbeProtocol protocol = ProbeProtocol::tcp;
  IpAddress source;
  IpAddress destination;
  std::uint16_t source_port = 0;
  std::uint16_t dest_port = 0;
};

/// A network that random sources are taken from.
struct SourceRange {
  IpAddress network;
  unsigned prefix_length = 0;
};

/// "NETWORK/LENGTH"; throws std::invalid_argument.
SourceRange source_range(const std::string& text);

/// A random unicast address of the range, never loopback.
IpAddress random_source(const SourceRange& range, std::mt19937& random);

/// What the bucket hash sees of the probe.
loadshare::HashInput hash_input(const Probe& probe);

/// The Ethernet frame: a packet with valid checksums that connection tracking takes as the begin
/// of a new flow (TCP SYN, SCTP INIT, DCCP REQUEST, echo request). The id stands at its very end.
/// One exception: connection tracking calls every valid UDP-Lite packet invalid, because it
/// computes the checksum with UDP's protocol number (seen on 6.1 and 6.18).
std::vector<std::uint8_t> build_frame(const Probe& probe, const MacAddress& source,
                                      const MacAddress& destination);

/// What a frame may bring besides.
struct Wrapping {
  std::optional<std::uint16_t> tag;     ///< the number of a VLAN
  std::vector<std::uint8_t> extension;  ///< a header behind that of IPv6, behind its own number
};

/// "TYPE:HEX"; the first byte of HEX will say what comes next. Throws std::invalid_argument.
std::vector<std::uint8_t> extension_header(const std::string& text);

/// The same frame with these.
std::vector<std::uint8_t> wrapped(std::vector<std::uint8_t> frame, const Wrapping& wrapping);

/// The id of a probe that `packet` ends with; nothing for any other packet.
std::optional<std::uint32_t> probe_id(std::span<const std::uint8_t> packet);

}  // namespace traffic
