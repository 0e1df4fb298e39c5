// SPDX-License-Identifier: GPL-2.0-or-later
#include "clients/bucket_hash.h"

#include <array>
#include <bit>

namespace loadshare {
namespace {

// Bob Jenkins' lookup3 as in the kernel's include/linux/jhash.h, over whole 32-bit words.
struct JenkinsState {
  std::uint32_t a, b, c;

  void mix() {
    a -= c, a ^= std::rotl(c, 4), c += b;
    b -= a, b ^= std::rotl(a, 6), a += c;
    c -= b, c ^= std::rotl(b, 8), b += a;
    a -= c, a ^= std::rotl(c, 16), c += b;
    b -= a, b ^= std::rotl(a, 19), a += c;
    c -= b, c ^= std::rotl(b, 4), b += a;
  }

  std::uint32_t finish() {
    c ^= b, c -= std::rotl(b, 14);
    a ^= c, a -= std::rotl(c, 11);
    b ^= a, b -= std::rotl(a, 25);
    c ^= b, c -= std::rotl(b, 16);
    a ^= c, a -= std::rotl(c, 4);
    b ^= a, b -= std::rotl(a, 14);
    c ^= b, c -= std::rotl(b, 24);
    return c;
  }
};

std::uint32_t jenkins_hash(const std::uint32_t* words, std::size_t count, std::uint32_t seed) {
  const auto start = 0xdeadbeef + static_cast<std::uint32_t>(count * 4) + seed;
  JenkinsState state{start, start, start};
  for (; count > 3; count -= 3, words += 3) {
    state.a += words[0], state.b += words[1], state.c += words[2];
    state.mix();
  }
  if (count > 0) state.a += words[0];
  if (count > 1) state.b += words[1];
  if (count > 2) state.c += words[2];
  return state.finish();
}

// CLUSTERIP widens the port as it stands in the packet, without converting it first.
std::uint32_t port_word(std::uint16_t port) {
  return static_cast<std::uint16_t>(port << 8 | port >> 8);
}

std::uint32_t low_byte_first(const std::uint8_t* b) {
  return b[0] | std::uint32_t{b[1]} << 8 | std::uint32_t{b[2]} << 16 | std::uint32_t{b[3]} << 24;
}

// IPv4 enters as a number (CLUSTERIP uses ntohl), IPv6 as it stands in the packet.
std::size_t put_source(const IpAddress& source, std::uint32_t* words) {
  const auto& b = source.bytes;
  if (source.version == 4) {
    words[0] = static_cast<std::uint32_t>(b[0] << 24 | b[1] << 16 | b[2] << 8 | b[3]);
    return 1;
  }
  for (std::size_t word = 0; word < 4; ++word) words[word] = low_byte_first(&b[word * 4]);
  return 4;
}

}  // namespace

unsigned bucket_of(const HashInput& packet, HashMode mode, std::uint32_t seed, unsigned total) {
  std::array<std::uint32_t, 6> words{};
  auto count = put_source(packet.source, words.data());
  if (mode != HashMode::source_ip) words[count++] = port_word(packet.source_port);
  if (mode == HashMode::source_ip_source_port_dest_port) {
    words[count++] = port_word(packet.dest_port);
  }
  const std::uint64_t hash = jenkins_hash(words.data(), count, seed);
  return static_cast<unsigned>(hash * total >> 32) + 1;
}

}  // namespace loadshare
