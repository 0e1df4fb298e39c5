/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What of a packet decides on its bucket, read from its IP header on. Nothing is read beyond what
 * the packet's own length allows: behind it there may be Ethernet's padding. */
#pragma once

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/types.h>

#include "kernel/decider/tables.h"

/* Whose a packet is. */
enum taker {
  taker_owner,      /* the one of the bucket that it hashes to */
  taker_every_node, /* an answer to a node's own question, or an error with an unreadable quote */
  taker_nobody,     /* too short for what its headers say, or with too many of them */
  taker_first_fragment, /* whoever takes its first fragment */
};

/* More extension headers than that, and a packet is nobody's. */
#define LOADSHARE_MOST_EXTENSIONS 8

struct packet {
  union {
    struct address_key source_key;
    __u32 source[4];
  };
  union {
    struct address_key destination_key;
    __u32 destination[4];
  };
  __be16 words[2]; /* the ports, or what is hashed in their place */
  __u32 at;        /* where what is read next begins, from the frame's start on */
  __u32 end;       /* where the packet ends */
  __u32 identification;
  __u8 version;
  __u8 protocol; /* of ICMP errors: that of the flow they speak of */
  __u8 taker;
  __u8 is_fragmented; /* this is a piece, the first one or a later one */
  __u8 is_later_fragment;
  __u8 is_error; /* an ICMP error */
};

/* The packet at hand. Not on the stack, where the verifier would follow each of its values through
 * all that comes behind. What is seldom needed is a function of its own, verified by itself. Both
 * together load the program in a tenth of the time. */
struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct packet);
} packets SEC(".maps");

static __always_inline struct packet* packet_at_hand(void) {
  const __u32 zero = 0;
  return bpf_map_lookup_elem(&packets, &zero);
}

/* RFC 791. */
struct ip4_header {
  __u8 version_and_size, service;
  __be16 length, identification, fragment;
  __u8 hops, protocol;
  __be16 checksum;
  __be32 source, destination;
};

/* RFC 8200. */
struct ip6_header {
  __u8 version, flow[3];
  __be16 length;
  __u8 protocol, hops;
  __u32 source[4], destination[4];
};

/* RFC 8200, 4.5; extension headers all begin with the next one's number and their own length. */
struct ip6_fragment_header {
  __u8 next, reserved;
  __be16 place;
  __be32 identification;
};

enum {
  ip4_more_fragments = 0x2000,
  ip4_fragment_offset = 0x1fff,
  ip6_fragment_offset = 0xfff8,
  ip6_more_fragments = 0x0001,
  icmp6_neighbour_advertisement = 136, /* RFC 4861, 4.4 */
};

static __always_inline int has_ports(__u8 protocol) {
  return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_SCTP ||
         protocol == IPPROTO_DCCP || protocol == IPPROTO_UDPLITE;
}

/* Where the bytes lie in one piece, which is nearly always, they are read where they are. `offset`
 * has to be a constant. */
#define read_header(frame, offset, header)                                      \
  ({                                                                            \
    const void* found_ = (const void*)(long)(frame)->data + (offset);           \
    int read_ = 1;                                                              \
    if (found_ + sizeof *(header) <= (const void*)(long)(frame)->data_end)      \
      *(header) = *(const __typeof__(*(header))*)found_;                        \
    else                                                                        \
      read_ = bpf_skb_load_bytes(frame, offset, header, sizeof *(header)) == 0; \
    read_;                                                                      \
  })

struct words {
  __be16 word[2];
};

/* A word that the mode does not hash may be missing. */
static __always_inline void read_words(struct __sk_buff* frame, __u32 at, __u32 hashed_ports,
                                       struct packet* packet) {
  packet->words[0] = packet->words[1] = 0;
  if (hashed_ports == 0) return;
  if (at + 2 * hashed_ports > packet->end) {
    packet->taker = taker_nobody;
    return;
  }
  struct words words = {};
  const __u32 there = at + sizeof words <= packet->end ? sizeof words : sizeof words.word[0];
  if (bpf_skb_load_bytes(frame, at, &words, there) < 0) packet->taker = taker_nobody;
  packet->words[0] = words.word[0];
  packet->words[1] = words.word[1];
}

/* Of most packets, whose ports stand at a place that is known beforehand; false where they are not
 * all there. */
#define read_ports(frame, offset, packet)                                                 \
  ({                                                                                      \
    struct words words_;                                                                  \
    const int there_ =                                                                    \
        (offset) + sizeof words_ <= (packet)->end && read_header(frame, offset, &words_); \
    if (there_) {                                                                         \
      (packet)->words[0] = words_.word[0];                                                \
      (packet)->words[1] = words_.word[1];                                                \
    }                                                                                     \
    there_;                                                                               \
  })

static __always_inline int is_error_type(__u8 type, __u8 version) {
  if (version == 4) return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
  return type >= 1 && type <= 4;
}

