// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/bpf/hook.h"

#include <bpf/bpf.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>

#include "kernel/bpf/object.h"
#include "kernel/netlink/socket.h"
#include "loadshare/error.h"

namespace loadshare::bpf {
namespace {

// linux/bpf.h of 6.6, which the headers of older systems do not know yet, nor does their libbpf.
constexpr std::uint32_t tcx_ingress = 46, tcx_egress = 47;
constexpr std::uint32_t before_all = 1U << 3;  // BPF_F_BEFORE
constexpr std::size_t most_programs = 64;      // BPF_MPROG_MAX

struct AttachAttributes {
  std::uint32_t interface_index, program, type, flags, replaced, relative;
  std::uint64_t expected_revision;
};

struct QueryAttributes {
  std::uint32_t interface_index, type, query_flags, attach_flags;
  std::uint64_t program_ids;
  std::uint32_t count, reserved;
  std::uint64_t program_flags, link_ids, link_flags, revision;
};

template <class Attributes>
int bpf_call(int command, Attributes& attributes) {
  return static_cast<int>(syscall(SYS_bpf, command, &attributes, sizeof attributes));
}

std::uint32_t tcx(Direction direction) {
  return direction == Direction::ingress ? tcx_ingress : tcx_egress;
}

/// Nothing where the kernel has no tcx.
std::optional<std::vector<std::uint32_t>> at_tcx(int index, Direction direction) {
  std::vector<std::uint32_t> ids(most_programs);
  QueryAttributes query{};
  query.interface_index = static_cast<std::uint32_t>(index);
  query.type = tcx(direction);
  query.program_ids = reinterpret_cast<std::uintptr_t>(ids.data());
  query.count = most_programs;
  if (bpf_call(BPF_PROG_QUERY, query) != 0) {
    if (errno == ENODEV) return std::vector<std::uint32_t>{};
    if (errno == EINVAL) return std::nullopt;
    throw kernel_error("list the programs at tcx", errno);
  }
  ids.resize(query.count);
  return ids;
}

std::uint32_t parent_of(Direction direction) {
  return TC_H_MAKE(TC_H_CLSACT,
                   direction == Direction::ingress ? TC_H_MIN_INGRESS : TC_H_MIN_EGRESS);
}

tcmsg& start_message(netlink::Message& message, int index, std::uint32_t parent) {
  auto& fixed = message.extra<tcmsg>();
  fixed.tcm_family = AF_UNSPEC;
  fixed.tcm_ifindex = index;
  fixed.tcm_parent = parent;
  return fixed;
}

std::uint32_t program_in(const nlmsghdr& header) {
  for (const auto* attribute : netlink::attributes(header, sizeof(tcmsg))) {
    if (mnl_attr_get_type(attribute) != TCA_OPTIONS) continue;
    for (const auto* option : netlink::attributes(*attribute)) {
      if (mnl_attr_get_type(option) == TCA_BPF_ID) return mnl_attr_get_u32(option);
    }
  }
  return 0;
}

// The kernel lists each priority by itself, with handle 0, and then its filters.
std::vector<Seat> filters(int index, Direction direction) {
  netlink::Message message(RTM_GETTFILTER, NLM_F_DUMP);
  start_message(message, index, parent_of(direction));
  std::vector<Seat> found;
  for (const auto& reply : netlink::Socket(NETLINK_ROUTE).ask(message).replies) {
    const auto& fixed = *static_cast<const tcmsg*>(mnl_nlmsg_get_payload(&reply.header()));
    if (fixed.tcm_handle == 0) continue;
    found.push_back({program_in(reply.header()),
                     FilterPlace{fixed.tcm_parent, fixed.tcm_info, fixed.tcm_handle}});
  }
  return found;
}

constexpr std::uint32_t first_priority = 1;

// The first place there is. Of one priority, the latest filter comes first (cls_bpf_change); so a
// number that nobody has.
FilterPlace free_place(int index, Direction direction) {
  const auto info = TC_H_MAKE(first_priority << 16, htons(ETH_P_ALL));
  FilterPlace place{parent_of(direction), info, 0x6c73};
  const auto present = filters(index, direction);
  const auto is_taken = [&](const Seat& seat) { return seat.filter == place; };
  while (std::any_of(present.begin(), present.end(), is_taken)) ++place.handle;
  return place;
}

// By a filter of another kind or protocol: the kernel has but one of each in a priority.
bool is_first_priority_taken(int index, Direction direction) {
  const auto present = filters(index, direction);
  return std::any_of(present.begin(), present.end(), [](const Seat& seat) {
    return TC_H_MAJ(seat.filter->info) == first_priority << 16;
  });
}

void append(netlink::Message& message, std::vector<char>& batch) {
  const auto* bytes = reinterpret_cast<const char*>(&message.header());
  batch.insert(batch.end(), bytes, bytes + message.header().nlmsg_len);
}

// Where clsact is already, this changes nothing.
void add_clsact(int index, std::vector<char>& batch) {
  netlink::Message message(RTM_NEWQDISC, NLM_F_CREATE);
  start_message(message, index, TC_H_CLSACT).tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0);
  mnl_attr_put_strz(&message.header(), TCA_KIND, "clsact");
  append(message, batch);
}

void add_filter(int index, const FilterPlace& place, int program, std::vector<char>& batch) {
  netlink::Message message(RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL);
  auto& fixed = start_message(message, index, place.parent);
  fixed.tcm_handle = place.handle;
  fixed.tcm_info = place.info;
  auto& header = message.header();
  mnl_attr_put_strz(&header, TCA_KIND, "bpf");
  auto* nest = mnl_attr_nest_start(&header, TCA_OPTIONS);
  mnl_attr_put_u32(&header, TCA_BPF_FD, static_cast<std::uint32_t>(program));
  mnl_attr_put_strz(&header, TCA_BPF_NAME, "loadshare");
  mnl_attr_put_u32(&header, TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT);
  mnl_attr_nest_end(&header, nest);
  append(message, batch);
}

// Both in one call of the kernel: a helper that is killed leaves no empty clsact behind, which
// nobody could tell from somebody else's.
int put_filter(int index, Direction direction, int program) {
  std::vector<char> batch;
  add_clsact(index, batch);
  add_filter(index, free_place(index, direction), program, batch);
  return netlink::Socket(NETLINK_ROUTE).send_batch(batch.data(), batch.size());
}

int put_at_tcx(int index, Direction direction, int program) {
  AttachAttributes attach{};
  attach.interface_index = static_cast<std::uint32_t>(index);
  attach.program = static_cast<std::uint32_t>(program);
  attach.type = tcx(direction);
  attach.flags = before_all;
  return bpf_call(BPF_PROG_ATTACH, attach) == 0 ? 0 : errno;
}

void take_off_tcx(int index, Direction direction, std::uint32_t program_id) {
  const FileDescriptor program(bpf_prog_get_fd_by_id(program_id));
  if (!program && errno == ENOENT) return;
  if (!program) throw kernel_error("open a program at tcx", errno);
  AttachAttributes detach{};
  detach.interface_index = static_cast<std::uint32_t>(index);
  detach.program = static_cast<std::uint32_t>(program.number());
  detach.type = tcx(direction);
  if (bpf_call(BPF_PROG_DETACH, detach) == 0 || errno == ENOENT || errno == ENODEV) return;
  throw kernel_error("take a program off tcx", errno);
}

int remove_filter(int index, const FilterPlace& place) {
  netlink::Message message(RTM_DELTFILTER, 0);
  auto& fixed = start_message(message, index, place.parent);
  fixed.tcm_handle = place.handle;
  fixed.tcm_info = place.info;
  mnl_attr_put_strz(&message.header(), TCA_KIND, "bpf");
  return netlink::Socket(NETLINK_ROUTE).ask(message).error_number;
}

int remove_clsact(int index) {
  netlink::Message message(RTM_DELQDISC, 0);
  start_message(message, index, TC_H_CLSACT).tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0);
  return netlink::Socket(NETLINK_ROUTE).ask(message).error_number;
}

