// SPDX-License-Identifier: GPL-2.0-or-later
// traffic knock: which node accepts the new connections of each bucket, to the millisecond?
#include <net/ethernet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <deque>
#include <iostream>
#include <map>
#include <random>

#include "arguments.h"
#include "commands.h"
#include "loadshare/request.h"
#include "pings.h"
#include "probes.h"
#include "sockets.h"

namespace traffic {

namespace {

using Moment =
    std::chrono::system_clock::time_point;  ///< to be compared with other programs' clocks

/// An answer may take that long.
constexpr Milliseconds patience{250};
/// How long a second answer is waited for.
constexpr Milliseconds memory{4000};
constexpr std::size_t most_told = 200;
/// Below those that the kernel gives to connections without a port of their own.
constexpr std::uint16_t first_port = 10000, last_port = 32000;

constexpr auto explanation =
    R"(knock: sends SYNs of every bucket in turn, from many clients and ports, and sees who answers
Prints "ready", and for each SIGUSR1 and at the end (SIGTERM) what happened since the last time:
  window MS                     how long that was
  sent N, lost N                SYNs; what was sent just now counts the next time
  duplicate N                   SYNs that a second node answered too
  holder BUCKET MAC             who answered the bucket's last SYN that was answered
  taken BUCKET MAC US GAP LOST  a bucket's new holder: when the first SYN that it answered was sent
                                (microseconds since 1970), how many microseconds after the last that
                                the holder before answered, and when the last that was lost was sent
  missed N                      frames that were not seen
  duplicate-at US BUCKET CLIENT PORT MAC MAC AGE
                                how many microseconds after the SYN; the first 200 of these and of
                                the new holders
  end
With --acknowledge it sends ACKs of connections that nobody knows instead: an answer is a reset.)";

struct Options {
  std::string interface;
  IpAddress address;
  MacAddress mac;
  std::uint16_t port = 0;
  std::vector<IpAddress> clients;
  loadshare::HashMode mode{};
  unsigned total = 0;
  std::uint32_t seed = 0;
  Milliseconds interval{3};
  bool acknowledge = false;
};

struct Knock {
  Probe probe;
  unsigned bucket = 0;
  Moment sent;
  std::optional<MacAddress> answered_by;
};

struct Holder {
  MacAddress node;
  Moment last_sent;  ///< the youngest SYN that it answered
};

using Endpoint = std::pair<IpAddress, std::uint16_t>;

/// What is printed and then forgotten.
struct Window {
  Moment begin = std::chrono::system_clock::now();
  std::uint64_t sent = 0, lost = 0, duplicates = 0;
  std::vector<std::string> told;
};

long long microseconds(std::chrono::system_clock::duration duration) {
  return std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
}
std::string text_of(Moment moment) {
  return std::to_string(microseconds(moment.time_since_epoch()));
}

Options read_options(const Arguments& arguments) {
  namespace po = boost::program_options;
  OptionReader reader(explanation);
  Options options;
  std::string address, mac, port, first, count, mode, total, seed, interval;
  auto add = reader.described.add_options();
  add("interface", po::value(&options.interface)->required(), "where to send and to listen");
  add("address", po::value(&address)->required(), "the cluster's address");
  add("mac", po::value(&mac)->required(), "the cluster's MAC");
  add("port", po::value(&port)->default_value("7"), "of the servers, open or not");
  add("first", po::value(&first)->required(), "the first client's address, held here");
  add("clients", po::value(&count)->default_value("64"), "how many consecutive addresses knock");
  add("mode", po::value(&mode)->default_value("sourceip-sourceport"),
      "sourceip[-sourceport[-destport]]");
  add("total", po::value(&total)->default_value("6"), "number of buckets");
  add("seed", po::value(&seed)->default_value("0"), "of the hash");
  add("interval", po::value(&interval)->default_value("3"), "ms between two SYNs of a bucket");
  add("acknowledge", po::bool_switch(&options.acknowledge), "ACKs instead of SYNs");
  reader.read(arguments);
  options.address = ip_address(address);
  options.mac = mac_address(mac);
  options.port = static_cast<std::uint16_t>(number(port, 65535));
  options.clients = consecutive(ip_address(first), std::max(1U, number(count, 65536)));
  options.mode = loadshare::value::hash_mode(mode);
  options.total = std::max(1U, number(total, 65535));
  options.seed = number(seed, ~0U);
  options.interval = Milliseconds(std::max(1U, number(interval, 60'000)));
  return options;
}

/// Makes the SYN an ACK.
void acknowledge(std::vector<std::uint8_t>& frame, const Probe& probe) {
  constexpr std::size_t flags = 13, checksum = 16;
  const std::size_t ip_header = probe.source.version == 4 ? 20 : 40;
  const auto segment = std::span(frame).subspan(ETHER_HDR_LEN + ip_header);
  segment[flags] = 0x10;
  segment[checksum] = segment[checksum + 1] = 0;
  const auto sum = transport_checksum(probe.source, probe.destination, IPPROTO_TCP, segment);
  segment[checksum] = static_cast<std::uint8_t>(sum >> 8U);
  segment[checksum + 1] = static_cast<std::uint8_t>(sum);
}

class Door {
 public:
  explicit Door(const Options& options)
      : options_(options),
        capture_(open_capture(options.interface,
                              options.address.version == 4 ? ETHERTYPE_IP : ETHERTYPE_IPV6)),
        sender_(open_frame_sender(options.interface)),
        own_mac_(interface_mac(sender_, options.interface)) {}

  void run() {
    const std::array descriptors{stop_.number(), mark_.number(), capture_.number()};
    while (!signal_arrived(stop_)) {
      wait_readable(descriptors, Clock::now() + Milliseconds(1));
      take_frames();
      knock_where_due();
      if (signal_arrived(mark_)) {
        take_frames();
        report();
      }
    }
    report();
  }

  bool all_right() const { return !any_wrong_; }

 private:
  // ---- Knocking

  /// The buckets take turns. What a busy machine made us miss is left out.
  void knock_where_due() {
    const auto turns = static_cast<std::uint64_t>((Clock::now() - start_) * options_.total /
                                                  std::chrono::nanoseconds(options_.interval));
    if (turns > turns_ + options_.total) turns_ = turns - options_.total;
    for (; turns_ < turns; ++turns_) knock(static_cast<unsigned>(turns_ % options_.total) + 1);
  }

  void knock(unsigned bucket) {
    const auto now = std::chrono::system_clock::now();
    forget_old(now);
    const auto probe = probe_of(bucket);
    if (!probe) return;
    const Endpoint endpoint{probe->source, probe->source_port};
    if (knocks_.contains(endpoint)) return;  // one that is as old as `last_port` allows
    knocks_.emplace(endpoint, Knock{*probe, bucket, now, {}});
    in_order_.push_back(endpoint);
    ++window_.sent;
    auto frame = build_frame(*probe, own_mac_, options_.mac);
    if (options_.acknowledge) acknowledge(frame, *probe);
    send_frame(sender_, frame);
  }

  /// A client and port of that bucket; nothing if 64 clients happen to have none by their address.
  std::optional<Probe> probe_of(unsigned bucket) {
    for (std::size_t tried = 0; tried < 64 * options_.clients.size(); ++tried) {
      next_port_ =
          next_port_ == last_port ? first_port : static_cast<std::uint16_t>(next_port_ + 1);
      const IpAddress& client = options_.clients[random_() % options_.clients.size()];
      if (bucket_of({client, next_port_, options_.port}, options_.mode, options_.seed,
                    options_.total) == bucket) {
        return Probe{0, ProbeProtocol::tcp, client, options_.address, next_port_, options_.port};
      }
    }
    return std::nullopt;
  }

  void forget_old(Moment now) {
    while (!in_order_.empty()) {
      const auto oldest = knocks_.find(in_order_.front());
      if (oldest->second.sent + memory > now) return;
      knocks_.erase(oldest);
      in_order_.pop_front();
    }
  }

  // ---- Listening

  void take_frames() {
    std::array<std::uint8_t, 128> buffer;  // headers are enough
    while (const auto frame = receive(capture_, buffer)) {
      const auto packet = parse_tcp_from(options_.address, options_.port, *frame);
      if (packet) note_answer(*packet);
    }
  }

  /// A SYN+ACK, or the reset of a closed port. The kernel resets what it knows of no socket for.
  void note_answer(const IpPacket& packet) {
    const auto found =
        knocks_.find({packet.destination, big_endian_16(packet.transport.subspan(2))});
    if (found == knocks_.end()) return;
    Knock& knock = found->second;
    if (!knock.answered_by) {
      knock.answered_by = packet.ethernet_source;
      note_holder(knock);
    } else if (*knock.answered_by != packet.ethernet_source) {
      ++window_.duplicates;
      const auto now = std::chrono::system_clock::now();
      tell("duplicate-at " + text_of(now) + ' ' + std::to_string(knock.bucket) + ' ' +
           to_string(packet.destination) + ' ' + std::to_string(knock.probe.source_port) + ' ' +
           to_string(*knock.answered_by) + ' ' + to_string(packet.ethernet_source) + ' ' +
           std::to_string(microseconds(now - knock.sent)));
    }
  }

  void note_holder(const Knock& knock) {
    const MacAddress& node = *knock.answered_by;
    const auto [place, first] = holders_.emplace(knock.bucket, Holder{node, knock.sent});
    Holder& holder = place->second;
    if (!first && holder.node != node) {
      tell("taken " + std::to_string(knock.bucket) + ' ' + to_string(node) + ' ' +
           text_of(knock.sent) + ' ' + std::to_string(microseconds(knock.sent - holder.last_sent)) +
           ' ' + text_of(last_lost_before(knock)));
    }
    holder = {node, knock.sent};
  }

  /// When the bucket's last SYN before `knock` that nobody has answered was sent; 1970 if none was.
  Moment last_lost_before(const Knock& knock) const {
    for (auto endpoint = in_order_.rbegin(); endpoint != in_order_.rend(); ++endpoint) {
      const Knock& other = knocks_.at(*endpoint);
      if (other.bucket == knock.bucket && other.sent < knock.sent && !other.answered_by) {
        return other.sent;
      }
    }
    return {};
  }

  // ---- Telling

  void tell(const std::string& text) {
    if (window_.told.size() < most_told) window_.told.push_back(text);
  }

  /// SYNs without an answer; those of just now are left to the next window.
  std::uint64_t count_lost(Moment now) const {
    const auto from = window_.begin - patience, until = now - patience;
    return static_cast<std::uint64_t>(std::ranges::count_if(knocks_, [&](const auto& entry) {
      const Knock& knock = entry.second;
      return !knock.answered_by && knock.sent >= from && knock.sent < until;
    }));
  }

  void report() {
    const auto now = std::chrono::system_clock::now();
    std::cout << "window " << microseconds(now - window_.begin) / 1000 << "\nsent " << window_.sent
              << "\nlost " << count_lost(now) << "\nduplicate " << window_.duplicates << '\n';
    for (const auto& [bucket, holder] : holders_) {
      std::cout << "holder " << bucket << ' ' << to_string(holder.node) << '\n';
    }
    std::cout << "missed " << missed_frames(capture_) << '\n';
    for (const std::string& text : window_.told) std::cout << text << '\n';
    std::cout << "end" << std::endl;
    any_wrong_ = any_wrong_ || window_.duplicates != 0;
    window_ = {};
  }

  const Options& options_;
  FileDescriptor stop_ = termination_signal();
  FileDescriptor mark_ = signal_descriptor({SIGUSR1});
  FileDescriptor capture_;
  FileDescriptor sender_;
  MacAddress own_mac_;
  // Others than those of another that runs at the same time: each hears the answers to both.
  std::mt19937 random_{std::random_device{}()};
  std::uint16_t next_port_ = std::uniform_int_distribution{first_port, last_port}(random_);
  std::map<Endpoint, Knock> knocks_;
  std::deque<Endpoint> in_order_;  ///< of `knocks_`, oldest first
  std::map<unsigned, Holder> holders_;
  Clock::time_point start_ = Clock::now();
  std::uint64_t turns_ = 0;
  Window window_;
  bool any_wrong_ = false;
};

}  // namespace

int knock(const Arguments& arguments) {
  const Options options = read_options(arguments);
  Door door(options);
  std::cout << "ready" << std::endl;
  door.run();
  return door.all_right() ? 0 : 1;
}

}  // namespace traffic
