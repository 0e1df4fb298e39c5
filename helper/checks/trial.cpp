// SPDX-License-Identifier: GPL-2.0-or-later
// The HOWTO's check of a single machine: one bucket of two answers half of the clients, both
// answer all.
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <iostream>
#include <vector>

#include "base/kernel_module.h"
#include "checks/checks.h"
#include "checks/private_network.h"
#include "clients/bucket_hash.h"
#include "loadshare/error.h"

namespace loadshare::checks {
namespace {

using Clock = std::chrono::steady_clock;
using Start = std::function<void(const Invocation&)>;
using namespace std::chrono_literals;

constexpr unsigned client_count = 32;
constexpr std::uint16_t service_port = 7, client_port = 40000;
constexpr std::chrono::milliseconds resend_interval = 200ms, longest_exchange = 3s,
                                    quiet_time = 100ms;
constexpr unsigned longest_trial_s = 30;

/// Addresses that belong to nobody: RFC 2544 and RFC 5180 keep them for benchmarks.
struct Range {
  const char* cluster;
  const char* first_client;
  unsigned prefix_length;
};
Range range(int ip_version) {
  return ip_version == 4 ? Range{"198.18.0.100", "198.18.1.1", 16}
                         : Range{"2001:2::100", "2001:2::1:1", 48};
}

IpAddress client(int ip_version, unsigned number) {
  auto address = *parse_ip_address(range(ip_version).first_client);
  auto& last = address.octets().back();
  last = static_cast<std::uint8_t>(last + number);
  return address;
}

Invocation invocation(int ip_version, BackendChoice backend, unsigned bucket) {
  Invocation call;
  auto& request = call.request;
  request.address = *parse_ip_address(range(ip_version).cluster);
  request.interface = PrivateNetwork::node_interface;
  request.prefix_length = range(ip_version).prefix_length;
  request.total = 2;
  request.bucket = bucket;
  request.backend = backend;
  request.announcement.count = 1;  // no process that goes on in the background
  return call;
}

using Clients = std::set<unsigned>;  ///< by number, from 0

/// Many clients that ask one node, which answers whoever gets through to it.
class Exchange {
 public:
  Exchange(const PrivateNetwork& network, int ip_version)
      : node_(network.node_socket(*parse_ip_address(range(ip_version).cluster), service_port)) {
    size_ = sizeof service_;
    getsockname(node_.number(), address(), &size_);
    for (unsigned number = 0; number < client_count; ++number) {
      clients_.push_back(network.client_socket(client(ip_version, number),
                                               static_cast<std::uint16_t>(client_port + number)));
    }
  }

  /// Who is answered. Waits as long as one of `expected` is missing, but not for ever.
  Clients answered(const Clients& expected) {
    Clients found;
    const auto end = Clock::now() + longest_exchange;
    do {
      ask_all_but(found);
      serve(Clock::now() + resend_interval, found);
    } while (found != expected && Clock::now() < end);
    ask_all_but(found);
    serve(Clock::now() + quiet_time, found);
    return found;
  }

 private:
  sockaddr* address() { return reinterpret_cast<sockaddr*>(&service_); }

  // What cannot be sent yet is sent the next time.
  void ask_all_but(const Clients& done) {
    for (unsigned number = 0; number < client_count; ++number) {
      if (done.contains(number)) continue;
      [[maybe_unused]] const auto sent =
          sendto(clients_[number].number(), "?", 1, 0, address(), size_);
    }
  }

  void serve(Clock::time_point until, Clients& found) {
    std::vector<pollfd> questions{{node_.number(), POLLIN, 0}};
    for (const auto& socket : clients_) questions.push_back({socket.number(), POLLIN, 0});
    for (auto now = Clock::now(); now < until; now = Clock::now()) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - now);
      if (poll(questions.data(), questions.size(), static_cast<int>(left.count()) + 1) < 1)
        continue;
      if (questions[0].revents != 0) reply();
      for (unsigned number = 0; number < client_count; ++number) {
        if (questions[number + 1].revents != 0 && has_answer(number)) found.insert(number);
      }
    }
  }

  void reply() {
    char question;
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    auto* sender = reinterpret_cast<sockaddr*>(&from);
    if (recvfrom(node_.number(), &question, 1, 0, sender, &size) != 1) return;
    [[maybe_unused]] const auto sent = sendto(node_.number(), "!", 1, 0, sender, size);
  }