/* Not to be found at a known place, or not at all, behind the quoted header. */
static __always_inline int hides_ports(__u8 protocol, __u8 version) {
  if (protocol == IPPROTO_ESP || protocol == IPPROTO_AH) return 1;
  return version == 6 && (protocol == IPPROTO_HOPOPTS || protocol == IPPROTO_ROUTING ||
                          protocol == IPPROTO_FRAGMENT || protocol == IPPROTO_DSTOPTS);
}

/* The error quotes what this cluster sent, so source and destination stand the other way round. */
static __always_inline void read_quoted_ports(struct __sk_buff* frame, __u32 at, __u32 hashed_ports,
                                              struct packet* packet) {
  packet->taker = taker_owner;
  if (!has_ports(packet->protocol)) return;
  read_words(frame, at, hashed_ports > 0 ? 2 : 0, packet);
  const __be16 own = packet->words[0];
  packet->words[0] = packet->words[1];
  packet->words[1] = own;
}

/* Whether the whole header is there, and of the version and form whose fields stand where they are
 * looked for; if not, `packet` tells whose it is. RFC 792 and RFC 4443 put eight bytes before it.
 */
#define read_quoted_header(frame, packet, is_expected, header)                                \
  ({                                                                                          \
    const __u32 quote_at_ = (packet)->at + 8;                                                 \
    __u8 first_ = 0;                                                                          \
    int good_ = 0;                                                                            \
    (packet)->is_error = 1;                                                                   \
    (packet)->taker = taker_nobody;                                                           \
    if (quote_at_ < (packet)->end && bpf_skb_load_bytes(frame, quote_at_, &first_, 1) == 0) { \
      if (!(is_expected(first_)))                                                             \
        (packet)->taker = taker_every_node;                                                   \
      else                                                                                    \
        good_ = quote_at_ + sizeof *(header) <= (packet)->end &&                              \
                bpf_skb_load_bytes(frame, quote_at_, header, sizeof *(header)) == 0;          \
    }                                                                                         \
    good_;                                                                                    \
  })

#define is_ip4_without_options(first) ((first) == 0x45)
#define is_ip6(first) ((first) >> 4 == 6)

static __always_inline void read_error4(struct __sk_buff* frame, __u32 hashed_ports,
                                        struct packet* packet) {
  struct ip4_header quoted;
  if (!read_quoted_header(frame, packet, is_ip4_without_options, &quoted)) return;
  packet->taker = taker_every_node;
  if (hashed_ports > 0 && (quoted.fragment & bpf_htons(ip4_fragment_offset))) return;
  if (hashed_ports > 0 && hides_ports(quoted.protocol, 4)) return;
  packet->protocol = quoted.protocol;
  packet->source[3] = quoted.destination;
  read_quoted_ports(frame, packet->at + 8 + sizeof quoted, hashed_ports, packet);
}

static __always_inline void read_error6(struct __sk_buff* frame, __u32 hashed_ports,
                                        struct packet* packet) {
  struct ip6_header quoted;
  if (!read_quoted_header(frame, packet, is_ip6, &quoted)) return;
  packet->taker = taker_every_node;
  if (hashed_ports > 0 && hides_ports(quoted.protocol, 6)) return;
  packet->protocol = quoted.protocol;
  __builtin_memcpy(packet->source, quoted.destination, sizeof packet->source);
  read_quoted_ports(frame, packet->at + 8 + sizeof quoted, hashed_ports, packet);
}

static __always_inline void read_icmp(struct __sk_buff* frame, __u32 hashed_ports,
                                      struct packet* packet) {
  __u8 type = 0;
  if (packet->at >= packet->end || bpf_skb_load_bytes(frame, packet->at, &type, 1) < 0) return;
  if (packet->version == 6 && type == icmp6_neighbour_advertisement) {
    packet->taker = taker_every_node;
  }
  if (!is_error_type(type, packet->version)) return;
  if (packet->version == 4) read_error4(frame, hashed_ports, packet);
  if (packet->version == 6) read_error6(frame, hashed_ports, packet);
}

static __always_inline int is_icmp(const struct packet* packet) {
  return packet->protocol == (packet->version == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6);
}

/* Words to hash, that only the first fragment brings. In IPv6 what a later one calls its protocol
 * may be an extension header. */
static __always_inline int may_have_words(const struct packet* packet) {
  if (packet->version == 6) return !is_icmp(packet);
  return has_ports(packet->protocol) || packet->protocol == IPPROTO_ESP ||
         packet->protocol == IPPROTO_AH;
}

