// SPDX-License-Identifier: GPL-2.0-or-later
// A node's tables, with nothing in them when a test begins.
#pragma once

#include <netinet/in.h>

#include "kernel/decider/judge.h"

namespace loadshare::decider {

class DeciderHoldings : public DeciderTest {
 protected:
  void SetUp() override {
    DeciderTest::SetUp();
    if (IsSkipped()) return;
    if (!node()) node().emplace();
    for (const auto& address : holdings().addresses()) holdings().take_out(address);
  }
  static void TearDownTestSuite() { node().reset(); }

  static std::optional<Judge>& node() {
    static std::optional<Judge> judge;
    return judge;
  }
  Holdings& holdings() { return node()->holdings(); }
  void put(const std::string& address, unsigned total, const std::set<unsigned>& buckets = {}) {
    holdings().put(test::ip(address), a_filter_by(HashMode::source_ip, total), buckets);
  }

  decider_address parameters_of(const std::string& address) {
    const auto key = bpf::key_of(test::ip(address));
    decider_address parameters{};
    EXPECT_EQ(bpf_map_lookup_elem(holdings().files().addresses.number(), &key, &parameters), 0);
    return parameters;
  }
  void change(const std::string& address, const decider_address& parameters) {
    const auto key = bpf::key_of(test::ip(address));
    bpf_map_update_elem(holdings().files().addresses.number(), &key, &parameters, BPF_EXIST);
  }
  unsigned first_cell(const std::string& address) { return parameters_of(address).first_cell; }

  bool passes(const std::string& address, const std::string& client) {
    auto packet = from(test::ip(client), test::ip(address).version == 4 ? ip4(IPPROTO_UDP, udp)
                                                                        : ip6(IPPROTO_UDP, udp));
    const auto destination = test::ip(address);
    const auto octets = destination.octets();
    std::copy(octets.begin(), octets.end(), packet.begin() + (packet[0] >> 4 == 4 ? 16 : 24));
    return node()->passes(frame_of(packet));
  }
};

}  // namespace loadshare::decider
