// SPDX-License-Identifier: GPL-2.0-or-later
#include "neighbour/rewriter.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include "file_descriptor.h"
#include "loadshare/error.h"
#include "neighbour/cluster_macs.h"
#include "netlink/socket.h"

// The program as compiled, put into the helper by rewriter_object.S.
extern "C" const char loadshare_rewriter_object[];
extern "C" const char loadshare_rewriter_object_end[];

namespace loadshare::neighbour {
namespace {

// Where we sit at tc egress; any place that others hardly choose will do.
constexpr std::uint32_t filter_priority = 50;
constexpr std::uint32_t filter_handle = 0x6c73;
constexpr char program_name[] = "loadshare_macs";

using Key = cluster_address_key;
using Value = cluster_mac_value;

constexpr std::uint8_t mapped_ip4[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

Key key_of(const IpAddress& address) {
  Key key{};
  const auto octets = address.octets();
  std::copy(octets.begin(), octets.end(), std::end(key.bytes) - octets.size());
  if (address.version == 4) std::copy(std::begin(mapped_ip4), std::end(mapped_ip4), key.bytes);
  return key;
}

IpAddress address_of(const Key& key) {
  const bool is_ip4 = std::equal(std::begin(mapped_ip4), std::end(mapped_ip4), key.bytes);
  IpAddress address{is_ip4 ? 4 : 6, {}};
  const auto octets = address.octets();
  std::copy(std::end(key.bytes) - octets.size(), std::end(key.bytes), octets.begin());
  return address;
}

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
  const FileDescriptor program(bpf_prog_get_fd_by_id(filter.prog_id));
  if (!program) throw kernel_error("open the MAC rewriter of " + interface, errno);

  std::array<std::uint32_t, 1> map_ids{};
  bpf_prog_info info{};
  info.nr_map_ids = map_ids.size();
  info.map_ids = reinterpret_cast<std::uintptr_t>(map_ids.data());
  std::uint32_t size = sizeof info;
  if (bpf_obj_get_info_by_fd(program.number(), &info, &size) != 0) {
    throw kernel_error("read the MAC rewriter of " + interface, errno);
  }
  if (std::strcmp(info.name, program_name) != 0 || info.nr_map_ids != map_ids.size()) {
    return FileDescriptor(-1);
  }
  return FileDescriptor(bpf_map_get_fd_by_id(map_ids.front()));
}

struct CloseObject {
  void operator()(bpf_object* object) const { bpf_object__close(object); }
};

void attach(const std::string& interface) {
  libbpf_set_print(nullptr);  // libbpf would print lines of its own
  const auto size =
      static_cast<std::size_t>(loadshare_rewriter_object_end - loadshare_rewriter_object);
  const std::unique_ptr<bpf_object, CloseObject> object(
      bpf_object__open_mem(loadshare_rewriter_object, size, nullptr));
  if (!object || bpf_object__load(object.get()) != 0) {
    throw kernel_error("load the MAC rewriter (eBPF)", errno);
  }
  auto hook = egress_of(interface);
  const int made = bpf_tc_hook_create(&hook);
  if (made != 0 && made != -EEXIST) throw kernel_error("add clsact to " + interface, -made);
  auto filter = our_filter();
  filter.prog_fd = bpf_program__fd(bpf_object__find_program_by_name(object.get(), program_name));
  // What sits in our place but is not ours to read was not put there by this version: replace it.
  filter.flags = BPF_TC_F_REPLACE;
  const int attached = bpf_tc_attach(&hook, &filter);
  if (attached != 0) throw kernel_error("attach the MAC rewriter to " + interface, -attached);
}

bool is_empty(const FileDescriptor& map) {
  Key first;
  return bpf_map_get_next_key(map.number(), nullptr, &first) != 0;
}

bool has_filters(const std::string& interface, std::uint32_t parent) {
  netlink::Message message(RTM_GETTFILTER, NLM_F_DUMP);
  auto& question = message.extra<tcmsg>();
  question.tcm_family = AF_UNSPEC;
  question.tcm_ifindex = static_cast<int>(if_nametoindex(interface.c_str()));
  question.tcm_parent = parent;
  return !netlink::Socket(NETLINK_ROUTE).ask(message).replies.empty();
}

// clsact goes too, but only where it holds nobody else's filters.
void detach(const std::string& interface) {
  auto hook = egress_of(interface);
  auto filter = our_filter();
  bpf_tc_detach(&hook, &filter);
  const bool used = has_filters(interface, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS)) ||
                    has_filters(interface, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS));
  if (used) return;
  hook.attach_point = static_cast<bpf_tc_attach_point>(BPF_TC_INGRESS | BPF_TC_EGRESS);
  bpf_tc_hook_destroy(&hook);
}

}  // namespace

std::optional<MacAddress> announced_mac(const std::string& interface, const IpAddress& address) {
  libbpf_set_print(nullptr);
  const auto map = attached_map(interface);
  const auto key = key_of(address);
  Value value{};
  if (!map || bpf_map_lookup_elem(map.number(), &key, &value) != 0) return std::nullopt;
  return mac_of(value);
}

std::map<IpAddress, MacAddress> announced_on(const std::string& interface) {
  libbpf_set_print(nullptr);
  std::map<IpAddress, MacAddress> found;
  const auto map = attached_map(interface);
  if (!map) return found;
  Key key{};
  const Key* before = nullptr;
  while (bpf_map_get_next_key(map.number(), before, &key) == 0) {
    Value value{};
    if (bpf_map_lookup_elem(map.number(), &key, &value) == 0) {
      found.emplace(address_of(key), mac_of(value));
    }
    before = &key;
  }
  return found;
}

std::map<std::string, MacAddress> interfaces_announcing(const IpAddress& address) {
  std::map<std::string, MacAddress> found;
  const std::unique_ptr<struct if_nameindex, decltype(&if_freenameindex)> all(if_nameindex(),
                                                                              if_freenameindex);
  if (!all) throw kernel_error("list the interfaces", errno);
  for (const auto* one = all.get(); one->if_index != 0; ++one) {
    if (const auto mac = announced_mac(one->if_name, address)) found.emplace(one->if_name, *mac);
  }
  return found;
}

void announce_as(const std::string& interface, const IpAddress& address, const MacAddress& mac) {
  libbpf_set_print(nullptr);
  auto map = attached_map(interface);
  if (!map) {
    attach(interface);
    map = attached_map(interface);
  }
  const auto key = key_of(address);
  Value value{};
  std::copy(mac.bytes.begin(), mac.bytes.end(), value.mac);
  if (bpf_map_update_elem(map.number(), &key, &value, BPF_ANY) != 0) {
    throw kernel_error("tell the MAC rewriter of " + interface + " " + to_string(address), errno);
  }
}

void announce_no_more(const std::string& interface, const IpAddress& address) {
  libbpf_set_print(nullptr);
  const auto map = attached_map(interface);
  if (!map) return;
  const auto key = key_of(address);
  bpf_map_delete_elem(map.number(), &key);
  if (is_empty(map)) detach(interface);
}

}  // namespace loadshare::neighbour
