// SPDX-License-Identifier: GPL-2.0-or-later
// Runs in the kernel for every frame that comes in by the interface, before everything else there,
// and decides alone which packets to cluster addresses this node keeps.
//
// The cluster's MAC is a multicast one, and the interface's guard (link/ways.h) makes the
// IP stack drop what comes to it for one host. A packet that is this node's becomes one for this
// host here; what is another node's ends here. So where this program is missing, by whatever hand,
// the node is silent.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "kernel/decider/hash.bpf.h"
#include "kernel/decider/moves.bpf.h"
#include "kernel/decider/packet.bpf.h"
#include "kernel/decider/tables.h"

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __uint(map_flags, BPF_F_MMAPABLE);
  __type(key, __u32);
  __type(value, struct decider_root);
} root SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, LOADSHARE_MOST_ADDRESSES);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, struct address_key);
  __type(value, struct decider_address);
} addresses SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, LOADSHARE_MOST_CELLS);
  __uint(map_flags, BPF_F_MMAPABLE);
  __type(key, __u32);
  __type(value, struct decider_cell);
} cells SEC(".maps");

// The helper makes it as many times as long as there are processors.
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, LOADSHARE_MOST_CELLS);
  __uint(map_flags, BPF_F_MMAPABLE);
  __type(key, __u32);
  __type(value, struct decider_count);
} counts SEC(".maps");

// Later fragments follow the first one. One whose first has not come yet passes on every node: only
// where the first passes, too, does it ever become a packet.
struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, LOADSHARE_MOST_FRAGMENTED);
  __type(key, struct decider_fragmented);
  __type(value, __u64);  // until when
} dropped SEC(".maps");

// As long as pieces of one packet are still on their way. Longer, and identifications come again.
enum { fragments_remembered_ns = 1000000000 };

static __always_inline const struct decider_address* find_address(const struct address_key* key) {
  const __u32 zero = 0;
  const struct decider_root* start = bpf_map_lookup_elem(&root, &zero);
  if (!start) return 0;
  // Spares packets to the node's other addresses the look-up.
  const __u32 bit = decider_fold(key);
  if (!(start->may_be_held[bit / 64 & 63] >> bit % 64 & 1)) return 0;
  return bpf_map_lookup_elem(&addresses, key);
}

static __always_inline __u32 bucket_index(const struct packet* packet,
                                          const struct decider_address* address) {
  const __u32 ports = address->hashed_ports;
  struct jenkins_state state;
  if (packet->version == 4) {
    // Numbers as ipt_CLUSTERIP has them: the address converted, the ports not.
    state = jenkins_begin(1 + ports, address->seed);
    state.a += bpf_ntohl(packet->source[3]);
  } else {
    state = jenkins_begin(4 + ports, address->seed);
    state.a += low_byte_first(packet->source[0]);
    state.b += low_byte_first(packet->source[1]);
    state.c += low_byte_first(packet->source[2]);
    jenkins_mix(&state);
    state.a += low_byte_first(packet->source[3]);
  }
  if (ports > 0) state.b += port_word(packet->words[0]);
  if (ports > 1) state.c += port_word(packet->words[1]);
  return (__u64)jenkins_finish(&state) * address->total >> 32;
}

static __always_inline int lasts(__u64 state, enum decider_state wanted) {
  if ((state & LOADSHARE_STATE_MASK) != wanted) return 0;
  const __u64 end = state & LOADSHARE_END_MASK;
  return end == 0 || bpf_ktime_get_boot_ns() < end;
}

static __always_inline void count(__u32 cell, int is_taken) {
  const __u32 place = bpf_get_smp_processor_id() * LOADSHARE_MOST_CELLS + cell;
  struct decider_count* counted = bpf_map_lookup_elem(&counts, &place);
  if (!counted) return;
  if (is_taken)
    ++counted->accepted;
  else
    ++counted->dropped;
}

static __always_inline int takes(struct __sk_buff* frame, const struct packet* packet,
                                 const struct decider_address* address) {
  const __u32 place = address->first_cell + bucket_index(packet, address);
  const struct decider_cell* cell = bpf_map_lookup_elem(&cells, &place);
  if (!cell) return 0;
  const __u64 state = cell->state;
  int is_taken = lasts(state, decider_owned);
  if (packet->protocol == IPPROTO_TCP) {
    const int drains = lasts(state, decider_draining);
    const __u64 spared = cell->spared_until;
    const int is_spared = spared != 0 && bpf_ktime_get_boot_ns() < spared;
    if (packet->is_error)
      is_taken |= drains;  // nobody answers it, and either may have the connection
    else if (drains || (is_taken && is_spared))
      is_taken = loadshare_takes_tcp(frame, is_taken, address->drain_seconds);
  }
  count(place, is_taken);
  return is_taken;
}

