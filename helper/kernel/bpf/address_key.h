/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tables of our programs in the kernel go by; C, because both sides share it. */
#pragma once

/* As long as any node can have cluster addresses. */
#define LOADSHARE_MOST_ADDRESSES 4096

/* An IPv6 address, or an IPv4 one mapped into it (RFC 4291, 2.5.5.2); network order. */
struct address_key {
  unsigned char bytes[16];
};
