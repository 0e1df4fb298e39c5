// SPDX-License-Identifier: GPL-2.0-or-later
// The rules that may stand in the way of CLUSTERIP's.
#include <gtest/gtest.h>
#include <linux/netfilter_ipv4/ip_tables.h>

#include <cstring>

#include "builders.h"
#include "kernel/clusterip/rule.h"

namespace loadshare::test {
namespace {

using clusterip::may_take;

// A rule as `iptables -A INPUT` makes it without any match.
ipt_entry any_packet() {
  ipt_entry entry{};
  entry.target_offset = entry.next_offset = sizeof entry;
  return entry;
}

void set_interface(ipt_entry& entry, const std::string& name, std::size_t mask_size) {
  std::memcpy(entry.ip.iniface, name.data(), name.size());
  std::memset(entry.ip.iniface_mask, 0xff, mask_size);
}

void set_destination(ipt_entry& entry, const char* address, std::uint32_t mask) {
  std::memcpy(&entry.ip.dst, ip(address).bytes.data(), 4);
  std::memcpy(&entry.ip.dmsk, &mask, 4);
}

TEST(MayTake, DependsOnInterfaceAndDestination) {
  const struct {
    const char* what;
    void (*change)(ipt_entry&);
    bool expected;
  } rows[] = {
      {"any packet", [](ipt_entry&) {}, true},
      {"-i eth0", [](ipt_entry& e) { set_interface(e, "eth0", 5); }, true},
      {"-i eth1", [](ipt_entry& e) { set_interface(e, "eth1", 5); }, false},
      {"-i eth", [](ipt_entry& e) { set_interface(e, "eth", 4); }, false},
      {"-i eth00", [](ipt_entry& e) { set_interface(e, "eth00", 6); }, false},
      {"-i lo", [](ipt_entry& e) { set_interface(e, "lo", 3); }, false},
      {"-i eth+", [](ipt_entry& e) { set_interface(e, "eth+", 3); }, true},
      {"-i eth0+", [](ipt_entry& e) { set_interface(e, "eth0+", 4); }, true},
      {"-i ens+", [](ipt_entry& e) { set_interface(e, "ens+", 3); }, false},
      {"-i +", [](ipt_entry& e) { set_interface(e, "+", 0); }, true},
      {"! -i eth0",
       [](ipt_entry& e) {
         set_interface(e, "eth0", 5);
         e.ip.invflags = IPT_INV_VIA_IN;
       },
       false},
      {"! -i lo",
       [](ipt_entry& e) {
         set_interface(e, "lo", 3);
         e.ip.invflags = IPT_INV_VIA_IN;
       },
       true},
      {"-d 10.0.0.100", [](ipt_entry& e) { set_destination(e, "10.0.0.100", 0xffffffff); }, true},
      {"-d 10.0.0.101", [](ipt_entry& e) { set_destination(e, "10.0.0.101", 0xffffffff); }, false},
      {"-d 10.0.0.0/24", [](ipt_entry& e) { set_destination(e, "10.0.0.0", 0x00ffffff); }, true},
      {"-d 10.0.1.0/24", [](ipt_entry& e) { set_destination(e, "10.0.1.0", 0x00ffffff); }, false},
      {"! -d 10.0.0.100",
       [](ipt_entry& e) {
         set_destination(e, "10.0.0.100", 0xffffffff);
         e.ip.invflags = IPT_INV_DSTIP;
       },
       false},
      {"! -d 10.0.0.101",
       [](ipt_entry& e) {
         set_destination(e, "10.0.0.101", 0xffffffff);
         e.ip.invflags = IPT_INV_DSTIP;
       },
       true},
      {"-i eth1 -d 10.0.0.100",
       [](ipt_entry& e) {
         set_interface(e, "eth1", 5);
         set_destination(e, "10.0.0.100", 0xffffffff);
       },
       false},
      // In doubt yes: some packets to the address match.
      {"-p tcp", [](ipt_entry& e) { e.ip.proto = 6; }, true},
      {"-s 192.0.2.0/24",
       [](ipt_entry& e) {
         std::memcpy(&e.ip.src, ip("192.0.2.0").bytes.data(), 4);
         e.ip.smsk.s_addr = 0x00ffffff;
       },
       true},
      {"-f", [](ipt_entry& e) { e.ip.flags = IPT_F_FRAG; }, true},
      {"-m conntrack …", [](ipt_entry& e) { e.target_offset = sizeof e + 40; }, true},
  };
  for (const auto& row : rows) {
    auto entry = any_packet();
    row.change(entry);
    EXPECT_EQ(may_take(entry, "DROP", ip("10.0.0.100"), "eth0"), row.expected) << row.what;
  }
}

TEST(MayTake, IsTrueForTargetsThatEndThePacketsWay) {
  for (const char* target : {"ACCEPT", "DROP", "QUEUE", "RETURN", "REJECT", "NFQUEUE", "TARPIT",
                             "a-user-chain", "LOG-and-drop", "something-from-the-future"}) {
    EXPECT_TRUE(may_take(any_packet(), target, ip("10.0.0.100"), "eth0")) << target;
  }
}

TEST(MayTake, IsFalseForTargetsThatLetThePacketGoOn) {
  for (const char* target : {"", "LOG", "NFLOG", "MARK", "CONNMARK", "SET", "TRACE", "CLUSTERIP"}) {
    EXPECT_FALSE(may_take(any_packet(), target, ip("10.0.0.100"), "eth0")) << target;
  }
}

}  // namespace
}  // namespace loadshare::test
