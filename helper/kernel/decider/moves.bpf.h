/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TCP packets of a bucket that moves from one node to another. Who answers what meanwhile:
 *   - what begins a connection (SYN): the new owner, and nobody else;
 *   - all else: the node that has the connection's socket.
 * A socket may be one of an earlier time, when its connection is another node's by now: the same
 * client's port was used anew. Such connections are `strangers`: this node has seen them begin
 * elsewhere, or the helper found them when the bucket came back (connections/connections.h). */
#pragma once

#include "kernel/decider/packet.bpf.h"

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, LOADSHARE_MOST_STRANGERS);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, struct decider_connection);
  __type(value, __u64); /* until when */
} strangers SEC(".maps");

static __always_inline int begins_connection(struct __sk_buff* frame, const struct packet* packet) {
  enum { flags_at = 13, syn = 0x02, ack = 0x10 }; /* RFC 9293, 3.1 */
  __u8 flags = 0;
  if (packet->at + flags_at < packet->end) {
    bpf_skb_load_bytes(frame, packet->at + flags_at, &flags, sizeof flags);
  }
  return (flags & (syn | ack)) == syn;
}

/* Whatever the hash mode: a connection is told by both ports. */
static __always_inline void name_connection(struct __sk_buff* frame, const struct packet* packet,
                                            struct decider_connection* connection) {
  struct words ports = {};
  bpf_skb_load_bytes(frame, packet->at, &ports, sizeof ports);
  connection->client = packet->source_key;
  connection->service = packet->destination_key;
  connection->client_port = ports.word[0];
  connection->service_port = ports.word[1];
}

static __always_inline int has_socket(struct __sk_buff* frame, const struct packet* packet,
                                      const struct decider_connection* connection) {
  struct bpf_sock_tuple tuple;
  __u32 size;
  __builtin_memset(&tuple, 0, sizeof tuple);
  if (packet->version == 4) {
    size = sizeof tuple.ipv4;
    tuple.ipv4.saddr = packet->source[3];
    tuple.ipv4.daddr = packet->destination[3];
    tuple.ipv4.sport = connection->client_port;
    tuple.ipv4.dport = connection->service_port;
  } else {
    size = sizeof tuple.ipv6;
    __builtin_memcpy(tuple.ipv6.saddr, packet->source, sizeof tuple.ipv6.saddr);
    __builtin_memcpy(tuple.ipv6.daddr, packet->destination, sizeof tuple.ipv6.daddr);
    tuple.ipv6.sport = connection->client_port;
    tuple.ipv6.dport = connection->service_port;
  }
  struct bpf_sock* found = bpf_skc_lookup_tcp(frame, &tuple, size, BPF_F_CURRENT_NETNS, 0);
  if (!found) return 0;
  const int listens = found->state == BPF_TCP_LISTEN;
  bpf_sk_release(found);
  return !listens;
}

static __always_inline int is_stranger(const struct decider_connection* connection, __u64 now) {
  const __u64* until = bpf_map_lookup_elem(&strangers, connection);
  return until && now < *until;
}

/* Whether this node takes a TCP packet of a bucket that it drains, or owns while another node may
 * be draining it. */
__attribute__((noinline)) int loadshare_takes_tcp(struct __sk_buff* frame, int is_owned,
                                                  __u32 drain_seconds) {
  const struct packet* packet = packet_at_hand();
  if (!packet) return 0;
  const __u64 now = bpf_ktime_get_boot_ns();
  struct decider_connection connection;
  __builtin_memset(&connection, 0, sizeof connection);
  name_connection(frame, packet, &connection);
  if (!begins_connection(frame, packet)) {
    return !is_stranger(&connection, now) && has_socket(frame, packet, &connection);
  }
  if (is_owned) {
    bpf_map_delete_elem(&strangers, &connection);
    return 1;
  }
  /* This node may take the bucket back, and the other one drain it then for as long once more. */
  const __u64 until = now + 2000000000ULL * drain_seconds;
  bpf_map_update_elem(&strangers, &connection, &until, BPF_ANY);
  return 0;
}