bool is_alone(int index, const FilterPlace& place) {
  auto all = filters(index, Direction::ingress);
  const auto others = filters(index, Direction::egress);
  all.insert(all.end(), others.begin(), others.end());
  return std::all_of(all.begin(), all.end(),
                     [&](const Seat& seat) { return seat.filter == place; });
}

// One step, so that nothing is left half-way: clsact goes with all in it.
void take_off_filter(int index, const FilterPlace& place) {
  const int error_number =
      is_alone(index, place) ? remove_clsact(index) : remove_filter(index, place);
  if (error_number == 0 || error_number == ENOENT || error_number == ENODEV ||
      error_number == EINVAL) {
    return;  // EINVAL: the kernel's word for "no such qdisc"
  }
  throw kernel_error("remove a tc filter", error_number);
}

}  // namespace

Hook::Hook(const std::string& interface, Direction direction)
    : interface_(interface), index_(index_of(interface)), direction_(direction) {
  be_quiet();
}

std::vector<Seat> Hook::seats() const {
  std::vector<Seat> all;
  if (index_ == 0) return all;
  for (const auto id : at_tcx(index_, direction_).value_or(std::vector<std::uint32_t>{})) {
    all.push_back({id, std::nullopt});
  }
  const auto behind = filters(index_, direction_);
  all.insert(all.end(), behind.begin(), behind.end());
  return all;
}

void Hook::put_first(int program, const std::vector<Seat>& in_place_of) const {
  const auto what = "attach a program to " + interface_;
  if (index_ == 0) throw kernel_error(what, ENODEV);
  const bool has_tcx = at_tcx(index_, direction_).has_value();
  const int error_number =
      has_tcx ? put_at_tcx(index_, direction_, program) : put_filter(index_, direction_, program);
  if (error_number == EINVAL && !has_tcx && is_first_priority_taken(index_, direction_)) {
    throw Error(ExitCode::generic_error, what + ": somebody's tc filter has the first place there");
  }
  if (error_number != 0) throw kernel_error(what, error_number);
  for (const auto& seat : in_place_of) take_off(seat);
}

bool Hook::is_own_place(const Seat& seat) const {
  return !seat.filter || !at_tcx(index_, direction_);
}

void Hook::take_off(const Seat& seat) const {
  if (index_ == 0) return;
  if (seat.filter)
    take_off_filter(index_, *seat.filter);
  else
    take_off_tcx(index_, direction_, seat.program_id);
}

int index_of(const std::string& interface) {
  const auto index = if_nametoindex(interface.c_str());
  if (index == 0 && errno != ENODEV) {
    throw kernel_error("find the index of interface " + interface, errno);
  }
  return static_cast<int>(index);
}

std::vector<std::string> all_interfaces() {
  std::vector<std::string> names;
  const std::unique_ptr<struct if_nameindex, decltype(&if_freenameindex)> all(if_nameindex(),
                                                                              if_freenameindex);
  if (!all) throw kernel_error("list the interfaces", errno);
  for (const auto* one = all.get(); one->if_index != 0; ++one) names.emplace_back(one->if_name);
  return names;
}

}  // namespace loadshare::bpf
