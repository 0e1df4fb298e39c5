// SPDX-License-Identifier: GPL-2.0-or-later
// Runs in the kernel for every packet that comes in by the interface, before everything else there:
// drops what our nf_tables rules would drop, where that can be seen at a glance.
//
// An accelerator and nothing more. Whatever is not plain goes on to the rules: fragments, IP
// options, extension headers, ICMP, frames with a VLAN tag, other protocols. So this can never make
// a node answer, and where it is missing only time is lost.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/in.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "kernel/bpf/address_key.h"
#include "kernel/early_drop/early_drops.h"

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, LOADSHARE_MOST_ADDRESSES);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, struct address_key);
  __type(value, struct early_drop_value);
} early_drops SEC(".maps");

// What has been dropped. Apart from the rest, which the helper writes while packets are counted.
struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_HASH);
  __uint(max_entries, LOADSHARE_MOST_ADDRESSES);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, struct address_key);
  __type(value, __u64);
} early_counts SEC(".maps");

// RFC 791 without options, and the ports behind it.
struct ip4_packet {
  __u8 version_and_size, service;
  __be16 length, identification, fragment;
  __u8 hops, protocol;
  __be16 checksum;
  __be32 source;
  __u8 destination[4];
  __be16 ports[2];
};

// RFC 8200 without extension headers, and the ports behind it.
struct ip6_packet {
  __u8 version, flow[3];
  __be16 length;
  __u8 protocol, hops;
  __u32 source[4];
  __u8 destination[16];
  __be16 ports[2];
};

static __always_inline int has_ports(__u8 protocol) {
  return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_SCTP ||
         protocol == IPPROTO_DCCP || protocol == IPPROTO_UDPLITE;
}

static __always_inline __u32 rotated(__u32 word, unsigned bits) {
  return word << bits | word >> (32 - bits);
}

// Bob Jenkins' lookup3 as in the kernel's include/linux/jhash.h.
struct jenkins_state {
  __u32 a, b, c;
};

static __always_inline void mix(struct jenkins_state* s) {
  s->a -= s->c, s->a ^= rotated(s->c, 4), s->c += s->b;
  s->b -= s->a, s->b ^= rotated(s->a, 6), s->a += s->c;
  s->c -= s->b, s->c ^= rotated(s->b, 8), s->b += s->a;
  s->a -= s->c, s->a ^= rotated(s->c, 16), s->c += s->b;
  s->b -= s->a, s->b ^= rotated(s->a, 19), s->a += s->c;
  s->c -= s->b, s->c ^= rotated(s->b, 4), s->b += s->a;
}

static __always_inline __u32 finish(struct jenkins_state* s) {
  s->c ^= s->b, s->c -= rotated(s->b, 14);
  s->a ^= s->c, s->a -= rotated(s->c, 11);
  s->b ^= s->a, s->b -= rotated(s->a, 25);
  s->c ^= s->b, s->c -= rotated(s->b, 16);
  s->a ^= s->c, s->a -= rotated(s->c, 4);
  s->b ^= s->a, s->b -= rotated(s->a, 14);
  s->c ^= s->b, s->c -= rotated(s->b, 24);
  return s->c;
}

// The first byte is the lowest, on any machine: so the kernel reads the end of what it hashes.
static __always_inline __u32 low_byte_first(__u32 word) {
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  return __builtin_bswap32(word);
#else
  return word;
#endif
}

// A port as it lies in a register of nf_tables: two bytes of the packet, then two zeros.
static __always_inline __u32 port_word(__be16 port) {
  __be16 bytes[2] = {port, 0};
  __u32 word;
  __builtin_memcpy(&word, bytes, sizeof word);
  return word;
}

// `last` is what is left of the address behind `size` - 4 bytes that are in the state already.
static __always_inline int passes(struct jenkins_state* state, __u32 last, const __be16* ports,
                                  const struct early_drop_value* rule) {
  state->a += low_byte_first(last);
  if (rule->hashed_ports > 0) state->b += low_byte_first(port_word(ports[0]));
  if (rule->hashed_ports > 1) state->c += low_byte_first(port_word(ports[1]));
  __u64 index = (__u64)finish(state) * rule->total >> 32;
  barrier_var(index);  // or the verifier loses sight of the limit that is checked next
  if (index >= LOADSHARE_MOST_BUCKETS) return 1;
  return rule->passing[index / 32] >> index % 32 & 1;
}

static __always_inline struct jenkins_state begin(__u32 size, const struct early_drop_value* rule) {
  const __u32 start = 0xdeadbeef + size + 4 * rule->hashed_ports + rule->seed;
  const struct jenkins_state state = {start, start, start};
  return state;
}

static __always_inline int drop(const struct address_key* key) {
  __u64* count = bpf_map_lookup_elem(&early_counts, key);
  if (count) ++*count;
  return TC_ACT_SHOT;
}

static __always_inline int decide_ip4(struct __sk_buff* frame) {
  struct ip4_packet ip;
  if (bpf_skb_load_bytes_relative(frame, 0, &ip, sizeof ip, BPF_HDR_START_NET) < 0) {
    return TC_ACT_UNSPEC;
  }
  struct address_key key;
  __builtin_memset(key.bytes, 0, 10);
  __builtin_memset(key.bytes + 10, 0xff, 2);
  __builtin_memcpy(key.bytes + 12, ip.destination, 4);
  const struct early_drop_value* rule = bpf_map_lookup_elem(&early_drops, &key);
  if (!rule || ip.version_and_size != 0x45 || !has_ports(ip.protocol)) return TC_ACT_UNSPEC;
  if (ip.fragment & bpf_htons(0x3fff)) return TC_ACT_UNSPEC;  // more follow, or not the first
  struct jenkins_state state = begin(sizeof ip.source, rule);
  return passes(&state, bpf_ntohl(ip.source), ip.ports, rule) ? TC_ACT_UNSPEC : drop(&key);
}

static __always_inline int decide_ip6(struct __sk_buff* frame) {
  struct ip6_packet ip;
  if (bpf_skb_load_bytes_relative(frame, 0, &ip, sizeof ip, BPF_HDR_START_NET) < 0) {
    return TC_ACT_UNSPEC;
  }
  struct address_key key;
  __builtin_memcpy(key.bytes, ip.destination, sizeof key.bytes);
  const struct early_drop_value* rule = bpf_map_lookup_elem(&early_drops, &key);
  if (!rule || ip.version >> 4 != 6 || !has_ports(ip.protocol)) return TC_ACT_UNSPEC;
  struct jenkins_state state = begin(sizeof ip.source, rule);
  state.a += ip.source[0], state.b += ip.source[1], state.c += ip.source[2];
  mix(&state);
  return passes(&state, ip.source[3], ip.ports, rule) ? TC_ACT_UNSPEC : drop(&key);
}

SEC("tc")
int loadshare_early(struct __sk_buff* frame) {
  // The cluster's MAC is a multicast one: what comes for other addresses ends here. Tagged frames
  // are for another interface.
  if (frame->pkt_type != PACKET_MULTICAST || frame->vlan_present) return TC_ACT_UNSPEC;
  if (frame->protocol == bpf_htons(ETH_P_IP)) return decide_ip4(frame);
  if (frame->protocol == bpf_htons(ETH_P_IPV6)) return decide_ip6(frame);
  return TC_ACT_UNSPEC;  // the other filters and then our rules have their say
}

char license_name[] SEC("license") = "GPL";
