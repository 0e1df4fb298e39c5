// SPDX-License-Identifier: GPL-2.0-or-later
// An IP packet as it came off the wire: whose is it? No system call.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "clients/bucket_hash.h"

namespace loadshare::watch {

/// Which nodes take a packet, by decider/packet.bpf.h and by CLUSTERIP.
enum class Taker {
  owner,           ///< the one of the bucket that `hashed` falls into
  every_node,      ///< an answer to this node's own question, or an error with an unreadable quote
  nobody,          ///< too short for what its headers say, or with too many of them
  first_fragment,  ///< whoever takes its first fragment: see FirstFragments
};

/// The same for all fragments of one packet (RFC 791, RFC 8200 section 4.5).
struct FragmentId {
  IpAddress source;
  std::uint32_t number = 0;
  std::uint8_t protocol = 0;  ///< 0 in IPv6

  bool operator==(const FragmentId&) const = default;
};

struct Packet {
  Taker taker = Taker::owner;
  HashInput hashed;           ///< the client; of ICMP errors, that of the flow they speak of
  std::uint8_t protocol = 0;  ///< IP protocol number; of ICMP errors, that of the flow
  bool is_error = false;      ///< an ICMP error
  bool has_ports = false;     ///< that mean something to a person
  bool begins = false;        ///< a TCP connection: SYN without ACK
  std::optional<FragmentId> fragment;
  bool is_first_fragment = false;
};

/// Reads a packet from its IP header on. Nothing where not even the addresses can be read.
std::optional<Packet> read_packet(std::span<const std::uint8_t> bytes, HashMode mode);

/// Remembers the first fragments of late, for the ones behind them bring no ports. Bounded.
class FirstFragments {
 public:
  /// Remembers a first fragment; fills in a later one where its first is known.
  void complete(Packet& packet);

 private:
  std::array<std::optional<Packet>, 128> known_;
  std::size_t next_ = 0;
};

}  // namespace loadshare::watch
