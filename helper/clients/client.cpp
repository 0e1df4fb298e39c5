// SPDX-License-Identifier: GPL-2.0-or-later
#include "clients/client.h"

#include <algorithm>

#include "base/quoted.h"
#include "loadshare/error.h"
#include "loadshare/request.h"

namespace loadshare {
namespace {

constexpr std::size_t longest_line = 256;
constexpr std::size_t most_lines = 16 * most_clients;  // empty ones, too

Error refused(const std::string& word, const std::string& reason) {
  return {ExitCode::not_configured, quoted(word) + " " + reason};
}

Error no_client(const std::string& word) {
  return refused(word, "is no client: ADDRESS[:PORT], [IPV6]:PORT or ADDRESS/PREFIX");
}

struct Parts {
  std::string address;
  std::optional<std::string> port, prefix_length;
};

Parts split(const std::string& word) {
  if (word.starts_with('[')) {
    const auto end = word.find(']');
    if (end == std::string::npos) throw no_client(word);
    const auto address = word.substr(1, end - 1), rest = word.substr(end + 1);
    if (address.find(':') == std::string::npos) throw no_client(word);
    if (rest.empty()) return {address, {}, {}};
    if (rest[0] != ':') throw no_client(word);
    return {address, rest.substr(1), {}};
  }
  if (const auto slash = word.find('/'); slash != std::string::npos) {
    return {word.substr(0, slash), {}, word.substr(slash + 1)};
  }
  const auto colon = word.find(':');
  // Two colons or more: an IPv6 address.
  if (colon == std::string::npos || colon != word.rfind(':')) return {word, {}, {}};
  return {word.substr(0, colon), word.substr(colon + 1), {}};
}

// ::ffff:0:0/96 (RFC 4291, section 2.5.5.2)
IpAddress without_mapping(const IpAddress& address) {
  IpAddress prefix{6, {}}, inner;
  prefix.bytes[10] = prefix.bytes[11] = 0xff;
  if (!same_network(address, prefix, 96)) return address;
  std::copy_n(address.bytes.begin() + 12, 4, inner.bytes.begin());
  return inner;
}

IpAddress address_of(const std::string& word, const Parts& parts, int ip_version) {
  const auto parsed = parse_ip_address(parts.address);
  if (!parsed) throw no_client(word);
  const auto address = parts.prefix_length ? *parsed : without_mapping(*parsed);
  if (address.version == ip_version) return address;
  throw refused(word, address.version == 4 ? "is IPv4, but the cluster address is IPv6"
                                           : "is IPv6, but the cluster address is IPv4");
}

unsigned prefix_length(const std::string& word, const std::string& text, unsigned bits) {
  unsigned length = 0;
  try {
    length = value::number(text, 0, bits);
  } catch (const Error&) {
    throw no_client(word);
  }
  if (bits - length <= 16) return length;
  throw refused(word, "has more than " + std::to_string(most_clients) + " addresses: /" +
                          std::to_string(bits - 16) + " at most");
}

void add(const std::string& word, const Client& client, Clients& to) {
  if (to.all.size() == most_clients) {
    throw refused(word, "is one more than " + std::to_string(most_clients) +
                            " clients: a sample of them tells as much");
  }
  to.all.push_back(client);
}

// `length` leaves at most the last two octets.
void add_range(const std::string& word, IpAddress address, unsigned length, Clients& to) {
  const auto count = std::uint32_t{1} << (address.bits() - length);
  const auto octets = address.octets().last(2);
  const auto first = static_cast<std::uint32_t>(octets[0] << 8 | octets[1]) & ~(count - 1);
  for (auto number = first; number < first + count; ++number) {
    octets[0] = static_cast<std::uint8_t>(number >> 8);
    octets[1] = static_cast<std::uint8_t>(number);
    add(word, {address, {}}, to);
  }
  to.by_range = true;
}

std::string trimmed(const std::string& line) {
  constexpr char blanks[] = " \t\r";
  const auto first = line.find_first_not_of(blanks);
  if (first == std::string::npos) return "";
  return line.substr(first, line.find_last_not_of(blanks) - first + 1);
}

// The next line, or what of it is not too long; nothing at the end.
std::optional<std::string> next_line(std::istream& from) {
  std::string line;
  for (char c; from.get(c);) {
    if (c == '\n' || line.size() > longest_line) return line;
    line += c;
  }
  return line.empty() ? std::nullopt : std::optional(line);
}

}  // namespace

void add_clients(const std::string& word, int ip_version, Clients& to) {
  const auto parts = split(word);
  const auto address = address_of(word, parts, ip_version);
  if (parts.prefix_length) {
    add_range(word, address, prefix_length(word, *parts.prefix_length, address.bits()), to);
    return;
  }
  std::optional<std::uint16_t> port;
  try {
    if (parts.port) port = value::port(*parts.port);
  } catch (const Error&) {
    throw no_client(word);
  }
  add(word, {address, port}, to);
}

Clients read_clients(std::istream& from, int ip_version) {
  Clients clients;
  std::size_t number = 0;
  while (const auto line = next_line(from)) {
    const auto where = "line " + std::to_string(++number);
    if (number > most_lines) throw Error(ExitCode::not_configured, where + ": too many lines");
    const auto word = trimmed(*line);
    if (word.empty()) continue;
    try {
      add_clients(word, ip_version, clients);
    } catch (const Error& error) {
      throw error.within(where);
    }
  }
  return clients;
}

std::string to_string(const Client& client) {
  const auto address = to_string(client.address);
  if (!client.port) return address;
  const auto port = ":" + std::to_string(*client.port);
  return client.address.version == 6 ? "[" + address + "]" + port : address + port;
}

}  // namespace loadshare
