// SPDX-License-Identifier: GPL-2.0-or-later
// What rules are put together from: the same pieces for every packet to a cluster address, and for
// those that come while its buckets move. No socket.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kernel/nftables/expression.h"
#include "loadshare/plan.h"

namespace loadshare::nftables {

/// Where the fields of a header stand, by IP version, in bytes.
struct Layout {
  std::uint32_t source, destination, address_size;
  // Of the packet that an ICMP error quotes, behind the error's own eight bytes.
  std::uint32_t quoted_protocol, quoted_destination, quoted_source_port, quoted_dest_port;
};
/// RFC 791 without options and RFC 8200 without extension headers.
const Layout& layout(int ip_version);

/// Where a rule finds what it hashes; without ports it hashes zeros in their place.
struct Fields {
  LoadPayload source;
  std::optional<std::uint32_t> source_port, dest_port;  ///< in the transport header
};

// The register plan of every rule: 0 for comparisons, 4 for the bucket, from 8 what is hashed or
// names a connection.
constexpr Register scratch = 0;
constexpr Register bucket = 4;
constexpr Register hashed = 8;

Rule operator+(Rule rule, const Rule& more);

std::uint8_t icmp_protocol(int ip_version);
/// Whether a hash mode looks at ports at all.
bool ports_matter(const Filter& filter);

LoadPayload packet_source(int ip_version);
/// An error quotes what this cluster sent, so source and destination stand the other way round.
LoadPayload quoted_source(int ip_version);

Rule protocol_is(std::uint8_t protocol);
Rule transport_byte(std::uint32_t offset);
/// Packets that came by another interface are none of ours.
Rule other_interface(const std::string& name);
/// The packet's bucket into the register of that name.
Rule find_bucket(const Fields& fields, int ip_version, const Filter& filter);
/// For this host: from here on neither the multicast frame that it came in nor
/// drop_unicast_in_l2_multicast matters.
Rule take();
Rule count_and_drop();

/// The address in a name, such that `nft` can read back what it prints.
std::string identifier(const IpAddress& address);

}  // namespace loadshare::nftables
