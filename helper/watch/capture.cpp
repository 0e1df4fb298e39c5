// SPDX-License-Identifier: GPL-2.0-or-later
#include "watch/capture.h"

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "loadshare/error.h"

namespace loadshare::watch {
namespace {

constexpr std::size_t longest_copy = 2048;  // headers always fit; the rest nobody reads
constexpr std::size_t packets_per_call = 32;
constexpr int calls_per_read = 8;
constexpr int room = 4 << 20;  // some 5000 packets wait while the terminal is slow
constexpr int yes = 1;
constexpr auto drop = static_cast<std::uint32_t>(0);

constexpr std::uint32_t ancillary(int field) {
  return static_cast<std::uint32_t>(SKF_AD_OFF) + static_cast<std::uint32_t>(field);
}

sock_filter instruction(int code, std::uint32_t value) {
  return {static_cast<std::uint16_t>(code), 0, 0, value};
}

/// Conditions one after the other; the first that does not hold drops the packet.
class Conditions {
 public:
  void load(int size, std::uint32_t offset) {
    program_.push_back(instruction(BPF_LD | BPF_ABS | size, offset));
  }
  void mask(std::uint32_t bits) {
    program_.push_back(instruction(BPF_ALU | BPF_AND | BPF_K, bits));
  }
  void equals(std::uint32_t value) { must_hold(BPF_JEQ, value, true); }
  void is_at_most(std::uint32_t value) { must_hold(BPF_JGT, value, false); }

  std::vector<sock_filter> program() const {
    auto whole = program_;
    whole.push_back(instruction(BPF_RET | BPF_K, longest_copy));
    whole.push_back(instruction(BPF_RET | BPF_K, drop));
    for (const auto& [at, holds_if] : jumps_) {
      auto& away = holds_if ? whole[at].jf : whole[at].jt;
      away = static_cast<std::uint8_t>(whole.size() - 1 - (at + 1));
    }
    return whole;
  }

 private:
  struct Jump {
    std::size_t at;
    bool holds_if;
  };

  void must_hold(int test, std::uint32_t value, bool holds_if) {
    jumps_.push_back({program_.size(), holds_if});
    program_.push_back(instruction(BPF_JMP | BPF_K | test, value));
  }

  std::vector<sock_filter> program_;
  std::vector<Jump> jumps_;
};

std::uint32_t word(const IpAddress& address, std::size_t at) {
  const auto octets = address.octets();
  return static_cast<std::uint32_t>(octets[at] << 24 | octets[at + 1] << 16 | octets[at + 2] << 8 |
                                    octets[at + 3]);
}

void set_option(int socket, int level, int name, const void* value, socklen_t size) {
  if (setsockopt(socket, level, name, value, size) != 0) {
    throw kernel_error("set up the capture", errno);
  }
}

/// Room for what one call of the kernel hands over.
struct Batch {
  std::array<std::array<std::uint8_t, longest_copy>, packets_per_call> bytes;
  std::array<iovec, packets_per_call> places;
  std::array<mmsghdr, packets_per_call> messages{};
  alignas(cmsghdr) std::array<std::array<char, 64>, packets_per_call> notes;

  Batch() {
    for (std::size_t at = 0; at < packets_per_call; ++at) {
      places[at] = {bytes[at].data(), bytes[at].size()};
      messages[at].msg_hdr.msg_iov = &places[at];
      messages[at].msg_hdr.msg_iovlen = 1;
      messages[at].msg_hdr.msg_control = notes[at].data();
    }
  }

  // The kernel shortens it to what it has written.
  void make_room() {
    for (std::size_t at = 0; at < packets_per_call; ++at) {
      messages[at].msg_hdr.msg_controllen = notes[at].size();
    }
  }

  timespec arrival(std::size_t at) {
    timespec time{};
    auto& header = messages[at].msg_hdr;
    for (auto* note = CMSG_FIRSTHDR(&header); note != nullptr; note = CMSG_NXTHDR(&header, note)) {
      if (note->cmsg_level == SOL_SOCKET && note->cmsg_type == SCM_TIMESTAMPNS) {
        std::memcpy(&time, CMSG_DATA(note), sizeof time);
      }
    }
    return time;
  }
};

}  // namespace

std::vector<sock_filter> only_to(const IpAddress& address) {
  Conditions conditions;
  conditions.load(BPF_W, ancillary(SKF_AD_PROTOCOL));
  conditions.equals(address.version == 4 ? ETH_P_IP : ETH_P_IPV6);
  // Neither what goes out nor what promiscuous mode lets in.
  conditions.load(BPF_W, ancillary(SKF_AD_PKTTYPE));
  conditions.is_at_most(PACKET_MULTICAST);
  // VLAN 0 is a priority alone (IEEE 802.1Q, 9.6).
  conditions.load(BPF_W, ancillary(SKF_AD_VLAN_TAG));
  conditions.mask(0x0fff);
  conditions.equals(0);
  const std::uint32_t destination = address.version == 4 ? 16 : 24;  // RFC 791, RFC 8200
  for (std::uint32_t at = 0; at < address.octets().size(); at += 4) {
    conditions.load(BPF_W, destination + at);
    conditions.equals(word(address, at));
  }
  return conditions.program();
}

Capture::Capture(const std::string& interface, const IpAddress& address)
    : interface_index_(if_nametoindex(interface.c_str())),
      socket_(::socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
  if (!socket_) throw kernel_error("open a packet socket", errno);
  auto program = only_to(address);
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  set_option(socket_.number(), SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter);
  set_option(socket_.number(), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
  set_option(socket_.number(), SOL_SOCKET, SO_TIMESTAMPNS, &yes, sizeof yes);
  // Only now: no packet comes in unfiltered. All protocols, because who asks for one of them gets
  // only what netdev ingress lets pass.
  sockaddr_ll where{};
  where.sll_family = AF_PACKET;
  where.sll_protocol = htons(ETH_P_ALL);
  where.sll_ifindex = static_cast<int>(interface_index_);
  if (interface_index_ == 0 ||
      ::bind(socket_.number(), reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0) {
    throw kernel_error("watch interface " + interface, errno);
  }
}

bool Capture::read(
    const std::function<void(std::span<const std::uint8_t>, const timespec&)>& each) const {
  Batch batch;
  for (int call = 0; call < calls_per_read; ++call) {
    batch.make_room();
    const int count =
        recvmmsg(socket_.number(), batch.messages.data(), packets_per_call, MSG_DONTWAIT, nullptr);
    // ENETDOWN is told once when the interface goes down; it may come up again.
    if (count < 0 && errno != EAGAIN && errno != EINTR && errno != ENETDOWN) {
      throw kernel_error("read the capture", errno);
    }
    for (std::size_t at = 0; count > 0 && at < static_cast<std::size_t>(count); ++at) {
      each({batch.bytes[at].data(), batch.messages[at].msg_len}, batch.arrival(at));
    }
    if (count < static_cast<int>(packets_per_call)) return false;
  }
  return true;
}

std::uint64_t Capture::lost() const {
  tpacket_stats statistics{};
  socklen_t size = sizeof statistics;
  getsockopt(socket_.number(), SOL_PACKET, PACKET_STATISTICS, &statistics, &size);
  return statistics.tp_drops;
}

}  // namespace loadshare::watch