/* From the transport header on; fragments, and what is no TCP, UDP or the like. */
static __always_inline void read_transport(struct __sk_buff* frame, __u32 hashed_ports,
                                           struct packet* packet) {
  if (packet->is_later_fragment) {
    if (hashed_ports > 0 && may_have_words(packet)) packet->taker = taker_first_fragment;
  } else if (has_ports(packet->protocol) || packet->protocol == IPPROTO_ESP) {
    read_words(frame, packet->at, hashed_ports, packet);
  } else if (packet->version == 4 && packet->protocol == IPPROTO_AH) {
    /* In IPv6 AH is an extension header: what is behind it is the protocol. */
    read_words(frame, packet->at + 4, hashed_ports, packet);
  } else if (is_icmp(packet)) {
    read_icmp(frame, hashed_ports, packet);
  }
}

static __always_inline int is_extension(__u8 protocol) {
  return protocol == IPPROTO_HOPOPTS || protocol == IPPROTO_ROUTING ||
         protocol == IPPROTO_DSTOPTS || protocol == IPPROTO_AH || protocol == IPPROTO_FRAGMENT;
}

/* Steps over one; false where it ends too early. */
static __always_inline int pass_extension(struct __sk_buff* frame, struct packet* packet) {
  struct ip6_fragment_header extension;
  if (packet->at + sizeof extension > packet->end ||
      bpf_skb_load_bytes(frame, packet->at, &extension, sizeof extension) < 0) {
    return 0;
  }
  __u32 size = sizeof extension;
  if (packet->protocol == IPPROTO_FRAGMENT) {
    const __u16 place = bpf_ntohs(extension.place);
    /* RFC 6946: the only piece is whole. */
    packet->is_fragmented = (place & (ip6_fragment_offset | ip6_more_fragments)) != 0;
    packet->is_later_fragment = (place & ip6_fragment_offset) != 0;
    packet->identification = extension.identification;
  } else if (packet->protocol == IPPROTO_AH) {
    size = (extension.reserved + 2) * 4;
  } else {
    size = (extension.reserved + 1) * 8;
  }
  packet->protocol = extension.next;
  packet->at += size;
  return packet->at <= packet->end;
}

/* As the kernel's ipv6_find_hdr does it: behind a later fragment's header nothing is one. */
static __always_inline int pass_extensions(struct __sk_buff* frame, struct packet* packet) {
  for (int passed = 0; passed < LOADSHARE_MOST_EXTENSIONS; ++passed) {
    if (!is_extension(packet->protocol) || packet->is_later_fragment) return 1;
    if (!pass_extension(frame, packet)) return 0;
  }
  return !is_extension(packet->protocol) || packet->is_later_fragment;
}

__attribute__((noinline)) int loadshare_read_rest(struct __sk_buff* frame, __u32 hashed_ports) {
  struct packet* packet = packet_at_hand();
  if (!packet) return 0;
  if (packet->version == 6 && !pass_extensions(frame, packet))
    packet->taker = taker_nobody;
  else
    read_transport(frame, hashed_ports, packet);
  return 0;
}

/* Packets that the kernel put together from several, beyond 64 KiB, have length 0
 * (net/core/gro.c). */
static __always_inline __u32 end_of(struct __sk_buff* frame, __u32 length, __u32 fixed) {
  const __u32 end = ETH_HLEN + fixed + length;
  return length == 0 || end > frame->len ? frame->len : end;
}

static __always_inline void read_ip4(struct __sk_buff* frame, const struct ip4_header* ip,
                                     __u32 hashed_ports, struct packet* packet) {
  const __u32 size = (ip->version_and_size & 0x0f) * 4;
  const __u32 length = bpf_ntohs(ip->length);
  if (ip->version_and_size >> 4 != 4 || size < sizeof *ip || (length != 0 && length < size)) {
    packet->taker = taker_nobody;
    return;
  }
  packet->protocol = ip->protocol;
  packet->at = ETH_HLEN + size;
  packet->end = end_of(frame, length, 0);
  packet->identification = ip->identification;
  packet->is_fragmented = (ip->fragment & bpf_htons(ip4_more_fragments | ip4_fragment_offset)) != 0;
  packet->is_later_fragment = (ip->fragment & bpf_htons(ip4_fragment_offset)) != 0;
  if (size != sizeof *ip || packet->is_later_fragment || !has_ports(ip->protocol) ||
      !read_ports(frame, ETH_HLEN + sizeof *ip, packet)) {
    loadshare_read_rest(frame, hashed_ports);
  }
}

static __always_inline void read_ip6(struct __sk_buff* frame, const struct ip6_header* ip,
                                     __u32 hashed_ports, struct packet* packet) {
  if (ip->version >> 4 != 6) {
    packet->taker = taker_nobody;
    return;
  }
  packet->protocol = ip->protocol;
  packet->at = ETH_HLEN + sizeof *ip;
  packet->end = end_of(frame, bpf_ntohs(ip->length), sizeof *ip);
  if (!has_ports(ip->protocol) || !read_ports(frame, ETH_HLEN + sizeof *ip, packet)) {
    loadshare_read_rest(frame, hashed_ports);
  }
}
