// SPDX-License-Identifier: GPL-2.0-or-later
// traffic observe: who answers many pinging clients, over time, and what is said of the address?
#include <net/ethernet.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <deque>
#include <iostream>
#include <map>
#include <set>
#include <system_error>

#include "arguments.h"
#include "commands.h"
#include "neighbours.h"
#include "pings.h"
#include "sockets.h"

namespace traffic {

namespace {

/// An answer may take that long: what was asked since is not counted yet.
constexpr Milliseconds patience{250};
/// So many are told one by one.
constexpr std::size_t most_told = 40;
/// How long a second answer is waited for. A ping that had to wait for ARP is answered late.
constexpr Milliseconds memory{4000};

constexpr auto explanation = R"(observe: pings ADDRESS from many clients at a steady pace
Prints "ready", and for each SIGUSR1 and at the end (SIGTERM) what happened since the last time:
  window MS                     how long that was
  sent N, answered N, lost N    pings; what was sent just now counts the next time
  duplicate N                   answers beyond a ping's first
  torn N                        clients that more than one node answered
  silent N                      clients that have waited for an answer longer than SILENCE ms
  outage MS CLIENTS             the longest time from a client's first unanswered ping to its next
                                answer; how many clients waited longer than SILENCE
  node MAC CLIENTS ANSWERS      who answers how many clients now, and pings answered
  announced N                   ARP and ND messages that gave MAC for ADDRESS
  foreign N                     those that gave another
  missed N                      frames that this observer was too slow to see
  duplicate-at MS CLIENT MAC... a second answer, with those who answered
  foreign-at MS MAC             such a message; the first 40 of both
  end
and, with --every, "live MS SILENT DUPLICATE [MAC CLIENTS]..." in between.)";

struct Options {
  std::string interface;
  IpAddress address;
  MacAddress mac;
  std::vector<IpAddress> clients;
  Milliseconds interval{20};
  Milliseconds silence{100};
  Milliseconds every{0};
  Milliseconds duration{0};
};

struct Ping {
  Clock::time_point sent;
  std::uint16_t sequence = 0;
  std::vector<MacAddress> answers;
};

struct Client {
  explicit Client(FileDescriptor connected) : socket(std::move(connected)) {}

