// SPDX-License-Identifier: GPL-2.0-or-later
// The nf_tables expressions that our rules are made of, as values: encoded for the kernel and
// decoded from what it dumps. No socket.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

struct nftnl_expr;
struct nftnl_rule;

namespace loadshare::nftables {

/// One of the sixteen 32-bit registers (NFT_REG32_00 + number, linux/netfilter/nf_tables.h).
/// Values longer than four bytes go on in the next ones.
using Register = std::uint32_t;

/// Where an offset counts from: NFT_PAYLOAD_NETWORK_HEADER and NFT_PAYLOAD_TRANSPORT_HEADER.
enum class Header : std::uint32_t { network = 1, transport = 2 };

/// NFT_META_*: what is known of a packet besides its bytes.
enum class Meta : std::uint32_t {
  protocol = 1,
  interface_name = 6,
  l4_protocol = 16,
  packet_type = 19,
};

/// NFT_CT_*: what conntrack knows of a packet's connection. A rule that asks it keeps conntrack on.
enum class Connection : std::uint32_t {
  state = 0,      ///< one bit of NF_CT_STATE_BIT, 32 bits in host order
  direction = 1,  ///< one byte: IP_CT_DIR_ORIGINAL or IP_CT_DIR_REPLY
};

struct LoadPayload {
  Header header;
  std::uint32_t offset;
  std::uint32_t size;
  Register to;
  bool operator==(const LoadPayload&) const = default;
};
struct LoadMeta {
  Meta key;
  Register to;
  bool operator==(const LoadMeta&) const = default;
};
struct StoreMeta {
  Meta key;
  Register from;
  bool operator==(const StoreMeta&) const = default;
};
/// The rule goes on only where conntrack knows it.
struct LoadConnection {
  Connection key;
  Register to;
  bool operator==(const LoadConnection&) const = default;
};
struct LoadValue {
  std::vector<std::uint8_t> bytes;
  Register to;
  bool operator==(const LoadValue&) const = default;
};
/// register = register & mask
struct Mask {
  Register at;
  std::vector<std::uint8_t> mask;
  bool operator==(const Mask&) const = default;
};
/// Network to host order of one 32-bit word. On big endian machines it does nothing.
struct ToHostOrder {
  Register at;
  bool operator==(const ToHostOrder&) const = default;
};
/// register = jhash(`size` bytes from `from`, seed) scaled to 1 … total
struct Hash {
  Register from;
  std::uint32_t size;
  Register to;
  std::uint32_t seed;
  std::uint32_t total;
  bool operator==(const Hash&) const = default;
};
/// The rule goes on only where the comparison (`equal` or not) holds.
struct Compare {
  Register from;
  bool equal;
  std::vector<std::uint8_t> bytes;
  bool operator==(const Compare&) const = default;
};
/// The rule goes on only where the set has the value.
struct FindInSet {
  Register from;
  std::string set;
  bool operator==(const FindInSet&) const = default;
};
/// Enters the value into the set for so long; the rule goes on only where there was room.
struct AddToSet {
  Register from;
  std::string set;
  std::chrono::milliseconds lifetime;
  bool operator==(const AddToSet&) const = default;
};
struct DeleteFromSet {
  Register from;
  std::string set;
  bool operator==(const DeleteFromSet&) const = default;
};
/// Does what the map says for the value; the rule goes on where it says nothing.
struct FollowMap {
  Register from;
  std::string map;
  bool operator==(const FollowMap&) const = default;
};
struct Accept {
  bool operator==(const Accept&) const = default;
};
struct Drop {
  bool operator==(const Drop&) const = default;
};
struct GoTo {
  std::string chain;
  bool operator==(const GoTo&) const = default;
};
/// Counts the packets that come by. What it has counted is no part of its value.
struct Counter {
  std::uint64_t packets = 0;
  bool operator==(const Counter&) const { return true; }
};
/// Hands the packet to a transparent proxy. We use it for its side effect alone: as long as a
/// rule has it, the kernel puts fragments together before priority -300, without conntrack
/// (nft_tproxy_init in net/netfilter/nft_tproxy.c).
struct TransparentProxy {
  std::uint32_t family;
  bool operator==(const TransparentProxy&) const = default;
};
/// Decoded, but none of ours.
struct Foreign {
  std::string name;
  bool operator==(const Foreign&) const { return false; }
};

using Expression = std::variant<LoadPayload, LoadMeta, StoreMeta, LoadConnection, LoadValue, Mask,
                                ToHostOrder, Hash, Compare, FindInSet, AddToSet, DeleteFromSet,
                                FollowMap, Accept, Drop, GoTo, Counter, TransparentProxy, Foreign>;
using Rule = std::vector<Expression>;

/// The caller owns the result; nullptr for Foreign.
nftnl_expr* encode(const Expression& expression);
Expression decode(const nftnl_expr& expression);

/// Appends all expressions to `to`.
void encode(const Rule& rule, nftnl_rule& to);
Rule decode(nftnl_rule& rule);

}  // namespace loadshare::nftables
