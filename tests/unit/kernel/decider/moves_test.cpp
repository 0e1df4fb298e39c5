// SPDX-License-Identifier: GPL-2.0-or-later
// What the program takes of a bucket as time goes by: leased, drained, spared. Connections are real
// ones of this process, and frames are of them.
#include <netinet/in.h>

#include <chrono>

#include "kernel/decider/judge.h"
#include "own_namespace.h"
#include "tcp_connection.h"

namespace loadshare::decider {
namespace {

using namespace std::chrono_literals;
using test::ip;

enum class Flags : std::uint8_t { syn = 0x02, ack = 0x10, syn_ack = 0x12, fin_ack = 0x11 };

/// Who talks: the client's side of a connection.
struct Flow {
  IpAddress client, service;
  std::uint16_t client_port, service_port;
};

Flow flow_of(const test::TcpConnection& connection) {
  return {connection.client(), connection.service(), connection.client_port(),
          connection.service_port()};
}

Bytes to(const IpAddress& service, Bytes packet) {
  const auto octets = service.octets();
  std::copy(octets.begin(), octets.end(), packet.begin() + (service.version == 4 ? 16 : 24));
  return packet;
}

Bytes packet_of(const Flow& flow, std::uint8_t protocol, const Bytes& payload) {
  const auto packet = flow.service.version == 4 ? ip4(protocol, payload) : ip6(protocol, payload);
  return to(flow.service, from(flow.client, packet));
}

Bytes tcp_of(const Flow& flow, Flags flags) {
  return packet_of(flow, IPPROTO_TCP,
                   number(flow.client_port) + number(flow.service_port) + Bytes(8, 0) +
                       Bytes{0x50, static_cast<std::uint8_t>(flags), 0, 0, 0, 0, 0, 0});
}

Bytes udp_of(const Flow& flow) {
  return packet_of(flow, IPPROTO_UDP,
                   number(flow.client_port) + number(flow.service_port) + Bytes{0, 8, 0, 0});
}

/// Somebody tells that a packet of the connection did not reach the client.
Bytes error_about(const Flow& flow) {
  const Flow answer{flow.service, flow.client, flow.service_port, flow.client_port};
  const bool is_ip4 = flow.service.version == 4;
  return packet_of(flow,
                   static_cast<std::uint8_t>(is_ip4 ? int{IPPROTO_ICMP} : int{IPPROTO_ICMPV6}),
                   icmp(is_ip4 ? 3 : 1, tcp_of(answer, Flags::ack)));
}

struct Place {
  const char* name;
  const char* service;
  test::Listener listener;
};

/// A node whose one bucket moves, and a connection that it has.
class DeciderMoves : public DeciderTest, public testing::WithParamInterface<Place> {
 protected:
  void SetUp() override {
    DeciderTest::SetUp();
    if (IsSkipped()) return;
    if (!node()) node().emplace();
    namespace_.emplace();
    connection_.emplace(service_, GetParam().listener);
    known_ = flow_of(*connection_);
    unknown_ = known_;
    unknown_.client_port ^= 1;
    auto filter = a_filter_by(HashMode::source_ip, 1);
    filter.drain = 30s;
    holdings().put(service_, filter, {1});
  }
  static void TearDownTestSuite() { node().reset(); }

  Holdings& holdings() { return node()->holdings(); }
  void drain(std::chrono::milliseconds lifetime = 30s) { holdings().drain(service_, 1, lifetime); }
  void spare(std::chrono::milliseconds lifetime = 30s) { holdings().spare(service_, 1, lifetime); }

  bool passes(const Bytes& packet) { return node()->passes(frame_of(packet)); }
  bool passes(const Flow& flow, Flags flags) { return passes(tcp_of(flow, flags)); }

  static std::optional<Judge>& node() {
    static std::optional<Judge> judge;
    return judge;
  }