  FileDescriptor socket;
  std::deque<Ping> pings;   ///< of the last few seconds, oldest first
  std::size_t counted = 0;  ///< how many of them are in the window's figures already
  std::uint16_t next_sequence = 0;
  std::optional<MacAddress> node;  ///< who answered last
  /// When the oldest ping was sent to which, as to those behind it, no answer has come. What a busy
  /// machine kept us from sending is nobody's silence.
  std::optional<Clock::time_point> waiting_since;
  Clock::duration outage{};
  std::set<MacAddress> nodes;  ///< who answered in this window
};

/// What is printed and then forgotten.
struct Window {
  Clock::time_point begin = Clock::now();
  std::uint64_t sent = 0, answered = 0, lost = 0, duplicates = 0, announced = 0, foreign = 0,
                missed = 0;
  std::map<MacAddress, std::uint64_t> answers;
  std::vector<std::string> wrong;  ///< the first of both, in words
};

long long milliseconds(Clock::duration duration) {
  return std::chrono::duration_cast<Milliseconds>(duration).count();
}

Options read_options(const Arguments& arguments) {
  namespace po = boost::program_options;
  OptionReader reader(explanation);
  Options options;
  std::string address, mac, first, count, interval, silence, every, duration;
  auto add = reader.described.add_options();
  add("interface", po::value(&options.interface)->required(), "where the answers come in");
  add("address", po::value(&address)->required(), "who is asked");
  add("mac", po::value(&mac)->required(), "the MAC that all nodes give for it");
  add("first", po::value(&first)->required(), "the first client's address, held here");
  add("clients", po::value(&count)->default_value("64"), "how many consecutive addresses ask");
  add("interval", po::value(&interval)->default_value("20"), "ms between a client's pings");
  add("silence", po::value(&silence)->default_value("100"), "SILENCE, in ms");
  add("every", po::value(&every)->default_value("0"), "ms between live lines; 0: none");
  add("seconds", po::value(&duration)->default_value("86400"), "how long at most");
  reader.read(arguments);
  options.address = ip_address(address);
  options.mac = mac_address(mac);
  options.clients = consecutive(ip_address(first), number(count, 65536));
  options.interval = Milliseconds(std::max(1U, number(interval, 60'000)));
  options.silence = Milliseconds(number(silence, 60'000));
  options.every = Milliseconds(number(every, 60'000));
  options.duration = std::chrono::seconds(number(duration, 86400));
  return options;
}

class Observer {
 public:
  explicit Observer(const Options& options)
      : options_(options),
        capture_(open_capture(options.interface, ETH_P_ALL)),
        identifier_(static_cast<std::uint16_t>(getpid())) {
    listen_to_all(capture_, options.interface);
    for (const IpAddress& address : options.clients) {
      number_of_.emplace(address, clients_.size());
      clients_.push_back(open_client(address));
    }
  }

  void run() {
    const std::array descriptors{stop_.number(), mark_.number(), capture_.number()};
    const auto end = start_ + options_.duration;
    while (!signal_arrived(stop_) && Clock::now() < end) {
      wait_readable(descriptors, Clock::now() + Milliseconds(1));
      take_frames();
      send_what_is_due();
      if (signal_arrived(mark_)) {
        take_frames();  // what came in while this process had to wait
        report();
      }
      if (options_.every.count() != 0) print_live_when_due();
    }
    // Answers to what was sent last are still under way.
    for (const auto last = Clock::now() + patience; Clock::now() < last; take_frames()) {
      wait_readable(std::array{capture_.number()}, last);
    }
    report();
  }

  bool all_right() const { return !any_wrong_; }

 private:
  Client open_client(const IpAddress& address) const {
    Client client(open_ping_socket(family_of(address)));
    const SocketAddress own(address, 0);
    const SocketAddress peer(options_.address, 0);
    const int socket = client.socket.number();
    checked(bind(socket, own.get(), own.size()), "bind to " + to_string(address));
    checked(connect(socket, peer.get(), peer.size()), "connect to " + to_string(options_.address));
    return client;
  }

  // ---- Asking

  /// The clients take turns, evenly spread over the interval. What a busy machine made us miss is
  /// left out: a burst would measure the machine.
  void send_what_is_due() {
    const auto now = Clock::now();
    const auto turns = static_cast<std::uint64_t>((now - start_) * clients_.size() /
                                                  std::chrono::nanoseconds(options_.interval));
    if (turns > turns_ + clients_.size()) turns_ = turns - clients_.size();
    for (; turns_ < turns; ++turns_) send_ping(clients_[turns_ % clients_.size()], now);
  }

  void send_ping(Client& client, Clock::time_point now) {
    forget_old(client, now);
    const Ping ping{now, client.next_sequence++, {}};
    const auto message = echo_request(options_.address.version, {identifier_, ping.sequence}, 0);
    client.pings.push_back(ping);
    if (!client.waiting_since) client.waiting_since = now;
    // A full socket (pings that wait for ARP) is the network's answer as well.
    if (send(client.socket.number(), message.data(), message.size(), 0) < 0 &&
        !is_network_failure(errno) && errno != EAGAIN && errno != ENOBUFS) {
      checked(-1, "ping " + to_string(options_.address));
    }
  }

  void forget_old(Client& client, Clock::time_point now) {
    count_pings(client, now);
    while (client.counted > 0 && client.pings.front().sent + memory < now) {
      client.pings.pop_front();
      --client.counted;
    }
  }

  void count_pings(Client& client, Clock::time_point now) {
    for (; client.counted < client.pings.size(); ++client.counted) {
      const Ping& ping = client.pings[client.counted];
      if (ping.sent + patience > now) break;
      ++window_.sent;
      ++(ping.answers.empty() ? window_.lost : window_.answered);
    }
  }

  // ---- Listening

  void take_frames() {
    std::array<std::uint8_t, 256> buffer;  // headers are enough
    while (const auto frame = receive(capture_, buffer)) {
      if (const auto message = advertised(*frame, options_.address)) {
        note_announcement(message->mac);
      } else if (const auto packet = parse_ip_packet(*frame)) {
        if (packet->source == options_.address) note_reply(*packet);
      }
    }
  }

  void note_reply(const IpPacket& packet) {
    const auto reply = echo_reply(packet);
    const auto number = number_of_.find(packet.destination);
    if (!reply || reply->identifier != identifier_ || number == number_of_.end()) return;
    Client& client = clients_[number->second];
    if (client.pings.empty()) return;
    const auto age = static_cast<std::uint16_t>(client.pings.back().sequence - reply->sequence);
    if (age >= client.pings.size()) return;
    const std::size_t position = client.pings.size() - 1 - age;
    Ping& ping = client.pings[position];
    ping.answers.push_back(packet.ethernet_source);
    if (ping.answers.size() > 1) {
      note_duplicate(packet.destination, ping);
    } else {
      note_answer(client, position);
    }
  }

  void note_answer(Client& client, std::size_t position) {
    const MacAddress& node = client.pings[position].answers.front();
    note_wait(client, Clock::now());
    client.waiting_since.reset();
    if (position + 1 < client.pings.size()) {
      client.waiting_since = client.pings[position + 1].sent;
    }
    client.node = node;
    client.nodes.insert(node);
    ++window_.answers[node];
  }

  static void note_wait(Client& client, Clock::time_point now) {
    if (client.waiting_since) client.outage = std::max(client.outage, now - *client.waiting_since);
  }

  void note_duplicate(const IpAddress& client, const Ping& ping) {
    ++window_.duplicates;
    std::string text = "duplicate-at " + moment() + ' ' + to_string(client);
    for (const MacAddress& mac : ping.answers) text += ' ' + to_string(mac);
    tell(text);
  }

  void note_announcement(const MacAddress& mac) {
    if (mac == options_.mac) {
      ++window_.announced;
      return;
    }
    ++window_.foreign;
    tell("foreign-at " + moment() + ' ' + to_string(mac));
  }

  void tell(const std::string& text) {
    if (window_.wrong.size() < most_told) window_.wrong.push_back(text);
  }

  std::string moment() const { return std::to_string(milliseconds(Clock::now() - window_.begin)); }

  // ---- Telling

  bool is_silent(const Client& client, Clock::time_point now) const {
    return client.waiting_since && now - *client.waiting_since > options_.silence;
  }

  long silent(Clock::time_point now) const {
    return std::ranges::count_if(clients_, [&](const Client& c) { return is_silent(c, now); });
  }

  /// Who answers how many of the clients that are not silent.
  std::map<MacAddress, unsigned> clients_of_nodes(Clock::time_point now) const {
    std::map<MacAddress, unsigned> count;
    for (const Client& client : clients_) {
      if (client.node && !is_silent(client, now)) ++count[*client.node];
    }
    return count;
  }

  void report() {
    const auto now = Clock::now();
    for (Client& client : clients_) {
      count_pings(client, now);
      note_wait(client, now);
    }
    window_.missed = missed_frames(capture_);
    print(now);
    any_wrong_ =
        any_wrong_ || window_.lost + window_.duplicates + window_.foreign + window_.missed != 0;
    for (Client& client : clients_) {
      client.outage = {};
      client.nodes.clear();
    }
    window_ = {};
  }

  void print(Clock::time_point now) const {
    const auto longest = std::ranges::max_element(clients_, {}, &Client::outage)->outage;
    const auto cut_off = std::ranges::count_if(
        clients_, [&](const Client& client) { return client.outage > options_.silence; });
    const auto torn = std::ranges::count_if(
        clients_, [](const Client& client) { return client.nodes.size() > 1; });
    std::cout << "window " << milliseconds(now - window_.begin) << "\nsent " << window_.sent
              << "\nanswered " << window_.answered << "\nlost " << window_.lost << "\nduplicate "
              << window_.duplicates << "\ntorn " << torn << "\nsilent " << silent(now)
              << "\noutage " << milliseconds(longest) << ' ' << cut_off << '\n';
    print_nodes(now);
    std::cout << "announced " << window_.announced << "\nforeign " << window_.foreign << "\nmissed "
              << window_.missed << '\n';
    for (const std::string& text : window_.wrong) std::cout << text << '\n';
    std::cout << "end" << std::endl;
  }

  void print_nodes(Clock::time_point now) const {
    auto count = clients_of_nodes(now);
    for (const auto& [mac, answers] : window_.answers) count[mac] += 0;
    for (const auto& [mac, clients] : count) {
      const auto answers = window_.answers.find(mac);
      std::cout << "node " << to_string(mac) << ' ' << clients << ' '
                << (answers == window_.answers.end() ? 0 : answers->second) << '\n';
    }
  }

  void print_live_when_due() {
    const auto now = Clock::now();
    if (now < next_live_) return;
    take_frames();
    next_live_ = now + options_.every;
    std::cout << "live " << milliseconds(now - start_) << ' ' << silent(now) << ' '
              << window_.duplicates;
    for (const auto& [mac, clients] : clients_of_nodes(now)) {
      std::cout << ' ' << to_string(mac) << ' ' << clients;
    }
    std::cout << std::endl;
  }

  const Options& options_;
  FileDescriptor stop_ = termination_signal();
  FileDescriptor mark_ = signal_descriptor({SIGUSR1});
  FileDescriptor capture_;
  std::uint16_t identifier_;
  std::vector<Client> clients_;
  std::map<IpAddress, std::size_t> number_of_;
  Clock::time_point start_ = Clock::now();
  Clock::time_point next_live_ = start_ + options_.every;
  std::uint64_t turns_ = 0;
  Window window_;
  bool any_wrong_ = false;
};

}  // namespace

int observe(const Arguments& arguments) {
  const Options options = read_options(arguments);
  Observer observer(options);
  std::cout << "ready" << std::endl;
  observer.run();
  return observer.all_right() ? 0 : 1;
}

}  // namespace traffic
