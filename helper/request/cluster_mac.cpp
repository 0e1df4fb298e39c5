// SPDX-License-Identifier: GPL-2.0-or-later
#include "request/cluster_mac.h"

#include <md5.h>

#include <algorithm>

namespace loadshare {

MacAddress derive_cluster_mac(const IpAddress& address, unsigned prefix_length,
                              const std::string& broadcast) {
  auto text = to_string(address) + " " + std::to_string(prefix_length);
  if (!broadcast.empty()) text += " " + broadcast;
  text += "\n";

  std::array<std::uint8_t, MD5_DIGEST_LENGTH> digest;
  MD5_CTX context;
  MD5Init(&context);
  MD5Update(&context, reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  MD5Final(digest.data(), &context);

  MacAddress mac;
  std::copy_n(digest.begin(), mac.bytes.size(), mac.bytes.begin());
  // An even second hex digit becomes 1: IPaddr2 replaces the digit, it does not set the bit.
  if (!mac.is_multicast()) mac.bytes[0] = static_cast<std::uint8_t>((mac.bytes[0] & 0xf0) | 1);
  return mac;
}

}  // namespace loadshare