static __always_inline void name_fragmented(const struct packet* packet,
                                            struct decider_fragmented* name) {
  name->source = packet->source_key;
  name->destination = packet->destination_key;
  name->identification = packet->identification;
  name->protocol = packet->version == 4 ? packet->protocol : 0;
}

static __always_inline int was_dropped(const struct packet* packet) {
  struct decider_fragmented name;
  __builtin_memset(&name, 0, sizeof name);
  name_fragmented(packet, &name);
  const __u64* until = bpf_map_lookup_elem(&dropped, &name);
  return until && bpf_ktime_get_boot_ns() < *until;
}

static __always_inline void remember(const struct packet* packet, int is_taken) {
  struct decider_fragmented name;
  __builtin_memset(&name, 0, sizeof name);
  name_fragmented(packet, &name);
  if (is_taken) {
    bpf_map_delete_elem(&dropped, &name);
    return;
  }
  const __u64 until = bpf_ktime_get_boot_ns() + fragments_remembered_ns;
  bpf_map_update_elem(&dropped, &name, &until, BPF_ANY);
}

static __always_inline int is_for_this_node(struct __sk_buff* frame, const struct packet* packet,
                                            const struct decider_address* address) {
  switch (packet->taker) {
    case taker_every_node:
      return 1;
    case taker_nobody:
      return 0;
    case taker_first_fragment:
      return !was_dropped(packet);
  }
  const int is_taken = takes(frame, packet, address);
  if (address->hashed_ports > 0 && packet->is_fragmented && !packet->is_later_fragment) {
    remember(packet, is_taken);
  }
  return is_taken;
}

static __always_inline int decide(struct __sk_buff* frame, const struct packet* packet,
                                  const struct decider_address* address) {
  if (!is_for_this_node(frame, packet, address)) return TC_ACT_SHOT;
  if (frame->pkt_type == PACKET_MULTICAST) bpf_skb_change_type(frame, PACKET_HOST);
  return TC_ACT_UNSPEC;  // other programs and the firewall still have their say
}

/* The address that the packet is for; nothing where it is none of the cluster's. */
static __always_inline const struct decider_address* open_ip4(struct __sk_buff* frame,
                                                              struct packet* packet) {
  struct ip4_header ip;
  if (!read_header(frame, ETH_HLEN, &ip)) return 0;
  packet->version = 4;
  packet->source[2] = packet->destination[2] = bpf_htonl(0xffff);
  packet->source[3] = ip.source;
  packet->destination[3] = ip.destination;
  const struct decider_address* address = find_address(&packet->destination_key);
  if (address) read_ip4(frame, &ip, address->hashed_ports, packet);
  return address;
}

static __always_inline const struct decider_address* open_ip6(struct __sk_buff* frame,
                                                              struct packet* packet) {
  struct ip6_header ip;
  if (!read_header(frame, ETH_HLEN, &ip)) return 0;
  packet->version = 6;
  __builtin_memcpy(packet->source, ip.source, sizeof packet->source);
  __builtin_memcpy(packet->destination, ip.destination, sizeof packet->destination);
  const struct decider_address* address = find_address(&packet->destination_key);
  if (address) read_ip6(frame, &ip, address->hashed_ports, packet);
  return address;
}

SEC("tc")
int loadshare_owner(struct __sk_buff* frame) {
  // The cluster's MAC, or this node's own: a client may have learnt it in another way.
  if (frame->pkt_type != PACKET_MULTICAST && frame->pkt_type != PACKET_HOST) return TC_ACT_UNSPEC;
  // A tag with a number is for another interface; without one it only gives a priority.
  if (frame->vlan_present && (frame->vlan_tci & 0x0fff)) return TC_ACT_UNSPEC;
  struct packet* packet = packet_at_hand();
  if (!packet) return TC_ACT_UNSPEC;
  __builtin_memset(packet, 0, sizeof *packet);
  const struct decider_address* address = 0;
  if (frame->protocol == bpf_htons(ETH_P_IP)) address = open_ip4(frame, packet);
  if (frame->protocol == bpf_htons(ETH_P_IPV6)) address = open_ip6(frame, packet);
  return address ? decide(frame, packet, address) : TC_ACT_UNSPEC;
}

char license_name[] SEC("license") = "GPL";
