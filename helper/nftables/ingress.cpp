// SPDX-License-Identifier: GPL-2.0-or-later
#include "nftables/ingress.h"

#include <linux/netfilter.h>

#include <algorithm>
#include <cerrno>

#include "loadshare/error.h"
#include "nftables/batch.h"
#include "nftables/reader.h"
#include "nftables/ruleset.h"

namespace loadshare::nftables {
namespace {

std::string chain_name(const std::string& interface) { return "ingress-" + interface; }

SetSpec open_addresses() {
  return {address_map_name, KeyType::ip6_address, 16, false, most_addresses};
}

Bytes key_of(const IpAddress& address) {
  const auto octets = address.octets();
  return {octets.begin(), octets.end()};
}

bool is_open_for(Reader& reader, const IpAddress& address) {
  const auto elements = reader.elements(address_map_name).value_or(std::vector<Element>{});
  return std::find(elements.begin(), elements.end(), Element{key_of(address), ""}) !=
         elements.end();
}

}  // namespace

std::vector<std::string> ingress_faults(const std::string& interface, const IpAddress& address) {
  Reader reader(NFPROTO_NETDEV);
  const auto chain = reader.chain(chain_name(interface));
  if (!chain || chain->hook != std::uint32_t{NF_NETDEV_INGRESS} || chain->policy != NF_ACCEPT) {
    return {"chain " + chain_name(interface) + " is missing or not at its hook"};
  }
  std::vector<std::string> faults;
  if (reader.rules(chain->name) != ingress_rules()) {
    faults.push_back("chain " + chain->name + " has other rules than it should");
  }
  if (!is_open_for(reader, address)) {
    faults.push_back("set " + std::string(address_map_name) + " of table netdev " + table_name +
                     " lacks " + to_string(address));
  }
  return faults;
}

void open_ingress(const std::string& interface, const IpAddress& address) {
  const auto chain = chain_name(interface);
  const bool missing = !Reader(NFPROTO_NETDEV).chain(chain);
  Batch batch(NFPROTO_NETDEV);
  batch.add_table();
  batch.add_set(open_addresses());
  if (missing) batch.add_ingress_chain(chain, interface, base_chain_priority);
  batch.replace_rules(chain, ingress_rules());
  batch.add_element(open_addresses(), key_of(address));
  const int error_number = batch.commit();
  if (error_number != 0) throw kernel_error("open the ingress of " + interface, error_number);
}

void close_ingress(const std::string& interface, const IpAddress& address, bool interface_needed,
                   bool table_needed) {
  Reader reader(NFPROTO_NETDEV);
  Batch batch(NFPROTO_NETDEV);
  if (!table_needed) {
    batch.delete_table();
  } else {
    const auto chain = chain_name(interface);
    if (is_open_for(reader, address)) batch.delete_element(open_addresses(), key_of(address));
    if (!interface_needed && reader.chain(chain)) {
      batch.delete_rules(chain);
      batch.delete_chain(chain);
    }
  }
  const int error_number = batch.commit();
  if (error_number != 0 && error_number != ENOENT) {
    throw kernel_error("close the ingress of " + interface, error_number);
  }
}

}  // namespace loadshare::nftables
