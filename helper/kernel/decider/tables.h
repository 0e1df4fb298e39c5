/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the helper writes and the deciding program in the kernel reads; C, because both share it.
 *
 *   root        from here all else is found again: the program's mark, and which tables are its own
 *   addresses   address → parameters, and the first of its cells
 *   cells       a cell for each bucket of each address: whose it is, and until when
 *   counts      for each processor a row as long as cells
 *   dropped     fragmented packets whose first fragment was dropped
 *   strangers   TCP connections that look like this node's, and are another's
 *
 * Times are nanoseconds of CLOCK_BOOTTIME. The helper maps root, cells and counts into its memory:
 * a bucket is taken or given up by one store of 64 bits. */
#pragma once

#include <linux/types.h>

#include "kernel/bpf/address_key.h"

#define LOADSHARE_MOST_BUCKETS 1024
/* Of all addresses of an interface: 16 with 1024 buckets each, 256 with 64, 4096 with 4. */
#define LOADSHARE_MOST_CELLS 16384
#define LOADSHARE_MOST_FRAGMENTED 8192
#define LOADSHARE_MOST_STRANGERS 65536

/* Another layout of these tables is another mark. */
#define LOADSHARE_MARK "loadshare bucket decider, 2"

struct decider_root {
  char mark[32];
  char interface[16];                        /* as it was called when an address was put there */
  __u64 build;                               /* of the object file that the program came from */
  unsigned char program_tag[8];              /* as the kernel told it when the program was loaded */
  __u32 addresses, cells, counts, strangers; /* ids */
  __u64 may_be_held[64]; /* a bit for the 12 bits that an address is folded to */
};

struct decider_address {
  __u32 first_cell, total; /* bucket N is in cell first_cell + N - 1 */
  __u32 seed;
  __u32 hashed_ports; /* 0: none, 1: the source's, 2: both */
  __u32 drain_seconds;
  __u32 has_lease;
  unsigned char mac[6]; /* the program does not need it */
  unsigned char unused[2];
};

/* decider_cell.state, from its low bits on: what it is (3), the helper's seal (13, cell.h), and the
 * time when it ends, in units of 65536 ns; 0: never. */
enum decider_state { decider_none = 0, decider_owned = 1, decider_draining = 2 };
#define LOADSHARE_STATE_MASK 0x7ULL
#define LOADSHARE_SEAL_MASK 0xfff8ULL
#define LOADSHARE_END_MASK (~0xffffULL)

struct decider_cell {
  __u64 state;
  __u64 spared_until; /* another node may be draining the bucket */
};

struct decider_count {
  __u64 accepted, dropped;
};

/* All zero where a field has no meaning, for all of it is compared. */
struct decider_fragmented {
  struct address_key source, destination;
  __u32 identification, protocol; /* protocol: 0 in IPv6 */
};

struct decider_connection {
  struct address_key client, service;
  __be16 client_port, service_port;
};

/* 12 bits. An IPv4 address comes as the one that it is mapped to. */
static inline __u32 decider_fold(const struct address_key* key) {
  const __u32* words = (const __u32*)(const void*)key->bytes;
  return ((words[0] ^ words[1] ^ words[2] ^ words[3]) * 0x9e3779b1U) >> 20;
}
