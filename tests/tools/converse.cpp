// SPDX-License-Identifier: GPL-2.0-or-later
// traffic converse: many TCP connections that never pause. Which end, what is corrupted, who
// speaks?
#include <net/ethernet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <deque>
#include <iostream>
#include <map>
#include <vector>

#include "arguments.h"
#include "commands.h"
#include "pings.h"
#include "sockets.h"

namespace traffic {

namespace {

/// A connection that is not greeted by then is tried anew, as is one that has ended.
constexpr Milliseconds patience{500};
constexpr Milliseconds pause_before_another{100};
constexpr std::size_t most_told = 200;

constexpr auto explanation =
    R"(converse: keeps a TCP connection from each of many clients to a `traffic serve`
Each sends a few bytes at a steady pace and compares what comes back. One that has ended is opened
anew, from another port. Prints "ready" when all are open, and for each SIGUSR1 and at the end
(SIGTERM) what happened since the last time:
  window MS                     how long that was
  open N, opening N             connections now
  ended N                       connections that ended
  wrong N                       bytes that came back otherwise than they were sent
  torn N                        times that a node spoke in another's connection, but for a reset that
                                ended it
  late N                        times that a node went on to speak behind another's reset: it sends
                                anew what was not acknowledged to it
  silence MS SILENT             the longest time that sent bytes have waited to come back; how many
                                connections waited longer than SILENCE
  node NAME CONNECTIONS         who serves how many of those open
  missed N                      frames that were not seen: torn may be too low
  ended-at US CLIENT PORT NODE REASON MS [MAC]
                                when (microseconds since 1970); how long it had waited by then; who
                                has reset it, if not its own node
  torn-at US CLIENT PORT MAC MAC
                                whose connection, who spoke; the first 200 of both
  end)";

struct Options {
  std::string interface;
  IpAddress address;
  std::uint16_t port = 0;
  std::vector<IpAddress> clients;
  Milliseconds interval{20};
  Milliseconds silence{100};
  std::size_t size = 0;
};

/// Bytes that are on their way there or back.
struct Chunk {
  std::uint64_t end;  ///< the stream's length behind it
  Clock::time_point sent;
};

struct Conversation {
  IpAddress client;
  FileDescriptor socket{-1};  ///< -1 between two connections
  std::uint16_t port = 0;
  Clock::time_point next_step;  ///< when to speak, or to open it anew
  bool greeted = false;
  std::string node;  ///< that greeted
  std::uint64_t sent = 0, echoed = 0;
  std::deque<Chunk> under_way;
  Clock::duration silence{};  ///< of this window
};

using Endpoint = std::pair<IpAddress, std::uint16_t>;

/// Who has spoken to an endpoint.
struct Speakers {
  MacAddress node;
  std::optional<MacAddress> reset_by;  ///< another, with its only word
};

/// What is printed and then forgotten.
struct Window {
  Clock::time_point begin = Clock::now();
  std::uint64_t ended = 0, wrong = 0, torn = 0, late = 0;
  std::vector<std::string> told;
};

long long milliseconds(Clock::duration duration) {
  return std::chrono::duration_cast<Milliseconds>(duration).count();
}

std::string microseconds_since_1970() {
  return std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(
                            std::chrono::system_clock::now().time_since_epoch())
                            .count());
}

/// The byte at `position` of the stream from `port`: another for each port, and not periodic within
/// what a socket buffers.
std::uint8_t stream_byte(std::uint16_t port, std::uint64_t position) {
  const std::uint64_t mixed = (position + port) * 0x9e3779b97f4a7c15U;
  return static_cast<std::uint8_t>(mixed >> 56U);
}

