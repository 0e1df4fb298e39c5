/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bob Jenkins' lookup3 over whole words, as in the kernel's include/linux/jhash.h. */
#pragma once

#include <bpf/bpf_helpers.h>
#include <linux/types.h>

struct jenkins_state {
  __u32 a, b, c;
};

static __always_inline __u32 rotated(__u32 word, unsigned bits) {
  return word << bits | word >> (32 - bits);
}

static __always_inline void jenkins_mix(struct jenkins_state* s) {
  s->a -= s->c, s->a ^= rotated(s->c, 4), s->c += s->b;
  s->b -= s->a, s->b ^= rotated(s->a, 6), s->a += s->c;
  s->c -= s->b, s->c ^= rotated(s->b, 8), s->b += s->a;
  s->a -= s->c, s->a ^= rotated(s->c, 16), s->c += s->b;
  s->b -= s->a, s->b ^= rotated(s->a, 19), s->a += s->c;
  s->c -= s->b, s->c ^= rotated(s->b, 4), s->b += s->a;
}

static __always_inline __u32 jenkins_finish(struct jenkins_state* s) {
  s->c ^= s->b, s->c -= rotated(s->b, 14);
  s->a ^= s->c, s->a -= rotated(s->c, 11);
  s->b ^= s->a, s->b -= rotated(s->a, 25);
  s->c ^= s->b, s->c -= rotated(s->b, 16);
  s->a ^= s->c, s->a -= rotated(s->c, 4);
  s->b ^= s->a, s->b -= rotated(s->a, 14);
  s->c ^= s->b, s->c -= rotated(s->b, 24);
  return s->c;
}

/* On a little-endian machine as they stand in the packet; the same number on every other, so that
 * nodes of both kinds agree. */
static __always_inline __u32 low_byte_first(__u32 word) {
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  return __builtin_bswap32(word);
#else
  return word;
#endif
}

static __always_inline __u32 port_word(__be16 port) {
  const unsigned char* bytes = (const unsigned char*)&port;
  return bytes[0] | (__u32)bytes[1] << 8;
}

static __always_inline struct jenkins_state jenkins_begin(__u32 words, __u32 seed) {
  const __u32 start = 0xdeadbeef + 4 * words + seed;
  const struct jenkins_state state = {start, start, start};
  return state;
}
