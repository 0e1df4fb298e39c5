// SPDX-License-Identifier: GPL-2.0-or-later
#include "watch/packet.h"

#include <netinet/in.h>

#include <algorithm>
#include <vector>

namespace loadshare::watch {
namespace {

constexpr std::uint8_t neighbour_advertisement = 136;  // RFC 4861, 4.4
constexpr int most_extensions = 8;                     // as decider/packet.bpf.h

/// Bytes that may end anywhere: what is not there is nothing.
class View {
 public:
  explicit View(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  std::optional<std::uint8_t> byte(std::size_t at) const {
    return has(at, 1) ? std::optional(bytes_[at]) : std::nullopt;
  }
  std::optional<std::uint16_t> number(std::size_t at) const {
    if (!has(at, 2)) return std::nullopt;
    return static_cast<std::uint16_t>(bytes_[at] << 8 | bytes_[at + 1]);
  }
  std::optional<IpAddress> address(std::size_t at, int version) const {
    IpAddress address{version, {}};
    const auto octets = address.octets();
    if (!has(at, octets.size())) return std::nullopt;
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(at), octets.size(), octets.begin());
    return address;
  }
  View from(std::size_t at) const { return View(bytes_.subspan(std::min(at, bytes_.size()))); }
  View first(std::size_t count) const { return View(bytes_.first(std::min(count, bytes_.size()))); }
  std::size_t size() const { return bytes_.size(); }

 private:
  bool has(std::size_t at, std::size_t count) const {
    return at <= bytes_.size() && bytes_.size() - at >= count;
  }

