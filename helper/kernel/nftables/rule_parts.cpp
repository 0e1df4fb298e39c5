// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/nftables/rule_parts.h"

#include <netinet/in.h>

#include <algorithm>

namespace loadshare::nftables {
namespace {

constexpr std::uint8_t packet_for_host = 0;      // PACKET_HOST, linux/if_packet.h
constexpr std::size_t interface_name_size = 16;  // IFNAMSIZ: names are compared with padding

constexpr Layout ip4{12, 16, 4, 17, 24, 28, 30};
constexpr Layout ip6{8, 24, 16, 14, 32, 48, 50};

void load_port(const std::optional<std::uint32_t>& offset, Register to, Rule& rule) {
  if (offset) {
    rule.push_back(LoadPayload{Header::transport, *offset, 2, to});
  } else {
    rule.push_back(LoadValue{{0, 0, 0, 0}, to});
  }
}

}  // namespace

const Layout& layout(int ip_version) { return ip_version == 4 ? ip4 : ip6; }

Rule operator+(Rule rule, const Rule& more) {
  rule.insert(rule.end(), more.begin(), more.end());
  return rule;
}

std::uint8_t icmp_protocol(int ip_version) {
  return ip_version == 4 ? std::uint8_t{IPPROTO_ICMP} : std::uint8_t{IPPROTO_ICMPV6};
}

bool ports_matter(const Filter& filter) { return filter.hash_mode != HashMode::source_ip; }

LoadPayload packet_source(int ip_version) {
  const auto& at = layout(ip_version);
  return {Header::network, at.source, at.address_size, hashed};
}

LoadPayload quoted_source(int ip_version) {
  const auto& at = layout(ip_version);
  return {Header::transport, at.quoted_destination, at.address_size, hashed};
}

Rule protocol_is(std::uint8_t protocol) {
  return {LoadMeta{Meta::l4_protocol, scratch}, Compare{scratch, true, {protocol}}};
}

Rule transport_byte(std::uint32_t offset) {
  return {LoadPayload{Header::transport, offset, 1, scratch}};
}

Rule other_interface(const std::string& name) {
  std::vector<std::uint8_t> padded(name.begin(), name.end());
  padded.resize(interface_name_size);
  return {LoadMeta{Meta::interface_name, scratch}, Compare{scratch, false, padded}, Accept{}};
}

Rule find_bucket(const Fields& fields, int ip_version, const Filter& filter) {
  Rule rule{fields.source};
  // CLUSTERIP hashes the address as a number, its ports as they stand in the packet.
  if (ip_version == 4) rule.push_back(ToHostOrder{hashed});
  auto size = layout(ip_version).address_size;
  if (filter.hash_mode != HashMode::source_ip) {
    load_port(fields.source_port, hashed + size / 4, rule);
    size += 4;
  }
  if (filter.hash_mode == HashMode::source_ip_source_port_dest_port) {
    load_port(fields.dest_port, hashed + size / 4, rule);
    size += 4;
  }
  rule.push_back(Hash{hashed, size, bucket, filter.seed, filter.total});
  return rule;
}

Rule take() {
  return {LoadValue{{packet_for_host}, scratch}, StoreMeta{Meta::packet_type, scratch}, Accept{}};
}

Rule count_and_drop() { return {Counter{}, Drop{}}; }

std::string identifier(const IpAddress& address) {
  auto text = to_string(address);
  std::replace(text.begin(), text.end(), ':', '_');
  return text;
}

}  // namespace loadshare::nftables
