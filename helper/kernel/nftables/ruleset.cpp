// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/nftables/ruleset.h"

#include <linux/if_packet.h>
#include <netinet/in.h>

#include <algorithm>
#include <sstream>

#include "kernel/nftables/rule_parts.h"
#include "loadshare/error.h"

namespace loadshare::nftables {
namespace {

constexpr char address_chain_prefix[] = "cluster-";
constexpr char ingress_chain_prefix[] = "ingress-";
constexpr std::uint8_t neighbour_advertisement = 136;  // RFC 4861, 4.4

Rule protocol_has_ports() {
  return {LoadMeta{Meta::l4_protocol, scratch}, FindInSet{scratch, ports_set_name}};
}

/// Collects the rules of one address.
class Decisions {
 public:
  Decisions(const IpAddress& address, const Filter& filter) : address_(address), filter_(filter) {}

  /// Packets that match are taken where their bucket is owned and dropped elsewhere.
  void share(const Rule& match, const Fields& fields) {
    rules_.push_back(match + find_bucket(fields, address_.version, filter_) +
                     Rule{FindInSet{bucket, owned_set_name(address_)}} + take());
    rules_.push_back(match + count_and_drop());
  }
  /// Packets that match are taken on every node.
  void take_everywhere(const Rule& match) { rules_.push_back(match + take()); }
  void add(const Rule& rule) { rules_.push_back(rule); }

  std::vector<Rule> rules() const { return rules_; }