Options read_options(const Arguments& arguments) {
  namespace po = boost::program_options;
  OptionReader reader(explanation);
  Options options;
  std::string address, port, first, count, interval, silence, size;
  auto add = reader.described.add_options();
  add("interface", po::value(&options.interface)->required(), "where the answers come in");
  add("address", po::value(&address)->required(), "who is spoken to");
  add("port", po::value(&port)->default_value("7"), "of the servers");
  add("first", po::value(&first)->required(), "the first client's address, held here");
  add("clients", po::value(&count)->default_value("60"), "how many consecutive addresses speak");
  add("interval", po::value(&interval)->default_value("20"), "ms between a client's messages");
  add("silence", po::value(&silence)->default_value("100"), "SILENCE, in ms");
  add("size", po::value(&size)->default_value("64"), "bytes of a message");
  reader.read(arguments);
  options.address = ip_address(address);
  options.port = static_cast<std::uint16_t>(number(port, 65535));
  options.clients = consecutive(ip_address(first), number(count, 65536));
  options.interval = Milliseconds(std::max(1U, number(interval, 60'000)));
  options.silence = Milliseconds(number(silence, 60'000));
  options.size = std::max(1U, number(size, 65536));
  return options;
}

class Party {
 public:
  explicit Party(const Options& options)
      : options_(options),
        capture_(open_capture(options.interface,
                              options.address.version == 4 ? ETHERTYPE_IP : ETHERTYPE_IPV6)) {
    const auto now = Clock::now();
    for (const IpAddress& client : options.clients) {
      conversations_.emplace_back().client = client;
      conversations_.back().next_step = now;
    }
  }

  void run() {
    while (!signal_arrived(stop_)) {
      wait_readable(descriptors(), Clock::now() + Milliseconds(1));
      take_frames();
      for (Conversation& conversation : conversations_) attend(conversation);
      tell_ready();
      if (signal_arrived(mark_)) report();
    }
    report();
  }

  bool all_right() const { return !any_wrong_; }

 private:
  std::vector<int> descriptors() const {
    std::vector<int> all{stop_.number(), mark_.number(), capture_.number()};
    for (const Conversation& c : conversations_) {
      if (c.socket.number() >= 0) all.push_back(c.socket.number());
    }
    return all;
  }

  void attend(Conversation& conversation) {
    if (conversation.socket.number() >= 0) listen(conversation);
    const auto now = Clock::now();
    if (now < conversation.next_step) return;
    if (conversation.greeted) {
      speak(conversation, now);
    } else {
      open(conversation, now);
    }
  }

  // ---- Opening

  /// Also in place of one that nobody has greeted.
  void open(Conversation& conversation, Clock::time_point now) {
    const IpAddress client = conversation.client;
    const auto silence = conversation.silence;
    conversation = {};
    conversation.client = client;
    conversation.silence = silence;
    conversation.next_step = now + patience;
    FileDescriptor socket = open_socket(family_of(client), SOCK_STREAM, 0);
    reset_at_close(socket);
    const SocketAddress own(client, 0), peer(options_.address, options_.port);
    checked(bind(socket.number(), own.get(), own.size()), "bind to " + to_string(client));
    if (connect(socket.number(), peer.get(), peer.size()) < 0 && !is_network_failure(errno)) {
      checked(-1, "connect to " + to_string(options_.address));
    }
    conversation.port = local_port(socket);
    conversation.socket = std::move(socket);
    speakers_.erase({client, conversation.port});
  }

  void end(Conversation& conversation, const std::string& reason) {
    if (conversation.greeted) {
      const auto waited = longest_wait(conversation, Clock::now());
      conversation.silence = std::max(conversation.silence, waited);
      ++window_.ended;
      tell("ended-at " + microseconds_since_1970() + ' ' + name_of(conversation) + ' ' +
           conversation.node + ' ' + reason + ' ' + std::to_string(milliseconds(waited)) +
           resetter_of(conversation));
    }
    conversation.socket = FileDescriptor(-1);
    conversation.greeted = false;
    conversation.under_way.clear();
    conversation.next_step = Clock::now() + pause_before_another;
  }

  /// Nothing where its own node, or no node at all, has ended it.
  std::string resetter_of(const Conversation& conversation) {
    take_frames();
    const auto speakers = speakers_.find({conversation.client, conversation.port});
    if (speakers == speakers_.end() || !speakers->second.reset_by) return "";
    return ' ' + to_string(*speakers->second.reset_by);
  }

  // ---- Speaking and listening

  void speak(Conversation& conversation, Clock::time_point now) {
    conversation.next_step = std::max(conversation.next_step + options_.interval, now);
    std::vector<std::uint8_t> message(options_.size);
    for (std::size_t i = 0; i < message.size(); ++i) {
      message[i] = stream_byte(conversation.port, conversation.sent + i);
    }
    const auto length =
        send(conversation.socket.number(), message.data(), message.size(), MSG_NOSIGNAL);
    if (length <= 0) return;  // no room, as nothing comes back; or `listen` will learn its end
    conversation.sent += static_cast<std::uint64_t>(length);
    conversation.under_way.push_back({conversation.sent, now});
  }

  void listen(Conversation& conversation) {
    std::array<std::uint8_t, 65536> buffer;
    for (;;) {
      const auto length = recv(conversation.socket.number(), buffer.data(), buffer.size(), 0);
      if (length < 0 && errno == EAGAIN) return;
      if (length <= 0) return end(conversation, length == 0 ? "closed" : reason_of(errno));
      take(conversation, {buffer.data(), static_cast<std::size_t>(length)});
    }
  }

  static std::string reason_of(int error_number) {
    return error_number == ECONNRESET ? "reset" : strerrorname_np(error_number);
  }

  void take(Conversation& conversation, Bytes bytes) {
    for (const std::uint8_t byte : bytes) {
      if (conversation.greeted) {
        if (byte != stream_byte(conversation.port, conversation.echoed)) ++window_.wrong;
        ++conversation.echoed;
      } else if (byte == '\n') {
        conversation.greeted = true;
        conversation.next_step = Clock::now();
      } else {
        conversation.node += static_cast<char>(byte);
      }
    }
    if (conversation.echoed > conversation.sent) ++window_.wrong;
    note_echo(conversation, Clock::now());
  }

  static void note_echo(Conversation& conversation, Clock::time_point now) {
    auto& chunks = conversation.under_way;
    while (!chunks.empty() && chunks.front().end <= conversation.echoed) {
      conversation.silence = std::max(conversation.silence, now - chunks.front().sent);
      chunks.pop_front();
    }
  }

  static Clock::duration longest_wait(const Conversation& conversation, Clock::time_point now) {
    return conversation.under_way.empty() ? Clock::duration{}
                                          : now - conversation.under_way.front().sent;
  }

  // ---- Who speaks

  void take_frames() {
    std::array<std::uint8_t, 128> buffer;  // headers are enough
    while (const auto frame = receive(capture_, buffer)) {
      const auto packet = parse_tcp_from(options_.address, options_.port, *frame);
      if (packet) note_speaker(*packet);
    }
  }

  void note_speaker(const IpPacket& packet) {
    const auto port = big_endian_16(packet.transport.subspan(2));
    if (!is_ours(packet.destination, port)) return;
    constexpr std::uint8_t reset = 0x04;
    const auto [place, first] =
        speakers_.emplace(Endpoint{packet.destination, port}, Speakers{packet.ethernet_source, {}});
    if (first) return;
    Speakers& speakers = place->second;
    const MacAddress& speaker = packet.ethernet_source;
    const bool is_reset = (packet.transport[13] & reset) != 0;
    if (speaker == speakers.node) {
      // It has not heard of the reset, and sends again what nobody has acknowledged.
      if (speakers.reset_by) ++window_.late;
      return;
    }
    // A reset for each byte that was under way is still one word.
    if (is_reset && speakers.reset_by.value_or(speaker) == speaker) {
      speakers.reset_by = speaker;
      return;
    }
    if (speaker == speakers.node) {
      ++window_.late;
      return;
    }
    ++window_.torn;
    tell("torn-at " + microseconds_since_1970() + ' ' + to_string(packet.destination) + ' ' +
         std::to_string(port) + ' ' + to_string(speakers.node) + ' ' + to_string(speaker));
  }

  /// Others use the same addresses at the same time.
  bool is_ours(const IpAddress& client, std::uint16_t port) const {
    return speakers_.contains({client, port}) ||
           std::ranges::any_of(conversations_, [&](const Conversation& c) {
             return c.port == port && c.client == client;
           });
  }

  // ---- Telling

  static std::string name_of(const Conversation& conversation) {
    return to_string(conversation.client) + ' ' + std::to_string(conversation.port);
  }

  void tell(const std::string& text) {
    if (window_.told.size() < most_told) window_.told.push_back(text);
  }

  long count_open() const { return std::ranges::count_if(conversations_, &Conversation::greeted); }

  void tell_ready() {
    if (ready_ || count_open() < std::ssize(conversations_)) return;
    ready_ = true;
    window_ = {};
    std::cout << "ready" << std::endl;
  }

  void report() {
    const auto now = Clock::now();
    for (Conversation& c : conversations_) c.silence = std::max(c.silence, longest_wait(c, now));
    print(now);
    any_wrong_ = any_wrong_ || window_.ended + window_.wrong + window_.torn != 0;
    for (Conversation& conversation : conversations_) conversation.silence = {};
    window_ = {};
  }

  void print(Clock::time_point now) const {
    const auto longest = std::ranges::max_element(conversations_, {}, &Conversation::silence);
    const auto silent = std::ranges::count_if(
        conversations_, [&](const Conversation& c) { return c.silence > options_.silence; });
    std::map<std::string, unsigned> count;
    for (const Conversation& c : conversations_) {
      if (c.greeted) ++count[c.node];
    }
    std::cout << "window " << milliseconds(now - window_.begin) << "\nopen " << count_open()
              << "\nopening " << std::ssize(conversations_) - count_open() << "\nended "
              << window_.ended << "\nwrong " << window_.wrong << "\ntorn " << window_.torn
              << "\nlate " << window_.late << "\nsilence " << milliseconds(longest->silence) << ' '
              << silent << '\n';
    for (const auto& [node, connections] : count) {
      std::cout << "node " << node << ' ' << connections << '\n';
    }
    std::cout << "missed " << missed_frames(capture_) << '\n';
    for (const std::string& text : window_.told) std::cout << text << '\n';
    std::cout << "end" << std::endl;
  }

  const Options& options_;
  FileDescriptor stop_ = termination_signal();
  FileDescriptor mark_ = signal_descriptor({SIGUSR1});
  FileDescriptor capture_;
  std::vector<Conversation> conversations_;
  std::map<Endpoint, Speakers> speakers_;
  Window window_;
  bool ready_ = false;
  bool any_wrong_ = false;
};

}  // namespace

int converse(const Arguments& arguments) {
  const Options options = read_options(arguments);
  if (options.clients.empty()) throw std::invalid_argument("--clients: at least 1");
  Party party(options);
  party.run();
  return party.all_right() ? 0 : 1;
}

}  // namespace traffic
