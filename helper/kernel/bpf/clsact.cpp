// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/bpf/clsact.h"

#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>

#include <algorithm>
#include <cerrno>

#include "kernel/netlink/socket.h"
#include "loadshare/error.h"

namespace loadshare::bpf::clsact {
namespace {

constexpr std::uint32_t first_priority = 1;

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

std::uint32_t program_in(const nlattr& options) {
  for (const auto* option : netlink::attributes(options)) {
    if (mnl_attr_get_type(option) == TCA_BPF_ID) return mnl_attr_get_u32(option);
  }
  return 0;
}

Seat read_filter(const nlmsghdr& header) {
  const auto& fixed = *static_cast<const tcmsg*>(mnl_nlmsg_get_payload(&header));
  Seat seat{0, FilterPlace{fixed.tcm_parent, fixed.tcm_info, fixed.tcm_handle}};
  const nlattr* options = nullptr;
  for (const auto* attribute : netlink::attributes(header, sizeof fixed)) {
    switch (mnl_attr_get_type(attribute)) {
      case TCA_KIND:
        seat.filter->kind = netlink::text_of(*attribute);
        break;
      case TCA_CHAIN:
        seat.filter->chain = mnl_attr_get_u32(attribute);
        break;
      case TCA_OPTIONS:
        options = attribute;
        break;
    }
  }
  // The numbers of options are each kind's own.
  if (options != nullptr && seat.filter->kind == "bpf") seat.program_id = program_in(*options);
  return seat;
}

// A number that nobody has. Of one priority, the latest filter comes first (cls_bpf_change).
FilterPlace free_place(int index, Direction direction) {
  const auto info = TC_H_MAKE(first_priority << 16, htons(ETH_P_ALL));
  FilterPlace place{parent_of(direction), info, 0x6c73};
  const auto present = filters(index, direction);
  const auto is_taken = [&](const Seat& seat) { return seat.filter == place; };
  while (std::any_of(present.begin(), present.end(), is_taken)) ++place.handle;
  return place;
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

/// The qdisc in clsact's place: its kind, empty where there is none, and whether its filters are in
/// a block that other interfaces share.
struct Qdisc {
  std::string kind;
  bool shares = false;
};

Qdisc qdisc_of(int index) {
  netlink::Message message(RTM_GETQDISC, NLM_F_ECHO);
  start_message(message, index, TC_H_CLSACT);
  Qdisc found;
  for (const auto& reply : netlink::Socket(NETLINK_ROUTE).ask(message).replies) {
    for (const auto* attribute : netlink::attributes(reply.header(), sizeof(tcmsg))) {
      const auto type = mnl_attr_get_type(attribute);
      if (type == TCA_KIND) found.kind = netlink::text_of(*attribute);
      found.shares = found.shares || type == TCA_INGRESS_BLOCK || type == TCA_EGRESS_BLOCK;
    }
  }
  return found;
}

// The kernel has but one kind and one protocol in a priority.
bool keeps_ours_out(const Seat& seat) {
  return seat.filter->chain == 0 && TC_H_MAJ(seat.filter->info) == first_priority << 16 &&
         (seat.filter->kind != "bpf" || TC_H_MIN(seat.filter->info) != htons(ETH_P_ALL));
}

}  // namespace

// The kernel lists each priority by itself, with handle 0, and then its filters.
std::vector<Seat> filters(int index, Direction direction) {
  netlink::Message message(RTM_GETTFILTER, NLM_F_DUMP);
  start_message(message, index, parent_of(direction));
  std::vector<Seat> found;
  for (const auto& reply : netlink::Socket(NETLINK_ROUTE).ask(message).replies) {
    auto seat = read_filter(reply.header());
    if (seat.filter->handle != 0) found.push_back(std::move(seat));
  }
  std::stable_partition(found.begin(), found.end(),
                        [](const Seat& seat) { return seat.filter->chain == 0; });
  return found;
}

// Both in one call of the kernel: a helper that is killed leaves no empty clsact behind, which
// nobody could tell from somebody else's.
int put_first(int index, Direction direction, int program) {
  std::vector<char> batch;
  add_clsact(index, batch);
  add_filter(index, free_place(index, direction), program, batch);
  return netlink::Socket(NETLINK_ROUTE).send_batch(batch.data(), batch.size());
}

std::optional<std::string> obstacle(int index, Direction direction) {
  const auto qdisc = qdisc_of(index);
  if (!qdisc.kind.empty() && qdisc.kind != "clsact") {
    return "its " + qdisc.kind + " qdisc leaves no place at the egress (before Linux 6.6): put " +
           "clsact in its stead, which takes the same filters";
  }
  if (qdisc.shares) return "its clsact qdisc shares the filters of other interfaces";
  for (const auto& seat : filters(index, direction)) {
    if (!keeps_ours_out(seat)) continue;
    return in_words(seat) + " has the first place at its " +
           (direction == Direction::ingress ? "ingress" : "egress") +
           " (before Linux 6.6): give it another priority";
  }
  return std::nullopt;
}

// One step, so that nothing is left half-way: clsact goes with all in it.
void take_off(int index, const FilterPlace& place) {
  const int error_number =
      is_alone(index, place) ? remove_clsact(index) : remove_filter(index, place);
  if (error_number == 0 || error_number == ENOENT || error_number == ENODEV ||
      error_number == EINVAL) {
    return;  // EINVAL: the kernel's word for "no such qdisc"
  }
  throw kernel_error("remove a tc filter", error_number);
}

}  // namespace loadshare::bpf::clsact