 private:
  const IpAddress& address_;
  const Filter& filter_;
  std::vector<Rule> rules_;
};

// The quoted header must be one whose fields stand where Layout says.
void take_unreadable_quotes(int ip_version, bool ports_matter, Decisions& decisions) {
  const Rule version{LoadPayload{Header::transport, 8, 1, scratch}};
  if (ip_version == 6) {
    decisions.take_everywhere(version +
                              Rule{Mask{scratch, {0xf0}}, Compare{scratch, false, {0x60}}});
    return;
  }
  decisions.take_everywhere(version + Rule{Compare{scratch, false, {0x45}}});
  if (!ports_matter) return;
  // Fragment offset: a later fragment begins without ports (RFC 791).
  decisions.take_everywhere({LoadPayload{Header::transport, 14, 2, scratch},
                             Mask{scratch, {0x1f, 0xff}}, Compare{scratch, false, {0, 0}}});
}

std::string ports_chain_name(const IpAddress& address) { return "ports-" + identifier(address); }
std::string errors_chain_name(const IpAddress& address) { return "errors-" + identifier(address); }

std::vector<Rule> ports_rules(const IpAddress& address, const Filter& filter) {
  Decisions decisions(address, filter);
  decisions.share({}, {packet_source(address.version), 0, 2});
  return decisions.rules();
}

std::vector<Rule> errors_rules(const IpAddress& address, const Filter& filter) {
  const int version = address.version;
  const auto& at = layout(version);
  const auto source = quoted_source(version);
  Decisions decisions(address, filter);
  take_unreadable_quotes(version, ports_matter(filter), decisions);
  if (ports_matter(filter)) {
    for (const auto protocol : unreadable_protocols(version)) {
      decisions.take_everywhere(transport_byte(at.quoted_protocol) +
                                Rule{Compare{scratch, true, {protocol}}});
    }
    decisions.share(transport_byte(at.quoted_protocol) + Rule{FindInSet{scratch, ports_set_name}},
                    {source, at.quoted_dest_port, at.quoted_source_port});
  }
  decisions.share({}, {source, std::nullopt, std::nullopt});
  return decisions.rules();
}

// What ingress cannot read to its end is for this host until prerouting has looked at it.
Rule leave_to_prerouting() {
  constexpr std::uint32_t next_header = 6;  // RFC 8200, section 3
  return Rule{LoadPayload{Header::network, next_header, 1, scratch},
              FindInSet{scratch, extensions_set_name}} +
         take();
}

std::vector<Rule> address_rules(Stage stage, const IpAddress& address, const Filter& filter) {
  const int version = address.version;
  const auto source = packet_source(version);
  Decisions decisions(address, filter);
  decisions.add(other_interface(filter.interface));
  if (stage == Stage::ingress) decisions.add(leave_to_prerouting());
  if (ports_matter(filter)) {
    decisions.add(protocol_has_ports() + Rule{GoTo{ports_chain_name(address)}});
    decisions.share(protocol_is(IPPROTO_ESP), {source, 0, 2});
    // In IPv6 AH is an extension header: what is behind it is the protocol.
    if (version == 4) decisions.share(protocol_is(IPPROTO_AH), {source, 4, 6});
  }
  if (version == 6) {
    // Answers to what this node itself asked in the name of the address: nobody else knows.
    decisions.take_everywhere(protocol_is(IPPROTO_ICMPV6) + transport_byte(0) +
                              Rule{Compare{scratch, true, {neighbour_advertisement}}});
  }
  decisions.add(protocol_is(icmp_protocol(version)) + transport_byte(0) +
                Rule{FindInSet{scratch, errors_set_name}, GoTo{errors_chain_name(address)}});
  decisions.share({}, {source, std::nullopt, std::nullopt});
  return decisions.rules();
}

}  // namespace

std::string address_chain_name(const IpAddress& address) {
  return address_chain_prefix + identifier(address);
}

std::string owned_set_name(const IpAddress& address) { return "owned-" + identifier(address); }

std::optional<IpAddress> address_of_chain(const std::string& name) {
  if (!name.starts_with(address_chain_prefix)) return std::nullopt;
  auto text = name.substr(sizeof address_chain_prefix - 1);
  std::replace(text.begin(), text.end(), '_', ':');
  return parse_ip_address(text);
}

std::string comment_of(const Filter& filter) {
  return filter.interface + " " + to_string(filter.mac) + " " + to_string(filter.hash_mode) +
         " seed " + std::to_string(filter.seed) + " total " + std::to_string(filter.total) +
         (filter.lease ? " lease" : "") +
         (filter.drain.count() > 0 ? " drain " + std::to_string(filter.drain.count()) : "");
}

std::optional<Filter> filter_of(const std::string& comment) {
  std::istringstream words(comment);
  std::string interface, mac, mode, seed, total, seed_word, total_word;
  words >> interface >> mac >> mode >> seed_word >> seed >> total_word >> total;
  if (words.fail()) return std::nullopt;
  std::string word;
  bool lease = false;
  std::chrono::seconds drain{0};
  try {
    while (words >> word) {
      if (word == "lease") lease = true;
      if (word == "drain" && words >> word) drain = value::drain(word);
    }
    const Filter filter{value::interface(interface),
                        value::cluster_mac(mac),
                        value::hash_mode(mode),
                        value::number(seed, 0, UINT32_MAX),
                        value::number(total, 1, most_buckets),
                        lease,
                        drain};
    // What reads as our parameters but is spelt otherwise was not written by us.
    return comment_of(filter) == comment ? std::optional(filter) : std::nullopt;
  } catch (const Error&) {
    return std::nullopt;
  }
}

std::string ingress_chain_name(const std::string& interface) {
  return ingress_chain_prefix + interface;
}

bool is_ingress_chain(const std::string& name) { return name.starts_with(ingress_chain_prefix); }

std::vector<Rule> base_rules(Stage stage, int ip_version) {
  const auto& at = layout(ip_version);
  Rule rule{LoadPayload{Header::network, at.destination, at.address_size, scratch},
            FollowMap{scratch, address_map_name}};
  if (stage == Stage::ingress) {
    // First, as it spares all others the look-up: frames with a MAC of this host need no help to
    // get to prerouting, which looks at them as well.
    constexpr std::uint8_t ipv6_frame[] = {0x86, 0xdd};  // ETH_P_IPV6
    rule = Rule{LoadMeta{Meta::packet_type, scratch}, Compare{scratch, true, {PACKET_MULTICAST}},
                LoadMeta{Meta::protocol, scratch},
                Compare{scratch, true, {std::begin(ipv6_frame), std::end(ipv6_frame)}}} +
           rule;
  }
  return {rule};
}

std::vector<Rule> defragment_rules(int ip_version) {
  return {{LoadValue{{0, 0}, scratch},
           TransparentProxy{ip_version == 4 ? std::uint32_t{AF_INET} : std::uint32_t{AF_INET6}}}};
}

std::vector<std::uint8_t> protocols_with_ports() {
  return {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_DCCP, IPPROTO_SCTP, IPPROTO_UDPLITE};
}

std::vector<std::uint8_t> icmp_error_types(int ip_version) {
  if (ip_version == 4) return {3, 4, 5, 11, 12};
  return {1, 2, 3, 4};
}

std::vector<std::uint8_t> unreadable_protocols(int ip_version) {
  if (ip_version == 4) return {IPPROTO_ESP, IPPROTO_AH};
  return {IPPROTO_ESP,     IPPROTO_AH,       IPPROTO_HOPOPTS,
          IPPROTO_ROUTING, IPPROTO_FRAGMENT, IPPROTO_DSTOPTS};
}

std::vector<std::uint8_t> extension_headers() {
  return {IPPROTO_HOPOPTS, IPPROTO_ROUTING, IPPROTO_FRAGMENT, IPPROTO_AH, IPPROTO_DSTOPTS};
}

std::vector<RuleChain> address_chains(Stage stage, const IpAddress& address, const Filter& filter) {
  std::vector<RuleChain> chains;
  if (ports_matter(filter)) {
    chains.push_back({ports_chain_name(address), ports_rules(address, filter)});
  }
  chains.push_back({errors_chain_name(address), errors_rules(address, filter)});
  chains.push_back({address_chain_name(address), address_rules(stage, address, filter)});
  return chains;
}

std::vector<std::string> address_chain_names(const IpAddress& address) {
  return {ports_chain_name(address), errors_chain_name(address), address_chain_name(address)};
}

}  // namespace loadshare::nftables
