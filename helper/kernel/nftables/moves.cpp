// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/nftables/moves.h"

#include <netinet/in.h>

#include <cstring>

#include "kernel/nftables/rule_parts.h"

namespace loadshare::nftables {
namespace {

std::string opening_chain_name(const IpAddress& address) {
  return "opening-" + identifier(address);
}

// RFC 9293, section 3.1: SYN without ACK.
Rule begins_connection() {
  constexpr std::uint32_t flags = 13;
  constexpr std::uint8_t syn = 0x02, ack = 0x10;
  return transport_byte(flags) + Rule{Mask{scratch, {syn | ack}}, Compare{scratch, true, {syn}}};
}

Rule is_known() {
  constexpr std::uint32_t established = 1 << 1;  // NF_CT_STATE_BIT(IP_CT_ESTABLISHED)
  std::vector<std::uint8_t> state(sizeof established);
  std::memcpy(state.data(), &established, sizeof established);
  return {LoadConnection{Connection::state, scratch}, Compare{scratch, true, state}};
}

// What conntrack heard of this node first may be a socket of an earlier time, which sends again
// what nobody acknowledges any more.
Rule client_began_it() {
  return {LoadConnection{Connection::direction, scratch}, Compare{scratch, true, {0}}};
}

/// The rules of one address about TCP.
class Parts {
 public:
  Parts(const IpAddress& address, const Filter& filter) : address_(address), filter_(filter) {}

  Rule bucket_is_in(const std::string& set) const {
    return bucket_is_in(set, {packet_source(address_.version), 0, 2});
  }
  Rule quoted_bucket_is_in(const std::string& set) const {
    const auto& at = layout(address_.version);
    return bucket_is_in(
        set, {quoted_source(address_.version), at.quoted_dest_port, at.quoted_source_port});
  }
  /// The client's address and port, and the service's: a key of `reopened`. The same port of a
  /// client can have a connection to each of the address's services.
  Rule load_connection() const {
    const auto source = packet_source(address_.version);
    const Register ports = hashed + source.size / 4;
    return {source, LoadPayload{Header::transport, 0, 2, ports},
            LoadPayload{Header::transport, 2, 2, ports + 1}};
  }
  Rule has_begun_anew() const {
    return load_connection() + Rule{FindInSet{hashed, reopened_set_name(address_)}};
  }

 private:
  Rule bucket_is_in(const std::string& set, Fields fields) const {
    if (!ports_matter(filter_)) fields.source_port = fields.dest_port = std::nullopt;
    return find_bucket(fields, address_.version, filter_) + Rule{FindInSet{bucket, set}};
  }

  const IpAddress& address_;
  const Filter& filter_;
};

std::vector<Rule> moving_rules(const IpAddress& address, const Filter& filter) {
  const Parts parts(address, filter);
  const auto draining = draining_set_name(address);
  const auto& at = layout(address.version);
  const auto is_tcp = protocol_is(IPPROTO_TCP);
  const auto is_error_about_tcp = protocol_is(icmp_protocol(address.version)) + transport_byte(0) +
                                  Rule{FindInSet{scratch, errors_set_name}} +
                                  transport_byte(at.quoted_protocol) +
                                  Rule{Compare{scratch, true, {IPPROTO_TCP}}};
  return {other_interface(filter.interface),
          is_tcp + parts.bucket_is_in(draining) + take(),
          is_error_about_tcp + parts.quoted_bucket_is_in(draining) + take(),
          {GoTo{address_chain_name(address)}}};
}

// Each rule ends in a verdict: with what is left, the bucket's last element has just expired.
std::vector<Rule> known_rules(const IpAddress& address, const Filter& filter) {
  const Parts parts(address, filter);
  const auto drained_here = parts.bucket_is_in(draining_set_name(address));
  const auto drained_elsewhere = parts.bucket_is_in(elsewhere_set_name(address));
  return {other_interface(filter.interface),
          begins_connection() + Rule{GoTo{opening_chain_name(address)}},
          drained_here + parts.has_begun_anew() + count_and_drop(),
          drained_elsewhere + parts.has_begun_anew() + count_and_drop(),
          is_known() + client_began_it() + Rule{Accept{}},
          drained_elsewhere + count_and_drop(),
          drained_here + is_known() + Rule{Accept{}},
          parts.bucket_is_in(owned_set_name(address)) + Rule{Accept{}},
          count_and_drop()};
}

std::vector<Rule> opening_rules(const IpAddress& address, const Filter& filter) {
  const Parts parts(address, filter);
  const auto reopened = reopened_set_name(address);
  // This node may take the bucket back, and the other one drain it then for as long once more.
  const auto lifetime = 2 * filter.drain;
  return {parts.bucket_is_in(owned_set_name(address)) + parts.load_connection() +
              Rule{DeleteFromSet{hashed, reopened}, Accept{}},
          parts.load_connection() + Rule{AddToSet{hashed, reopened, lifetime}} + count_and_drop(),
          count_and_drop()};
}

}  // namespace

std::string moving_chain_name(const IpAddress& address) { return "moving-" + identifier(address); }
std::string known_chain_name(const IpAddress& address) { return "known-" + identifier(address); }
std::string draining_set_name(const IpAddress& address) {
  return "draining-" + identifier(address);
}
std::string elsewhere_set_name(const IpAddress& address) {
  return "elsewhere-" + identifier(address);
}
std::string reopened_set_name(const IpAddress& address) {
  return "reopened-" + identifier(address);
}

std::vector<Rule> after_conntrack_rules(int ip_version) {
  const auto& at = layout(ip_version);
  return {protocol_is(IPPROTO_TCP) +
          Rule{LoadPayload{Header::network, at.destination, at.address_size, scratch},
               FollowMap{scratch, moving_map_name}}};
}

std::vector<RuleChain> move_chains(Stage stage, const IpAddress& address, const Filter& filter) {
  if (filter.drain.count() == 0) return {};
  std::vector<RuleChain> chains;
  if (stage == Stage::prerouting) {
    chains.push_back({opening_chain_name(address), opening_rules(address, filter)});
    chains.push_back({known_chain_name(address), known_rules(address, filter)});
  }
  chains.push_back({moving_chain_name(address), moving_rules(address, filter)});
  return chains;
}

std::vector<std::string> move_chain_names(const IpAddress& address) {
  return {opening_chain_name(address), known_chain_name(address), moving_chain_name(address)};
}

}  // namespace loadshare::nftables
