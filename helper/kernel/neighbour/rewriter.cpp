// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/neighbour/rewriter.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <vector>

#include "base/file_descriptor.h"
#include "kernel/bpf/object.h"
#include "kernel/neighbour/cluster_macs.h"
#include "kernel/netlink/socket.h"
#include "loadshare/error.h"

// The program as compiled, put into the helper by rewriter_object.S.
extern "C" const char loadshare_rewriter_object[];
extern "C" const char loadshare_rewriter_object_end[];

namespace loadshare::neighbour {
namespace {

// Where we sit at tc egress; any place that others hardly choose will do.
constexpr std::uint32_t filter_priority = 50;
constexpr std::uint32_t filter_handle = 0x6c73;
constexpr char program_name[] = "loadshare_macs";

using Key = address_key;
using Value = cluster_mac_value;

MacAddress mac_of(const Value& value) {
  MacAddress mac;
  std::copy(std::begin(value.mac), std::end(value.mac), mac.bytes.begin());
  return mac;
}

// libbpf's own macro for these structures is C alone.
bpf_tc_hook egress_of(const std::string& interface) {
  bpf_tc_hook hook{};
  hook.sz = sizeof hook;
  hook.ifindex = static_cast<int>(if_nametoindex(interface.c_str()));
  hook.attach_point = BPF_TC_EGRESS;
  return hook;
}

bpf_tc_opts our_filter() {
  bpf_tc_opts options{};
  options.sz = sizeof options;
  options.handle = filter_handle;
  options.priority = filter_priority;
  return options;
}

/// The table of the program that is attached to the interface; no file where there is none.
FileDescriptor attached_map(const std::string& interface) {
  auto hook = egress_of(interface);
  auto filter = our_filter();
  if (hook.ifindex == 0 || bpf_tc_query(&hook, &filter) != 0) return FileDescriptor(-1);
  const auto program = bpf::inspect(filter.prog_id, "the MAC rewriter of " + interface);
  if (program.name != program_name || program.tables.size() != 1) return FileDescriptor(-1);
  return FileDescriptor(bpf_map_get_fd_by_id(program.tables.front()));
}

tcmsg& start_message(netlink::Message& message, const std::string& interface) {
  auto& fixed = message.extra<tcmsg>();
  fixed.tcm_family = AF_UNSPEC;
  fixed.tcm_ifindex = static_cast<int>(if_nametoindex(interface.c_str()));
  return fixed;
}

void append(netlink::Message& message, std::vector<char>& batch) {
  const auto* bytes = reinterpret_cast<const char*>(&message.header());
  batch.insert(batch.end(), bytes, bytes + message.header().nlmsg_len);
}

// Where clsact is already, this changes nothing.
void add_clsact(const std::string& interface, std::vector<char>& batch) {
  netlink::Message message(RTM_NEWQDISC, NLM_F_CREATE);
  auto& fixed = start_message(message, interface);
  fixed.tcm_parent = TC_H_CLSACT;
  fixed.tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0);
  mnl_attr_put_strz(&message.header(), TCA_KIND, "clsact");
  append(message, batch);
}

// What sits in our place but is not ours to read was not put there by this version: replaced.
void add_egress_filter(const std::string& interface, int program, std::vector<char>& batch) {
  netlink::Message message(RTM_NEWTFILTER, NLM_F_CREATE);
  auto& fixed = start_message(message, interface);
  fixed.tcm_parent = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS);
  fixed.tcm_handle = filter_handle;
  fixed.tcm_info = TC_H_MAKE(filter_priority << 16, htons(ETH_P_ALL));
  auto& header = message.header();
  mnl_attr_put_strz(&header, TCA_KIND, "bpf");
  auto* nest = mnl_attr_nest_start(&header, TCA_OPTIONS);
  mnl_attr_put_u32(&header, TCA_BPF_FD, static_cast<std::uint32_t>(program));
  mnl_attr_put_strz(&header, TCA_BPF_NAME, program_name);
  mnl_attr_put_u32(&header, TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT);
  mnl_attr_nest_end(&header, nest);
  append(message, batch);
}

// Both in one call of the kernel: a helper that is killed leaves no empty clsact behind, which
// nobody could tell from somebody else's.
void attach_program(const std::string& interface, int program) {
  std::vector<char> batch;
  add_clsact(interface, batch);
  add_egress_filter(interface, program, batch);
  const int error_number = netlink::Socket(NETLINK_ROUTE).send_batch(batch.data(), batch.size());
  if (error_number != 0) {
    throw kernel_error("attach the MAC rewriter to " + interface, error_number);
  }
}

// With its first address in the table, so that a program without one is never there.
void attach(const std::string& interface, const Key& key, const Value& value) {
  const bpf::Object object(loadshare_rewriter_object, loadshare_rewriter_object_end,
                           "the MAC rewriter");
  if (bpf_map_update_elem(object.table("cluster_macs"), &key, &value, BPF_ANY) != 0) {
    throw kernel_error("fill the table of the MAC rewriter (eBPF)", errno);
  }
  attach_program(interface, object.program(program_name));
}

