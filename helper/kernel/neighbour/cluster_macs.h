/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table that the helper writes and the rewriter in the kernel reads; C, because both share it.
 */
#pragma once

struct cluster_mac_value {
  unsigned char mac[6];
};
