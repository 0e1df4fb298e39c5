// SPDX-License-Identifier: GPL-2.0-or-later
// Fuzzes what reads /proc: the bucket file and the multicast list.
#include <string>

#include "kernel/clusterip/bucket_file.h"
#include "kernel/link/interface.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  loadshare::clusterip::parse_buckets(text);
  loadshare::link::parse_joined(text, 2);
  return 0;
}
