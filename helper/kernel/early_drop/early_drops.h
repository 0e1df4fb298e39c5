/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table that the helper writes and the early drop in the kernel reads; C, because both share
 * it. */
#pragma once

#define LOADSHARE_MOST_BUCKETS 1024

/* Host order. Bit 0 of the first word is bucket 1. */
struct early_drop_value {
  unsigned int seed;
  unsigned int total;
  unsigned int hashed_ports; /* 0: none, 1: the source's, 2: both */
  unsigned int passing[LOADSHARE_MOST_BUCKETS / 32];
};
