// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/link/ways.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "base/file_descriptor.h"
#include "loadshare/error.h"

namespace loadshare::link {
namespace {

constexpr char guard_name[] = "drop_unicast_in_l2_multicast";
constexpr int no_scope_host = 3;
constexpr int most_rounds = 5;  // as interfaces come faster than they can be closed

std::string path(int ip_version, const std::string& place, const std::string& setting) {
  return "/proc/sys/net/ipv" + std::to_string(ip_version) + "/conf/" + place + "/" + setting;
}

// 0 where it is not there.
int read(const std::string& file_path) {
  const FileDescriptor file(::open(file_path.c_str(), O_RDONLY | O_CLOEXEC));
  char text[16];
  const auto size = file ? ::read(file.number(), text, sizeof text) : 0;
  int number = 0;
  if (size > 0) std::from_chars(text, text + size, number);
  return number;
}

// Nothing to be done where the interface has gone meanwhile.
void write(const std::string& file_path, int number) {
  const FileDescriptor file(::open(file_path.c_str(), O_WRONLY | O_CLOEXEC));
  const auto text = std::to_string(number);
  if (file && ::write(file.number(), text.data(), text.size()) > 0) return;
  if (errno == ENOENT || errno == ENODEV) return;
  throw kernel_error("write " + text + " to " + file_path, errno);
}

WaySettings read_settings(int ip_version, const std::string& place) {
  if (ip_version == 6) return {.guard = place == "all" ? 0 : read(path(6, place, guard_name))};
  return {.guard = read(path(4, place, guard_name)),
          .arp_ignore = read(path(4, place, "arp_ignore")),
          .route_localnet = place == "all" ? read(path(4, place, "route_localnet")) : 0};
}

// The mark stands in the guard: it comes first and goes last, so that a call that is killed in
// between leaves nothing which the next one does not know as ours.
void write_closed(int ip_version, const std::string& place, const WaySettings& now,
                  const WaySettings& wanted) {
  if (wanted.guard != now.guard) write(path(ip_version, place, guard_name), wanted.guard);
  if (wanted.arp_ignore != now.arp_ignore) {
    write(path(ip_version, place, "arp_ignore"), wanted.arp_ignore);
  }
}
void write_reopened(int ip_version, const std::string& place, const WaySettings& now,
                    const WaySettings& wanted) {
  if (wanted.arp_ignore != now.arp_ignore) {
    write(path(ip_version, place, "arp_ignore"), wanted.arp_ignore);
  }
  if (wanted.guard != now.guard) write(path(ip_version, place, guard_name), wanted.guard);
}

// IPv4's "default" is copied into every interface whose own value was never written
// (devinet_copy_dflt_conf in net/ipv4/devinet.c).
void keep_apart_from_default(const std::string& interface, const WaySettings& wanted) {
  write(path(4, interface, "arp_ignore"), wanted.arp_ignore);
  write(path(4, interface, guard_name), wanted.guard);
}

int effective_arp_ignore(const WaySettings& one, const WaySettings& all) {
  return std::max(one.arp_ignore, all.arp_ignore);
}

// arp_ignore() in net/ipv4/arp.c, of an address on another interface: numbers that it does not
// know silence nothing.
bool answers_arp(int arp_ignore, bool answers_scope_host) {
  if (arp_ignore == no_scope_host) return answers_scope_host;
  return arp_ignore != 1 && arp_ignore != 2 && arp_ignore != 8;
}

std::string on_for(const std::string& interface) {
  return std::string(guard_name) + " is on for " + interface;
}

std::string shown(const std::string& name, int value) {
  return name + " is " + std::to_string(value);
}

/// What one interface has to have.
WaySettings wanted_of(const Ways& ways, const std::string& place, const WaySettings& now) {
  const auto seen = remembered(now, ways.all, ways.later);
  if (ways.nics.unguarded.contains(place)) return reopened(seen);
  if (ways.ip_version == 4 && ways.nics.guarded.contains(place)) {
    return closed_but_for_arp(seen, ways.all);
  }
  return closed(seen, ways.all, ways.ip_version);
}

/// Closes what is open. True where something was.
bool close_round(const Ways& ways) {
  bool wrote = false;
  const auto close = [&](const std::string& place, const WaySettings& now) {
    const auto wanted = wanted_of(ways, place, now);
    if (wanted == now) return;
    wrote = true;
    write_closed(ways.ip_version, place, now, wanted);
  };
  const bool writes_default = !(wanted_of(ways, "default", ways.later) == ways.later);
  for (const auto& link : ways.links) {
    const auto& now = link.settings(ways.ip_version);
    if (link.loopback || !now) continue;
    close(link.name, *now);
    if (writes_default && ways.ip_version == 4 && ways.nics.contain(link.name)) {
      keep_apart_from_default(link.name, wanted_of(ways, link.name, *now));
    }
  }
  close("default", ways.later);
  return wrote;
}

}  // namespace

WaySettings closed(WaySettings now, const WaySettings& all, int ip_version) {
  const bool answers = ip_version == 4 && effective_arp_ignore(now, all) == 0;
  const bool is_guarded = now.guard != 0 || all.guard != 0;
  if (is_guarded && !answers) return now;
  if ((now.guard & guard_is_ours) == 0) now.guard = now.guard != 0 ? guard_was_on : 0;
  now.guard |= guard_is_ours;
  if (answers) {
    now.guard |= arp_ignore_is_ours;
    now.arp_ignore = no_scope_host;
  }
  return now;
}

WaySettings closed_but_for_arp(WaySettings now, const WaySettings& all) {
  now = reopened(now);
  if (now.guard == 0 && all.guard == 0) now.guard = guard_is_ours;
  return now;
}

WaySettings remembered(WaySettings now, const WaySettings& all, const WaySettings& later) {
  const bool is_lost = now.guard == 0 && all.guard == 0 && now.arp_ignore == no_scope_host &&
                       (later.guard & arp_ignore_is_ours) != 0;
  if (is_lost) now.guard = guard_is_ours | arp_ignore_is_ours;
  return now;
}

WaySettings reopened(WaySettings now) {
  if ((now.guard & guard_is_ours) == 0) return now;
  if ((now.guard & arp_ignore_is_ours) != 0 && now.arp_ignore == no_scope_host) now.arp_ignore = 0;
  now.guard &= guard_was_on;
  return now;
}

std::string Ways::guard_fault(const std::string& place, const WaySettings& now,
                              const std::string& nic) const {
  const bool is_on = now.guard != 0 || all.guard != 0;
  if (is_on == !nics.unguarded.contains(place)) return "";
  if (is_on) return place != nic ? "" : on_for(nic) + ", so that CLUSTERIP gets no packets";
  if (place == nic) return std::string(guard_name) + " is off on " + nic;
  return place + " would answer, too: " + guard_name + " is off there";
}

std::string Ways::arp_fault(const std::string& place, const WaySettings& now,
                            const std::string& nic) const {
  const int ignores = effective_arp_ignore(now, all);
  const bool answers = answers_arp(ignores, answers_scope_host);
  if (answers == nics.contain(place)) return "";
  if (!answers) return "";  // whether the nic answers, the way of a packet tells (path.h)
  return place + " would answer ARP with its own MAC: " +
         (ignores == no_scope_host ? "route_localnet is on, so that arp_ignore=3 does not do"
                                   : shown("arp_ignore", ignores) + " there");
}

std::vector<std::string> Ways::faults(const std::string& nic) const {
  std::vector<std::string> found;
  const auto look_at = [&](const std::string& place, const WaySettings& now) {
    auto fault = guard_fault(place, now, nic);
    if (!fault.empty()) found.push_back(fault);
    if (ip_version == 4) fault = arp_fault(place, now, nic);
    if (ip_version == 4 && !fault.empty()) found.push_back(fault);
  };
  for (const auto& link : links) {
    const auto& now = link.settings(ip_version);
    if (!link.loopback && now) look_at(link.name, *now);
  }
  look_at("an interface that comes later", later);
  return found;
}

std::vector<std::string> Ways::lasting_faults(const std::string& nic) const {
  auto then = *this;
  const auto close = [&](const std::string& place, std::optional<WaySettings>& settings) {
    if (settings) settings = wanted_of(*this, place, *settings);
  };
  for (auto& link : then.links) close(link.name, ip_version == 4 ? link.ip4 : link.ip6);
  then.later = wanted_of(*this, "default", later);
  return then.faults(nic);
}

bool Ways::closed_by_us() const {
  return (later.guard & guard_is_ours) != 0 ||
         std::any_of(links.begin(), links.end(), [&](const Link& link) {
           const auto& now = link.settings(ip_version);
           return now && (now->guard & guard_is_ours) != 0;
         });
}

std::string Ways::hinders_clusterip(const Link& nic) const {
  const auto own = nic.ip4 ? reopened(*nic.ip4) : WaySettings{};
  if (own.guard != 0 || all.guard != 0) return std::string(guard_name) + " is on";
  const int ignores = effective_arp_ignore(own, all);
  return answers_arp(ignores, false) ? "" : shown("arp_ignore", ignores);
}

Ways read_ways(netlink::Socket& route, int ip_version, const Nics& nics,
               const std::string& holder) {
  Ways ways{.ip_version = ip_version,
            .all = read_settings(ip_version, "all"),
            .later = read_settings(ip_version, "default"),
            .links = all_links(route),
            .nics = nics};
  const auto* place = find_link(ways.links, holder);
  ways.answers_scope_host =
      ways.all.route_localnet != 0 || (place && place->ip4 && place->ip4->route_localnet != 0);
  return ways;
}

void close_ways(netlink::Socket& route, int ip_version, const Nics& nics) {
  for (int round = 0; round < most_rounds; ++round) {
    if (!close_round(read_ways(route, ip_version, nics))) return;
  }
}

void reopen_ways(netlink::Socket& route, int ip_version) {
  const auto reopen = [&](const std::string& place, const WaySettings& now,
                          const WaySettings& with_mark) {
    try {
      write_reopened(ip_version, place, now, reopened(with_mark));
    } catch (const Error&) {
      // Closed, it harms nobody.
    }
  };
  const auto all = read_settings(ip_version, "all"), later = read_settings(ip_version, "default");
  // First, so that an interface that comes meanwhile is open.
  reopen("default", later, later);
  for (const auto& link : all_links(route)) {
    const auto& now = link.settings(ip_version);
    if (now) reopen(link.name, *now, link.loopback ? *now : remembered(*now, all, later));
  }
}

}  // namespace loadshare::link