  bool has_answer(unsigned number) {
    char answer;
    return recv(clients_[number].number(), &answer, 1, 0) == 1;
  }

  FileDescriptor node_;
  sockaddr_storage service_{};
  socklen_t size_ = 0;
  std::vector<FileDescriptor> clients_;
};

Clients clients_of_bucket(const Request& request, unsigned bucket) {
  Clients clients;
  for (unsigned number = 0; number < client_count; ++number) {
    const HashInput packet{client(request.address.version, number),
                           static_cast<std::uint16_t>(client_port + number), service_port};
    if (bucket_of(packet, request.hash_mode, request.seed, request.total) == bucket) {
      clients.insert(number);
    }
  }
  return clients;
}

std::string in_words(const Clients& clients) {
  return std::to_string(clients.size()) + " of " + std::to_string(client_count) + " clients";
}

/// What the trial says, as one line. Throws what could not be done.
std::string share_two_buckets(int ip_version, BackendChoice backend, const Start& start) {
  const PrivateNetwork network;
  for (unsigned number = 0; number < client_count; ++number) {
    network.add_client(client(ip_version, number), range(ip_version).prefix_length);
  }
  const auto first = invocation(ip_version, backend, 1);
  start(first);
  Exchange exchange(network, ip_version);
  const auto expected = clients_of_bucket(first.request, 1);
  const auto half = exchange.answered(expected);
  if (half != expected) {
    throw Error(ExitCode::generic_error, "bucket 1 of 2 answered " + in_words(half) + ", not the " +
                                             std::to_string(expected.size()) + " of its own");
  }
  start(invocation(ip_version, backend, 2));
  Clients everybody;
  for (unsigned number = 0; number < client_count; ++number) everybody.insert(number);
  const auto all = exchange.answered(everybody);
  if (all != everybody) {
    throw Error(ExitCode::generic_error, "both buckets answered " + in_words(all));
  }
  return "1 bucket of 2 answers " + in_words(half) + ", both answer all";
}

/// The child's last words: 'y' or 'n', and the line.
[[noreturn]] void run_child(int to, int ip_version, BackendChoice backend, const Start& start) {
  alarm(longest_trial_s);
  std::cout.rdbuf(nullptr);  // start tells what it did; here nobody wants to know
  std::string words;
  try {
    words = "y" + share_two_buckets(ip_version, backend, start);
  } catch (const std::exception& error) {
    words = std::string("n") + error.what();
  }
  [[maybe_unused]] const auto written = ::write(to, words.data(), words.size());
  _exit(0);
}

std::string read_to_end(int from) {
  std::string text;
  std::array<char, 512> part;
  for (;;) {
    const auto size = ::read(from, part.data(), part.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return text;
    text.append(part.data(), static_cast<std::size_t>(size));
  }
}

Finding try_sharing(int ip_version, BackendChoice backend, const Start& start) {
  int ends[2];
  if (pipe(ends) != 0) throw kernel_error("make a pipe", errno);
  FileDescriptor from(ends[0]), to(ends[1]);
  std::cout << std::flush;
  const pid_t child = fork();
  if (child < 0) throw kernel_error("fork for the trial", errno);
  if (child == 0) run_child(to.number(), ip_version, backend, start);
  to = FileDescriptor(-1);
  const auto words = read_to_end(from.number());
  waitpid(child, nullptr, 0);
  const auto what = std::string(to_string(backend)) + ", IPv" + std::to_string(ip_version) + ": ";
  if (words.starts_with('y')) return ok(what + words.substr(1));
  const auto reason = words.empty() ? "no end after 30 s" : words.substr(1);
  return fail(what + reason, "until this works here, no cluster address will");
}

bool has_clusterip() { return kernel_module_available("ipt_CLUSTERIP"); }

}  // namespace

Findings trial(const Request& request, const Start& start) {
  const auto wanted = [&](int version, BackendChoice backend) {
    const bool any_address = request.address == IpAddress{};
    return (any_address || request.address.version == version) &&
           (request.backend == BackendChoice::automatic || request.backend == backend);
  };
  Findings findings;
  if (wanted(4, BackendChoice::clusterip) && has_clusterip()) {
    findings.push_back(try_sharing(4, BackendChoice::clusterip, start));
  }
  for (const int version : {4, 6}) {
    if (!wanted(version, BackendChoice::ebpf)) continue;
    findings.push_back(try_sharing(version, BackendChoice::ebpf, start));
  }
  return findings;
}

}  // namespace loadshare::checks
