// SPDX-License-Identifier: GPL-2.0-or-later
// Whole frames over a cable to the program at its interface, for what BPF_PROG_TEST_RUN does not
// give: headers in several pieces of memory, and tags that the kernel keeps beside the frame. What
// was decided, the program's own counters tell.
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstring>

#include "base/program.h"
#include "kernel/decider/judge.h"
#include "own_namespace.h"

namespace loadshare::decider {
namespace {

using namespace std::chrono_literals;
using test::ip;

/// As in linux/virtio_net.h, which C++ cannot read.
struct Layout {
  std::uint8_t flags, kind;
  std::uint16_t in_one_piece, segment_size, checksum_start, checksum_offset;
};

constexpr char node_end[] = "node0", client_end[] = "client0";

/// A cable whose node's end has the program, which owns every bucket.
class DeciderFrames : public DeciderTest {
 protected:
  void SetUp() override {
    DeciderTest::SetUp();
    if (IsSkipped()) return;
    namespace_.emplace();
    const auto made = run_program({"ip", "link", "add", node_end, "mtu", "9000", "type", "veth",
                                   "peer", "name", client_end, "mtu", "9000"},
                                  30s);
    if (made.exit_status != 0) GTEST_SKIP() << "this kernel has no veth";
    netlink::Socket route(NETLINK_ROUTE);
    for (const char* name : {node_end, client_end}) link::raise_interface(route, name);
    program_.emplace();
    for (const auto& cluster : {cluster4, cluster6}) {
      program_->holdings().put(ip(cluster),
                               a_filter_by(HashMode::source_ip_source_port_dest_port, 1), {1});
    }
    program_->attach(bpf::Hook(node_end, bpf::Direction::ingress));
    wire_ = FileDescriptor(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
    const int on = 1;
    ASSERT_EQ(setsockopt(wire_.number(), SOL_PACKET, PACKET_VNET_HDR, &on, sizeof on), 0);
  }

  /// Only so many bytes of it in one piece of memory.
  void send(const Bytes& frame, std::size_t in_one_piece = ethernet_size) {
    Layout layout{};
    layout.in_one_piece = static_cast<std::uint16_t>(in_one_piece);
    std::array<iovec, 2> parts{iovec{&layout, sizeof layout},
                               iovec{const_cast<std::uint8_t*>(frame.data()), frame.size()}};
    sockaddr_ll to{};
    to.sll_family = AF_PACKET;
    to.sll_ifindex = static_cast<int>(if_nametoindex(client_end));
    msghdr message{};
    message.msg_name = &to;
    message.msg_namelen = sizeof to;
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    ASSERT_EQ(sendmsg(wire_.number(), &message, 0),
              static_cast<ssize_t>(sizeof layout + frame.size()))
        << std::strerror(errno);
  }

  std::uint64_t accepted(const std::string& address) {
    return program_->holdings().state_of(ip(address)).counters.accepted.at(1);
  }

  /// A veth hands over in the kernel's background; usually before sendmsg(2) returns.
  void expect_accepted(const std::string& address, std::uint64_t wanted) {
    for (int waits = 0; waits < 1000 && accepted(address) < wanted; ++waits) usleep(1000);
    EXPECT_EQ(accepted(address), wanted);
  }

 private:
  std::optional<test::OwnNamespace> namespace_;
  std::optional<Program> program_;
  FileDescriptor wire_{-1};
};

/// So large that the kernel makes pieces of it if it is asked to.
const Bytes much = Bytes(6000, 0x5a);

TEST_F(DeciderFrames, AreReadWhereverTheirHeadersLie) {
  const Bytes hop{IPPROTO_UDP, 0, 0, 0, 0, 0, 0, 0};
  std::uint64_t sent4 = 0, sent6 = 0;
  for (const std::size_t in_one_piece : {14U, 15U, 20U, 33U, 34U, 36U, 40U, 53U, 54U, 58U, 64U}) {
    for (const auto& packet :
         {ip4(IPPROTO_UDP, udp + much), ip4(IPPROTO_UDP, udp + much, 0, Bytes(8, 1)),
          ip4(IPPROTO_ICMP, icmp(3, quote4(IPPROTO_UDP, answered_ports + much)))}) {
      send(frame_of(packet), in_one_piece);
      expect_accepted(cluster4, ++sent4);
    }
    for (const auto& packet :
         {ip6(IPPROTO_UDP, udp + much), ip6(IPPROTO_HOPOPTS, hop + udp + much),
          ip6(IPPROTO_ICMPV6, icmp(1, quote6(IPPROTO_UDP, answered_ports + much)))}) {
      send(frame_of(packet), in_one_piece);
      expect_accepted(cluster6, ++sent6);
    }
    ASSERT_FALSE(HasFailure()) << in_one_piece << " bytes in one piece";
  }
}

Bytes tagged(const Bytes& packet, unsigned tag) {
  return frame_of(number(tag) + number(packet.front() >> 4 == 4 ? type_ip4 : type_ip6) + packet,
                  type_vlan);
}

TEST_F(DeciderFrames, WithATagAreReadWhereItHasNoNumber) {
  send(tagged(ip4(IPPROTO_UDP, udp), 0));
  send(tagged(ip6(IPPROTO_UDP, udp), 0xe000));
  expect_accepted(cluster4, 1);
  expect_accepted(cluster6, 1);
  send(tagged(ip4(IPPROTO_UDP, udp), 5));
  send(tagged(ip6(IPPROTO_UDP, udp), 0xe005));
  send(frame_of(ip4(IPPROTO_UDP, udp)));
  send(frame_of(ip6(IPPROTO_UDP, udp)));
  expect_accepted(cluster4, 2);
  expect_accepted(cluster6, 2);
}

TEST_F(DeciderFrames, ToEverybodyAreNone) {
  for (const char* to : {"ff:ff:ff:ff:ff:ff", "02:00:00:00:00:02"}) {
    auto frame = frame_of(ip4(IPPROTO_UDP, udp));
    const auto receiver = test::mac(to);
    std::copy(receiver.bytes.begin(), receiver.bytes.end(), frame.begin());
    send(frame);
  }
  send(frame_of(ip4(IPPROTO_UDP, udp)));
  expect_accepted(cluster4, 1);
}

}  // namespace
}  // namespace loadshare::decider
