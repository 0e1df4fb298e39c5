// SPDX-License-Identifier: GPL-2.0-or-later
// Our nf_tables table as the kernel holds it now.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kernel/netlink/socket.h"
#include "kernel/nftables/batch.h"
#include "kernel/nftables/expression.h"

struct nlmsghdr;

namespace loadshare::nftables {

/// A chain; the last three are those of a base chain, which other chains do not have.
struct Chain {
  std::string name;
  std::string comment;
  std::optional<std::uint32_t> hook;
  std::int32_t priority = 0;
  std::uint32_t policy = 0;
};

struct Element {
  Bytes key;
  std::string chain;          ///< where a verdict map sends the key
  std::uint64_t packets = 0;  ///< that found it, where the set counts them
  std::optional<std::chrono::milliseconds> left = std::nullopt;  ///< of its lifetime, if it has one

  bool operator==(const Element&) const = default;
};

/// The kernel's messages as values. Nothing where a message is not of the kind or is malformed.
std::optional<Chain> parse_chain(const nlmsghdr& message);
std::optional<Rule> parse_rule(const nlmsghdr& message);
std::vector<Element> parse_elements(const nlmsghdr& message);

class Reader {
 public:
  /// `family` is NFPROTO_IPV4 or NFPROTO_IPV6. This and all questions throw not_installed where the
  /// kernel has no nf_tables, and kernel_error.
  Reader(netlink::Socket& socket, std::uint16_t family);

  /// Nothing where the table or the chain does not exist.
  std::optional<Chain> chain(const std::string& name);
  /// All chains of our table.
  std::vector<Chain> chains();
  /// In order; empty where the chain does not exist.
  std::vector<Rule> rules(const std::string& chain);
  bool has_set(const std::string& name);
  /// Nothing where the set does not exist.
  std::optional<std::vector<Element>> elements(const std::string& set);
  /// The one with this key; nothing where it or the set does not exist. Costs the same however many
  /// there are.
  std::optional<Element> element(const std::string& set, const Bytes& key);

 private:
  netlink::Answer ask(nlmsghdr& request, const char* tried);

  netlink::Socket& socket_;
  std::uint16_t family_;
};

}  // namespace loadshare::nftables
