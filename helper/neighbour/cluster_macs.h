/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table that the helper writes and the rewriter in the kernel reads; C, because both share it.
 */
#pragma once

#define LOADSHARE_MOST_ADDRESSES 4096

/* An IPv6 address, or an IPv4 one mapped into it (RFC 4291, 2.5.5.2); network order. */
struct cluster_address_key {
  unsigned char bytes[16];
};

struct cluster_mac_value {
  unsigned char mac[6];
};
