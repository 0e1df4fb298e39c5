// SPDX-License-Identifier: GPL-2.0-or-later
#include "watch/session.h"

#include <net/if.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <iostream>

#include "kernel/kernel.h"
#include "loadshare/error.h"
#include "output/terminal.h"

namespace loadshare::watch {
namespace {

using terminal::Look;
using namespace std::chrono_literals;

constexpr auto refresh_interval = 1s;
constexpr auto longest_sleep = 200ms;
constexpr int most_reads_at_end = 64;

// Instead of ending the process, so that the counts are printed.
FileDescriptor ending_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  FileDescriptor file(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!file) throw kernel_error("wait for signals", errno);
  return file;
}

bool has_arrived(const FileDescriptor& file) {
  pollfd question{file.number(), POLLIN, 0};
  return poll(&question, 1, 0) == 1;
}

std::string time_of_day(const timespec& now) {
  tm local{};
  localtime_r(&now.tv_sec, &local);
  char text[16];
  const auto size = std::strftime(text, sizeof text, "%H:%M:%S", &local);
  const auto ms = std::to_string(1000 + now.tv_nsec / 1'000'000).substr(1);
  return std::string(text, size) + "." + ms;
}

std::string time_of_day() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return time_of_day(now);
}

}  // namespace

Session::Session(const Invocation& call, const IpAddress& address)
    : call_(call),
      address_(address),
      colour_(terminal::shows_colour()),
      signals_(ending_signals()),
      start_(Clock::now()),
      read_at_(start_),
      rate_(call.watch.lines_per_second) {
  const auto state = read_state();
  if (state.filters.empty()) {
    throw Error(ExitCode::not_running, to_string(address) + " has no cluster rule on this node");
  }
  take(state);
  buckets_ = buckets_of(state);
  counted_ = state.counters;
}

FilterState Session::read_state() const {
  Request request;
  request.address = address_;
  return Kernel(request, call_.lock_wait).observe(request).filter;
}

void Session::take(const FilterState& state) {
  filter_ = state.filters.front();
  // An interface that vanished and came back is another one to a packet socket.
  const auto index = if_nametoindex(filter_.interface.c_str());
  if (capture_ && capture_->interface_index() == index) return;
  if (capture_) lost_ += capture_->lost();
  capture_.emplace(filter_.interface, address_);
}

// Whatever goes wrong here is told and does not end the watch: the packets still come.
void Session::refresh() {
  if (Clock::now() - read_at_ < refresh_interval) return;
  read_at_ = Clock::now();
  std::string trouble;
  try {
    const auto state = read_state();
    if (state.filters.empty()) {
      trouble = to_string(address_) + " has no cluster rule on this node any more";
    } else {
      take(state);
    }
    if (const auto buckets = buckets_of(state); buckets != buckets_) {
      buckets_ = buckets;
      say("this node owns " + in_words(buckets_) + " now");
    }
  } catch (const Error& error) {
    trouble = error.what();
  }
  if (trouble != trouble_ && !trouble.empty()) say(trouble);
  trouble_ = trouble;
}

void Session::run() {
  print_head();
  while (!is_over()) {
    wait();
    read();
    tell_suppressed();
    std::cout << std::flush;
    refresh();
  }
  read_rest();
  print_end();
}

bool Session::read() {
  return capture_->read([this](std::span<const std::uint8_t> bytes, const timespec& arrival) {
    see(bytes, arrival);
  });
}

// What has arrived by now; a flood brings more without end.
void Session::read_rest() {
  for (int calls = 0; calls < most_reads_at_end && read(); ++calls) {
  }
}

void Session::see(std::span<const std::uint8_t> bytes, const timespec& arrival) {
  auto packet = read_packet(bytes, filter_.hash_mode);
  if (!packet || (call_.watch.packets > 0 && tally_.packets() >= call_.watch.packets)) return;
  fragments_.complete(*packet);
  const auto verdict = judge_packet(*packet, filter_, buckets_);
  if (!is_wanted(*packet, verdict)) return;
  tally_.add(verdict);
  tell_suppressed();
  if (rate_.admits(seconds()))
    std::cout << line_of(time_of_day(arrival), *packet, verdict, colour_);
}

bool Session::is_wanted(const Packet& packet, const Verdict& verdict) const {
  const auto& watch = call_.watch;
  if (call_.given.contains("bucket") && verdict.bucket != call_.request.bucket) return false;
  return !watch.clients ||
         same_network(packet.hashed.source, watch.clients->address, watch.clients->prefix_length);
}

bool Session::is_over() const {
  const auto& watch = call_.watch;
  return has_arrived(signals_) || !std::cout ||  // whoever read it has gone
         (watch.seconds > 0 && seconds() >= static_cast<std::int64_t>(watch.seconds)) ||
         (watch.packets > 0 && tally_.packets() >= watch.packets);
}

void Session::wait() const {
  std::array questions{pollfd{capture_->descriptor(), POLLIN, 0},
                       pollfd{signals_.number(), POLLIN, 0}};
  const std::chrono::milliseconds most = longest_sleep;
  poll(questions.data(), questions.size(), static_cast<int>(most.count()));
}

std::int64_t Session::seconds() const {
  return std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - start_).count();
}

void Session::tell_suppressed() {
  const auto count = rate_.take_suppressed(seconds());
  if (count > 0) say("and " + std::to_string(count) + " more, not shown");
}

void Session::say(const std::string& note) const {
  std::cout << terminal::dressed(time_of_day() + "  -- " + note, Look::strong, colour_) << "\n";
}

void Session::print_head() const {
  const auto head = to_string(address_) + " on " + filter_.interface + ": " +
                    std::to_string(filter_.total) + " buckets by " + to_string(filter_.hash_mode) +
                    ", seed " + std::to_string(filter_.seed);
  std::cout << terminal::dressed(head, Look::strong, colour_) << "\nthis node owns "
            << in_words(buckets_) << "; Ctrl-C ends and counts\n"
            << std::flush;
}

void Session::print_end() {
  lost_ += capture_->lost();
  std::cout << "\n"
            << terminal::dressed(std::to_string(tally_.packets()) + " packets in " +
                                     std::to_string(seconds()) + " s",
                                 Look::strong, colour_)
            << "\n";
  tally_.print(std::cout, buckets_, colour_);
  if (rate_.total_suppressed() > 0) {
    std::cout << rate_.total_suppressed() << " of them not shown (--rate "
              << call_.watch.lines_per_second << ")\n";
  }
  if (lost_ > 0) std::cout << lost_ << " more came too fast to be counted\n";
  print_own_count();
}

void Session::print_own_count() const {
  try {
    const auto words = own_count_in_words(counted_, read_state().counters);
    if (!words.empty()) std::cout << words << "\n";
  } catch (const Error&) {
    // The packets have been told; the lock of the address is somebody else's just now.
  }
}

}  // namespace loadshare::watch