  std::span<const std::uint8_t> bytes_;
};

bool has_real_ports(std::uint8_t protocol) {
  return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_DCCP ||
         protocol == IPPROTO_SCTP || protocol == IPPROTO_UDPLITE;
}

bool is_icmp(std::uint8_t protocol, int version) {
  return version == 4 ? protocol == IPPROTO_ICMP : protocol == IPPROTO_ICMPV6;
}

bool is_icmp_error(std::uint8_t type, int version) {
  if (version == 6) return type >= 1 && type <= 4;
  return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

// Where the rules find two 16-bit words to hash in the transport header.
std::optional<std::size_t> words_offset(std::uint8_t protocol, int version) {
  if (has_real_ports(protocol) || protocol == IPPROTO_ESP) return 0;
  // In IPv6 AH is an extension header: what is behind it is the protocol.
  if (protocol == IPPROTO_AH && version == 4) return 4;
  return std::nullopt;
}

// A word that the mode does not hash may be missing.
void read_words(std::optional<std::uint16_t> source, std::optional<std::uint16_t> dest,
                HashMode mode, Packet& packet) {
  const bool source_needed = mode != HashMode::source_ip;
  const bool dest_needed = mode == HashMode::source_ip_source_port_dest_port;
  if ((source_needed && !source) || (dest_needed && !dest)) packet.taker = Taker::nobody;
  packet.has_ports = source && dest && has_real_ports(packet.protocol);
  packet.hashed.source_port = source.value_or(0);
  packet.hashed.dest_port = dest.value_or(0);
}

// RFC 9293, section 3.1
bool begins_connection(const View& tcp) {
  constexpr std::size_t flags = 13;
  constexpr std::uint8_t syn = 0x02, ack = 0x10;
  return (tcp.byte(flags).value_or(0) & (syn | ack)) == syn;
}

/// Where an ICMP error quotes a field, from the error's own header on; the quoted header's end, and
/// what cannot be read behind it.
struct Quote {
  std::size_t protocol, destination, end, source_port, dest_port;
  std::vector<std::uint8_t> unreadable;
};

// RFC 792 and RFC 4443 put eight bytes before it.
const Quote& quote_of(int version) {
  static const Quote quote4{17, 24, 28, 28, 30, {IPPROTO_ESP, IPPROTO_AH}};
  static const Quote quote6{
      14,
      32,
      48,
      48,
      50,
      {IPPROTO_ESP, IPPROTO_AH, IPPROTO_HOPOPTS, IPPROTO_ROUTING, IPPROTO_FRAGMENT, IPPROTO_DSTOPTS}};
  return version == 4 ? quote4 : quote6;
}

bool has_expected_form(const View& icmp, int version) {
  const auto start = icmp.byte(8).value_or(0);
  return version == 4 ? start == 0x45 : start >> 4 == 6;
}

bool hides_ports(const View& icmp, const Quote& at, int version) {
  if (version == 4 && (icmp.number(14).value_or(0) & 0x1fff) != 0) return true;
  const auto protocol = icmp.byte(at.protocol).value_or(0);
  return std::find(at.unreadable.begin(), at.unreadable.end(), protocol) != at.unreadable.end();
}

// The error quotes what this cluster sent, so source and destination stand the other way round.
void read_error(const View& icmp, int version, HashMode mode, Packet& packet) {
  const auto& at = quote_of(version);
  packet.is_error = true;
  if (icmp.byte(8) && !has_expected_form(icmp, version)) {
    packet.taker = Taker::every_node;
    return;
  }
  if (icmp.size() < at.end) {
    packet.taker = Taker::nobody;
    return;
  }
  if (mode != HashMode::source_ip && hides_ports(icmp, at, version)) {
    packet.taker = Taker::every_node;
    return;
  }
  packet.hashed.source = icmp.address(at.destination, version).value();
  packet.protocol = icmp.byte(at.protocol).value();
  if (has_real_ports(packet.protocol)) {
    read_words(icmp.number(at.dest_port), icmp.number(at.source_port), mode, packet);
  }
}

void read_icmp(const View& icmp, int version, HashMode mode, Packet& packet) {
  const auto type = icmp.byte(0);
  if (!type) return;
  if (version == 6 && *type == neighbour_advertisement) packet.taker = Taker::every_node;
  if (is_icmp_error(*type, version)) read_error(icmp, version, mode, packet);
}

void read_transport(const View& transport, int version, HashMode mode, Packet& packet) {
  const auto words = words_offset(packet.protocol, version);
  if (packet.fragment && !packet.is_first_fragment) {
    // In IPv6 extension headers may stand between, in the first fragment alone.
    const bool maybe_words = words || (version == 6 && !is_icmp(packet.protocol, 6));
    if (maybe_words && mode != HashMode::source_ip) packet.taker = Taker::first_fragment;
    return;
  }
  if (words) {
    read_words(transport.number(*words), transport.number(*words + 2), mode, packet);
    packet.begins = packet.protocol == IPPROTO_TCP && begins_connection(transport);
  } else if (is_icmp(packet.protocol, version)) {
    read_icmp(transport, version, mode, packet);
  }
}

// Behind the packet there may be Ethernet's padding. Packets that the kernel put together from
// several, beyond 64 KiB, have length 0 (net/core/gro.c).
View without_padding(const View& bytes, std::size_t length, std::size_t fixed) {
  return length == fixed ? bytes : bytes.first(length);
}

// RFC 791, 3.1
std::optional<Packet> read_ip4(const View& bytes, HashMode mode) {
  const auto source = bytes.address(12, 4);
  if (!source || bytes.size() < 20) return std::nullopt;
  Packet packet{.hashed = {.source = *source}, .protocol = *bytes.byte(9), .fragment = {}};
  const std::size_t header = (*bytes.byte(0) & 0x0f) * 4U;
  const std::size_t total = *bytes.number(2);
  const unsigned place = *bytes.number(6);
  const unsigned offset = place & 0x1fff;
  if (header < 20 || (total != 0 && total < header)) {
    packet.taker = Taker::nobody;
    return packet;
  }
  if (offset != 0 || (place & 0x2000) != 0) {
    packet.fragment = {*source, *bytes.number(4), packet.protocol};
    packet.is_first_fragment = offset == 0;
  }
  read_transport(without_padding(bytes, total, 0).from(header), 4, mode, packet);
  return packet;
}

/// Walks the extension headers of RFC 8200 as the kernel's ipv6_find_hdr does.
class Headers {
 public:
  Headers(const View& bytes, Packet& packet) : bytes_(bytes), packet_(packet) {}

  /// What stands behind them; nothing where they end too early, or are too many.
  std::optional<View> transport() {
    std::size_t at = 40;
    packet_.protocol = *bytes_.byte(6);
    for (int passed = 0; const auto size = extension_size(at); ++passed) {
      const auto next = bytes_.byte(at);
      if (!next || bytes_.size() < at + *size || passed == most_extensions) return std::nullopt;
      packet_.protocol = *next;
      at += *size;
    }
    return at <= bytes_.size() ? std::optional(bytes_.from(at)) : std::nullopt;
  }

 private:
  // Nothing where `protocol` is not an extension header to walk over: behind a later fragment's
  // nothing is one.
  std::optional<std::size_t> extension_size(std::size_t at) {
    const std::size_t units = bytes_.byte(at + 1).value_or(0);
    if (is_later_fragment()) return std::nullopt;
    switch (packet_.protocol) {
      case IPPROTO_HOPOPTS:
      case IPPROTO_ROUTING:
      case IPPROTO_DSTOPTS:
        return (units + 1) * 8;
      case IPPROTO_AH:
        return (units + 2) * 4;
      case IPPROTO_FRAGMENT:
        note_fragment(at);
        return 8;
    }
    return std::nullopt;
  }

  void note_fragment(std::size_t at) {
    const auto place = bytes_.number(at + 2), high = bytes_.number(at + 4),
               low = bytes_.number(at + 6);
    if (!place || !high || !low) return;
    packet_.fragment.reset();
    packet_.is_first_fragment = false;
    const bool whole = (*place & 0xfff9) == 0;  // an atomic fragment, RFC 6946
    if (whole) return;
    const auto number = static_cast<std::uint32_t>(*high) << 16 | *low;
    packet_.fragment = {packet_.hashed.source, number, 0};
    packet_.is_first_fragment = (*place & 0xfff8) == 0;
  }

  bool is_later_fragment() const { return packet_.fragment && !packet_.is_first_fragment; }

  const View& bytes_;
  Packet& packet_;
};

std::optional<Packet> read_ip6(const View& bytes, HashMode mode) {
  const auto source = bytes.address(8, 6);
  if (!source || bytes.size() < 40) return std::nullopt;
  Packet packet{.hashed = {.source = *source}, .fragment = {}};
  const auto view = without_padding(bytes, 40U + *bytes.number(4), 40);
  if (const auto transport = Headers(view, packet).transport()) {
    read_transport(*transport, 6, mode, packet);
  } else {
    packet.taker = Taker::nobody;
  }
  return packet;
}

}  // namespace

std::optional<Packet> read_packet(std::span<const std::uint8_t> bytes, HashMode mode) {
  const View view(bytes);
  switch (view.byte(0).value_or(0) >> 4) {
    case 4:
      return read_ip4(view, mode);
    case 6:
      return read_ip6(view, mode);
  }
  return std::nullopt;
}

void FirstFragments::complete(Packet& packet) {
  if (!packet.fragment) return;
  const auto found = std::find_if(known_.begin(), known_.end(), [&](const auto& known) {
    return known && known->fragment == packet.fragment;
  });
  if (packet.is_first_fragment) {
    auto& place = found != known_.end() ? *found : known_[next_++ % known_.size()];
    place = packet;
  } else if (found != known_.end()) {
    packet = **found;
    packet.is_first_fragment = false;
  }
}

}  // namespace loadshare::watch
