// SPDX-License-Identifier: GPL-2.0-or-later
// Fuzzes what reads back netlink: attributes, sockets as sock_diag tells them, and others' rules,
// all as raw bytes.
#include <linux/netlink.h>

#include <cstring>
#include <span>
#include <vector>

#include "checks/foreign_rules.h"
#include "kernel/connections/connections.h"
#include "kernel/netlink/socket.h"

namespace {

using namespace loadshare;

void require(bool holds) {
  if (!holds) __builtin_trap();
}

void walk_attributes(const nlmsghdr& header) {
  for (const auto* attribute : netlink::attributes(header, 4)) {
    netlink::attributes(*attribute);
    netlink::text_of(*attribute);
  }
}

void parse_socket(const nlmsghdr& header) {
  const auto connection = connections::parse(header);
  if (!connection) return;
  connection->is_open();
  for (const auto& address : {connection->client, connection->service}) {
    require(parse_ip_address(to_string(address)) == address);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < sizeof(nlmsghdr)) return 0;
  std::vector<std::uint8_t> bytes(data, data + size);  // no more, so that whoever reads on is seen
  auto& header = *reinterpret_cast<nlmsghdr*>(bytes.data());
  header.nlmsg_len = static_cast<std::uint32_t>(size);
  walk_attributes(header);
  parse_socket(header);
  checks::foreign_rule(header, *parse_ip_address("10.0.0.100"));
  checks::foreign_rule(header, *parse_ip_address("fd77::100"));
  return 0;
}
