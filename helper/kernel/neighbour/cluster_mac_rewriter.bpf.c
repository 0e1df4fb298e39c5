// SPDX-License-Identifier: GPL-2.0-or-later
// Runs in the kernel for every frame that leaves the interface: ARP and NDP messages that speak
// for a cluster address get the cluster MAC, whoever wrote them.
//
// Not the deciding program's work, because this must outlive it: the kernel goes on answering ARP
// and NDP without it, and one answer with the node's own MAC misleads a client for minutes.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in6.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "kernel/bpf/address_key.h"
#include "kernel/neighbour/cluster_macs.h"

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, LOADSHARE_MOST_ADDRESSES);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, struct address_key);
  __type(value, struct cluster_mac_value);
} cluster_macs SEC(".maps");

enum { router_solicitation = 133, neighbour_solicitation = 135, neighbour_advertisement = 136 };

// RFC 826 for Ethernet and IPv4.
struct arp_message {
  __be16 hardware_type, protocol_type;
  __u8 hardware_size, protocol_size;
  __be16 operation;
  __u8 sender_mac[ETH_ALEN], sender_ip[4], target_mac[ETH_ALEN], target_ip[4];
} __attribute__((packed));

// RFC 8200.
struct ip6_header {
  __u8 flow[4];
  __be16 payload_length;
  __u8 next_header, hop_limit;
  __u8 source[16], destination[16];
};

// RFC 4861, 4.6.1: eight bytes, at an even offset.
struct link_layer_option {
  __u8 type, length, mac[ETH_ALEN];
};

static __always_inline void rewrite_arp(struct __sk_buff* frame) {
  struct arp_message arp;
  if (bpf_skb_load_bytes(frame, ETH_HLEN, &arp, sizeof arp) < 0) return;
  if (arp.protocol_type != bpf_htons(ETH_P_IP) || arp.hardware_size != ETH_ALEN ||
      arp.protocol_size != 4) {
    return;
  }
  struct address_key key;
  __builtin_memset(key.bytes, 0, 10);
  __builtin_memset(key.bytes + 10, 0xff, 2);
  __builtin_memcpy(key.bytes + 12, arp.sender_ip, 4);
  const struct cluster_mac_value* found = bpf_map_lookup_elem(&cluster_macs, &key);
  if (!found) return;
  bpf_skb_store_bytes(frame, ETH_HLEN + __builtin_offsetof(struct arp_message, sender_mac),
                      found->mac, ETH_ALEN, 0);
}

static __always_inline void rewrite_ndp(struct __sk_buff* frame) {
  const int icmp = ETH_HLEN + sizeof(struct ip6_header);
  struct ip6_header ip6;
  __u8 type;
  if (bpf_skb_load_bytes(frame, ETH_HLEN, &ip6, sizeof ip6) < 0) return;
  if (ip6.next_header != IPPROTO_ICMPV6) return;
  if (bpf_skb_load_bytes(frame, icmp, &type, sizeof type) < 0) return;

  struct address_key key;
  if (type == neighbour_advertisement) {
    if (bpf_skb_load_bytes(frame, icmp + 8, key.bytes, sizeof key.bytes) < 0) return;
  } else if (type == neighbour_solicitation || type == router_solicitation) {
    __builtin_memcpy(key.bytes, ip6.source, sizeof key.bytes);
  } else {
    return;
  }
  const struct cluster_mac_value* found = bpf_map_lookup_elem(&cluster_macs, &key);
  if (!found) return;

  const int at = icmp + (type == router_solicitation ? 8 : 24);
  struct link_layer_option option, mended;
  if (bpf_skb_load_bytes(frame, at, &option, sizeof option) < 0) return;
  if (option.length != 1 || option.type < 1 || option.type > 2) return;
  mended = option;
  __builtin_memcpy(mended.mac, found->mac, ETH_ALEN);
  const __s64 difference =
      bpf_csum_diff((__be32*)&option, sizeof option, (__be32*)&mended, sizeof mended, 0);
  bpf_skb_store_bytes(frame, at, &mended, sizeof mended, 0);
  bpf_l4_csum_replace(frame, icmp + 2, 0, difference, 0);
}

SEC("tc")
int loadshare_macs(struct __sk_buff* frame) {
  __be16 type;
  if (bpf_skb_load_bytes(frame, ETH_HLEN - 2, &type, sizeof type) == 0) {
    if (type == bpf_htons(ETH_P_ARP)) rewrite_arp(frame);
    if (type == bpf_htons(ETH_P_IPV6)) rewrite_ndp(frame);
  }
  return TC_ACT_UNSPEC;  // other filters of the interface still have their say
}

char license_name[] SEC("license") = "GPL";