  const IpAddress service_ = ip(GetParam().service);
  std::optional<test::OwnNamespace> namespace_;
  std::optional<test::TcpConnection> connection_;
  Flow known_{}, unknown_{};
};

TEST_P(DeciderMoves, OwnedForEverTakeAll) {
  for (const auto& flow : {known_, unknown_}) {
    for (const auto flags : {Flags::syn, Flags::ack, Flags::syn_ack, Flags::fin_ack}) {
      EXPECT_TRUE(passes(flow, flags));
    }
    EXPECT_TRUE(passes(udp_of(flow)));
    EXPECT_TRUE(passes(error_about(flow)));
  }
}

TEST_P(DeciderMoves, GivenUpTakeNothing) {
  holdings().give_up(service_, 1);
  EXPECT_FALSE(passes(known_, Flags::syn));
  EXPECT_FALSE(passes(known_, Flags::ack));
  EXPECT_FALSE(passes(udp_of(known_)));
  EXPECT_FALSE(passes(error_about(known_)));
}

TEST_P(DeciderMoves, DrainedTakeOnlyWhatTheNodeHasASocketOf) {
  drain();
  EXPECT_TRUE(passes(known_, Flags::ack));
  EXPECT_TRUE(passes(known_, Flags::fin_ack));
  EXPECT_TRUE(passes(known_, Flags::syn_ack)) << "begins nothing";
  EXPECT_FALSE(passes(unknown_, Flags::ack)) << "the socket that listens is no connection";
  EXPECT_FALSE(passes(unknown_, Flags::syn));
  EXPECT_FALSE(passes(udp_of(known_)));
}

// Nobody answers them, and either node may have the connection.
TEST_P(DeciderMoves, DrainedTakeErrorsOfConnections) {
  drain();
  EXPECT_TRUE(passes(error_about(known_)));
  EXPECT_TRUE(passes(error_about(unknown_)));
}

TEST_P(DeciderMoves, DrainedTakeThatWhateverIsHashed) {
  for (const auto mode : all_modes) {
    auto filter = a_filter_by(mode, 1);
    filter.drain = 30s;
    holdings().put(service_, filter, {1});
    drain();
    EXPECT_TRUE(passes(known_, Flags::ack));
    EXPECT_FALSE(passes(unknown_, Flags::ack));
  }
}

// The client's port is used anew, and the new owner answers.
TEST_P(DeciderMoves, DrainedLoseAConnectionThatBeginsElsewhere) {
  drain();
  EXPECT_FALSE(passes(known_, Flags::syn));
  EXPECT_FALSE(passes(known_, Flags::ack)) << "whatever socket is there";
  holdings().own(service_, 1, std::nullopt);
  spare();
  EXPECT_FALSE(passes(known_, Flags::ack)) << "nor when the bucket comes back";
  EXPECT_TRUE(passes(known_, Flags::syn));
  EXPECT_TRUE(passes(known_, Flags::ack)) << "begun here";
}

TEST_P(DeciderMoves, DrainedEnd) {
  drain(-1ms);
  EXPECT_FALSE(passes(known_, Flags::ack));
  EXPECT_FALSE(passes(error_about(known_)));
  drain();
  holdings().end_drain(service_, 1);
  EXPECT_FALSE(passes(known_, Flags::ack));
}

TEST_P(DeciderMoves, SparedLeaveToOthersWhatTheNodeHasNoSocketOf) {
  spare();
  EXPECT_TRUE(passes(known_, Flags::ack));
  EXPECT_FALSE(passes(unknown_, Flags::ack));
  EXPECT_TRUE(passes(unknown_, Flags::syn)) << "what begins is the owner's";
  EXPECT_TRUE(passes(udp_of(unknown_)));
  EXPECT_TRUE(passes(error_about(unknown_)));
  spare(-1ms);
  EXPECT_TRUE(passes(unknown_, Flags::ack));
}

TEST_P(DeciderMoves, SparedAndNotOwnedTakeNothing) {
  holdings().give_up(service_, 1);
  spare();
  EXPECT_FALSE(passes(known_, Flags::ack));
  EXPECT_FALSE(passes(known_, Flags::syn));
}

TEST_P(DeciderMoves, EstrangedConnectionsAreNobodysHereUntilTheyBeginAnew) {
  spare();
  const Connection stranger{known_.client, known_.service, known_.client_port, known_.service_port};
  holdings().estrange(stranger, 30s);
  EXPECT_FALSE(passes(known_, Flags::ack));
  EXPECT_TRUE(passes(known_, Flags::syn));
  EXPECT_TRUE(passes(known_, Flags::ack));
  holdings().estrange(stranger, -1s);
  EXPECT_TRUE(passes(known_, Flags::ack)) << "time is over";
}

TEST_P(DeciderMoves, OfAnAddressThatGoesForgetItsStrangers) {
  holdings().estrange({known_.client, known_.service, known_.client_port, known_.service_port},
                      30s);
  auto filter = a_filter_by(HashMode::source_ip, 1);
  holdings().put(service_, filter, {1});
  spare();
  EXPECT_TRUE(passes(known_, Flags::ack));
}

TEST_P(DeciderMoves, LeasedEndByThemselves) {
  holdings().own(service_, 1, -1ms);
  EXPECT_FALSE(passes(udp_of(known_)));
  holdings().own(service_, 1, 30s);
  EXPECT_TRUE(passes(udp_of(known_)));
  holdings().own(service_, 1, std::nullopt);
  EXPECT_TRUE(passes(udp_of(known_)));
}

// By the clock that goes on in suspend; to the millisecond.
TEST_P(DeciderMoves, LeasedEndWhenTheirTimeIsOver) {
  using Clock = std::chrono::steady_clock;
  const auto before = Clock::now();
  holdings().own(service_, 1, 20ms);
  const auto after = Clock::now();
  const auto packet = frame_of(udp_of(known_));
  auto asked = Clock::now();
  for (bool last = true; last && asked < after + 1s;) {
    asked = Clock::now();
    last = node()->passes(packet);
    if (last) {
      EXPECT_LT(asked, after + 20ms);
    } else {
      EXPECT_GE(Clock::now(), before + 20ms - 1ms);
    }
  }
  EXPECT_LT(asked, after + 1s) << "it never ended";
}

INSTANTIATE_TEST_SUITE_P(Services, DeciderMoves,
                         testing::Values(Place{"Ip4", "127.9.8.7", test::Listener::on_the_address},
                                         Place{"Ip6", "::1", test::Listener::on_the_address},
                                         Place{"Ip4OfAnIp6Socket", "127.9.8.7",
                                               test::Listener::on_any_ip6}),
                         [](const auto& chosen) { return std::string(chosen.param.name); });

}  // namespace
}  // namespace loadshare::decider