bool is_alone(const FileDescriptor& map, const Key& key) {
  Key first{}, second{};
  return bpf_map_get_next_key(map.number(), nullptr, &first) == 0 &&
         std::equal(std::begin(first.bytes), std::end(first.bytes), key.bytes) &&
         bpf_map_get_next_key(map.number(), &first, &second) != 0;
}

// The kernel lists each priority by itself, with handle 0, and then its filters.
bool is_our_filter(const tcmsg& listed) {
  return TC_H_MAJ(listed.tcm_info) >> 16 == filter_priority &&
         (listed.tcm_handle == 0 || listed.tcm_handle == filter_handle);
}

bool has_foreign_filters(const std::string& interface, std::uint32_t parent) {
  netlink::Message message(RTM_GETTFILTER, NLM_F_DUMP);
  auto& question = message.extra<tcmsg>();
  question.tcm_family = AF_UNSPEC;
  question.tcm_ifindex = static_cast<int>(if_nametoindex(interface.c_str()));
  question.tcm_parent = parent;
  const auto answer = netlink::Socket(NETLINK_ROUTE).ask(message);
  return std::any_of(answer.replies.begin(), answer.replies.end(), [](const auto& reply) {
    return !is_our_filter(*static_cast<const tcmsg*>(mnl_nlmsg_get_payload(&reply.header())));
  });
}

// One step, so that nothing is left half-way: clsact goes with all in it, unless somebody else has
// filters there.
void detach(const std::string& interface) {
  auto hook = egress_of(interface);
  const bool shared = has_foreign_filters(interface, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS)) ||
                      has_foreign_filters(interface, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS));
  if (shared) {
    auto filter = our_filter();
    bpf_tc_detach(&hook, &filter);
    return;
  }
  hook.attach_point = static_cast<bpf_tc_attach_point>(BPF_TC_INGRESS | BPF_TC_EGRESS);
  bpf_tc_hook_destroy(&hook);
}

std::vector<std::string> all_interfaces() {
  std::vector<std::string> names;
  const std::unique_ptr<struct if_nameindex, decltype(&if_freenameindex)> all(if_nameindex(),
                                                                              if_freenameindex);
  if (!all) throw kernel_error("list the interfaces", errno);
  for (const auto* one = all.get(); one->if_index != 0; ++one) names.emplace_back(one->if_name);
  return names;
}

}  // namespace

std::optional<MacAddress> announced_mac(const std::string& interface, const IpAddress& address) {
  bpf::be_quiet();
  const auto map = attached_map(interface);
  const auto key = bpf::key_of(address);
  Value value{};
  if (!map || bpf_map_lookup_elem(map.number(), &key, &value) != 0) return std::nullopt;
  return mac_of(value);
}

std::map<IpAddress, MacAddress> announced_on(const std::string& interface) {
  bpf::be_quiet();
  std::map<IpAddress, MacAddress> found;
  const auto map = attached_map(interface);
  if (!map) return found;
  for (const auto& key : bpf::keys_in(map)) {
    Value value{};
    if (bpf_map_lookup_elem(map.number(), &key, &value) == 0) {
      found.emplace(bpf::address_of(key), mac_of(value));
    }
  }
  return found;
}

std::map<std::string, MacAddress> interfaces_announcing(const IpAddress& address) {
  std::map<std::string, MacAddress> found;
  for (const auto& interface : all_interfaces()) {
    if (const auto mac = announced_mac(interface, address)) found.emplace(interface, *mac);
  }
  return found;
}

std::set<IpAddress> announced_anywhere() {
  std::set<IpAddress> found;
  for (const auto& interface : all_interfaces()) {
    for (const auto& [address, mac] : announced_on(interface)) found.insert(address);
  }
  return found;
}

void announce_as(const std::string& interface, const IpAddress& address, const MacAddress& mac) {
  bpf::be_quiet();
  const auto key = bpf::key_of(address);
  Value value{};
  std::copy(mac.bytes.begin(), mac.bytes.end(), value.mac);
  const auto map = attached_map(interface);
  if (!map) {
    attach(interface, key, value);
  } else if (bpf_map_update_elem(map.number(), &key, &value, BPF_ANY) != 0) {
    throw kernel_error("tell the MAC rewriter of " + interface + " " + to_string(address), errno);
  }
}

void announce_no_more(const std::string& interface, const IpAddress& address) {
  bpf::be_quiet();
  const auto map = attached_map(interface);
  if (!map) return;
  const auto key = bpf::key_of(address);
  if (is_alone(map, key)) {
    detach(interface);
  } else {
    bpf_map_delete_elem(map.number(), &key);
  }
}

}  // namespace loadshare::neighbour
