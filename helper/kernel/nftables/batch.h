// SPDX-License-Identifier: GPL-2.0-or-later
// Changes of our nf_tables table, collected and sent as one: all of them happen or none does.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "kernel/netlink/socket.h"
#include "kernel/nftables/expression.h"

struct nftnl_chain;
struct nftnl_set;
struct nlmsghdr;

namespace loadshare::nftables {

/// Keys are raw bytes in network order, or a bucket in host order.
using Bytes = std::vector<std::uint8_t>;

/// What the keys of a set are; the numbers tell `nft` how to print them (its datatype.h).
enum class KeyType : std::uint32_t {
  ip4_address = 7,
  ip4_address_and_ports = (7 << 6 | 13) << 6 | 13,
  ip6_address = 8,
  ip6_address_and_ports = (8 << 6 | 13) << 6 | 13,
  protocol = 12,
  icmp_type = 14,
  bucket = 19,
  icmp6_type = 29,
};

/// Names the set; what it says besides counts only where the set does not exist yet.
struct SetSpec {
  std::string name;
  KeyType key_type;
  std::uint32_t key_size;
  bool verdict_map = false;
  bool counted = false;             ///< each element counts the packets that found it
  bool expiring = false;            ///< elements may have a lifetime
  bool filled_by_rules = false;     ///< rules add to it and delete from it
  std::uint32_t most_elements = 0;  ///< 0: as many as come
};

class Batch {
 public:
  Batch();

  /// Whose table what follows is about: NFPROTO_IPV4, NFPROTO_IPV6 or NFPROTO_NETDEV.
  void enter(std::uint16_t family) { family_ = family; }

  // Adding what is there already succeeds and changes nothing.
  void add_table();
  void add_prerouting_chain(const std::string& name, std::int32_t priority);
  void add_ingress_chain(const std::string& name, const std::string& interface,
                         std::int32_t priority);
  void add_chain(const std::string& name, const std::string& comment);
  void add_set(const SetSpec& set);
  void add_element(const SetSpec& set, const Bytes& key);
  /// It goes by itself after `lifetime`.
  void add_expiring_element(const SetSpec& set, const Bytes& key,
                            std::chrono::milliseconds lifetime, std::uint64_t packets = 0);
  /// The element goes by itself after `lifetime`; one that is there makes way for it. `packets` is
  /// where its counter begins.
  void renew_element(const SetSpec& set, const Bytes& key, std::chrono::milliseconds lifetime,
                     std::uint64_t packets);
  /// Whether or not it is there; once in a batch for a key.
  void make_sure_of_no_element(const SetSpec& set, const Bytes& key);
  /// In a verdict map: packets with the key go to the chain.
  void add_jump(const SetSpec& map, const Bytes& key, const std::string& chain);

  /// All rules of the chain make way for these.
  void replace_rules(const std::string& chain, const std::vector<Rule>& rules);

  // Deleting what is missing lets the batch fail with ENOENT.
  void delete_element(const SetSpec& set, const Bytes& key);
  void delete_elements(const SetSpec& set);
  void delete_rules(const std::string& chain);
  void delete_chain(const std::string& name);
  void delete_set(const SetSpec& set);
  /// With everything in it. Succeeds where it is missing.
  void delete_table();

  /// 0, or the first error number of the kernel. Throws kernel_error where the socket fails.
  int commit(netlink::Socket& socket);

 private:
  nlmsghdr& add_message(std::uint16_t type, std::uint16_t flags);
  void close_message(const nlmsghdr& message);
  void put_base_chain(nftnl_chain& chain, std::uint32_t hook, std::int32_t priority);
  void put_set_elements(std::uint16_t type, std::uint16_t flags, nftnl_set& set);

  std::uint16_t family_ = 0;
  std::uint32_t sequence_ = 0;
  std::vector<char> bytes_;
  std::size_t used_ = 0;
};

}  // namespace loadshare::nftables
