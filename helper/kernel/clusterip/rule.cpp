// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/clusterip/rule.h"

#include <linux/netfilter_ipv4/ip_tables.h>

#include <algorithm>
#include <cstring>

namespace loadshare::clusterip {
namespace {

// struct ipt_clusterip_tgt_info of linux/netfilter_ipv4/ipt_CLUSTERIP.h. A copy, because newer
// kernels' headers no longer have it.
struct TargetInfo {
  std::uint32_t flags;
  std::uint8_t cluster_mac[6];
  std::uint16_t total_nodes;
  std::uint16_t local_node_count;
  std::uint16_t local_nodes[most_buckets];
  std::uint32_t hash_mode;
  std::uint32_t hash_initval;
  void* config;  // the kernel's own
};
static_assert(sizeof(TargetInfo) == 64 || sizeof(void*) == 4);

constexpr std::uint32_t flag_new = 1;  // CLUSTERIP_FLAG_NEW: the rule may create the address
constexpr char target_name[] = "CLUSTERIP";
constexpr std::size_t target_size = XT_ALIGN(sizeof(xt_entry_target) + sizeof(TargetInfo));
constexpr std::size_t entry_size = sizeof(ipt_entry) + target_size;

// Targets after which the packet goes on to the next rule; "" is a rule without target.
constexpr const char* continuing_targets[] = {
    "",     "AUDIT", "CLASSIFY", "CONNMARK", "CONNSECMARK", "CT",     "DSCP",  "LOG",
    "MARK", "NFLOG", "RATEEST",  "SECMARK",  "SET",         "TCPMSS", "TRACE", target_name};

in_addr to_in_addr(const IpAddress& address) {
  in_addr in{};
  std::memcpy(&in, address.bytes.data(), sizeof in);
  return in;
}

void put_interface(const std::string& name, ipt_ip& ip) {
  const auto size = std::min(name.size(), sizeof ip.iniface - 1);
  std::memcpy(ip.iniface, name.data(), size);
  std::memset(ip.iniface_mask, 0xff, size + 1);
}

TargetInfo target_info(const Rule& rule) {
  TargetInfo info{};
  info.flags = flag_new;
  std::copy(rule.filter.mac.bytes.begin(), rule.filter.mac.bytes.end(), info.cluster_mac);
  info.total_nodes = static_cast<std::uint16_t>(rule.filter.total);
  for (const unsigned node : rule.local_nodes) {
    if (info.local_node_count == most_buckets) break;
    info.local_nodes[info.local_node_count++] = static_cast<std::uint16_t>(node);
  }
  info.hash_mode = static_cast<std::uint32_t>(rule.filter.hash_mode);
  info.hash_initval = rule.filter.seed;
  return info;
}

bool is_narrowed(const ipt_entry& entry) {
  const auto& ip = entry.ip;
  return entry.target_offset != sizeof(ipt_entry) || ip.proto != 0 || ip.smsk.s_addr != 0 ||
         ip.dmsk.s_addr != 0xffffffff || ip.flags != 0 || ip.invflags != 0 ||
         ip.outiface_mask[0] != 0;
}

std::string interface_name(const ipt_ip& ip) {
  return {ip.iniface, strnlen(ip.iniface, sizeof ip.iniface)};
}

Filter filter_of(const TargetInfo& info, const ipt_ip& ip) {
  Filter filter;
  filter.interface = interface_name(ip);
  std::copy_n(info.cluster_mac, filter.mac.bytes.size(), filter.mac.bytes.begin());
  filter.total = info.total_nodes;
  filter.hash_mode = static_cast<HashMode>(info.hash_mode);
  filter.seed = info.hash_initval;
  return filter;
}

bool matches_interface(const ipt_ip& ip, const std::string& name) {
  char padded[IFNAMSIZ]{};
  std::memcpy(padded, name.data(), std::min(name.size(), sizeof padded - 1));
  bool same = true;
  for (std::size_t i = 0; i < sizeof padded; ++i) {
    same = same && ((padded[i] ^ ip.iniface[i]) & ip.iniface_mask[i]) == 0;
  }
  return same != ((ip.invflags & IPT_INV_VIA_IN) != 0);
}

bool matches_destination(const ipt_ip& ip, const IpAddress& address) {
  const bool same = ((to_in_addr(address).s_addr ^ ip.dst.s_addr) & ip.dmsk.s_addr) == 0;
  return same != ((ip.invflags & IPT_INV_DSTIP) != 0);
}

}  // namespace

std::vector<std::byte> build(const Rule& rule) {
  std::vector<std::byte> bytes(entry_size);
  auto& entry = *reinterpret_cast<ipt_entry*>(bytes.data());
  entry.ip.dst = to_in_addr(rule.address);
  entry.ip.dmsk.s_addr = 0xffffffff;
  put_interface(rule.filter.interface, entry.ip);
  entry.target_offset = sizeof(ipt_entry);
  entry.next_offset = entry_size;

  auto& target = *reinterpret_cast<xt_entry_target*>(bytes.data() + entry.target_offset);
  target.u.user.target_size = target_size;
  std::memcpy(target.u.user.name, target_name, sizeof target_name);
  const auto info = target_info(rule);
  std::memcpy(target.data, &info, sizeof info);
  return bytes;
}

std::optional<Rule> parse(const ipt_entry& entry) {
  if (entry.target_offset < sizeof(ipt_entry) ||
      entry.target_offset + target_size > entry.next_offset) {
    return std::nullopt;
  }
  const auto* start = reinterpret_cast<const char*>(&entry) + entry.target_offset;
  const auto& target = *reinterpret_cast<const xt_entry_target*>(start);
  if (std::strncmp(target.u.user.name, target_name, sizeof target_name) != 0) return std::nullopt;
  TargetInfo info;
  std::memcpy(&info, target.data, sizeof info);
  if (info.hash_mode > static_cast<std::uint32_t>(HashMode::source_ip_source_port_dest_port)) {
    return std::nullopt;
  }
  Rule rule;
  std::memcpy(rule.address.bytes.data(), &entry.ip.dst, sizeof entry.ip.dst);
  rule.filter = filter_of(info, entry.ip);
  const auto count = std::min<std::size_t>(info.local_node_count, most_buckets);
  rule.local_nodes = {info.local_nodes, info.local_nodes + count};
  rule.narrowed = is_narrowed(entry);
  return rule;
}

bool may_take(const ipt_entry& entry, const std::string& target, const IpAddress& address,
              const std::string& interface) {
  const bool goes_on = std::find(std::begin(continuing_targets), std::end(continuing_targets),
                                 target) != std::end(continuing_targets);
  return !goes_on && matches_interface(entry.ip, interface) &&
         matches_destination(entry.ip, address);
}

}  // namespace loadshare::clusterip
