// SPDX-License-Identifier: GPL-2.0-or-later
// The one list of options.
#include "request/options.h"

#include <limits>

#include "base/words.h"
#include "loadshare/error.h"

namespace loadshare {
namespace {

constexpr auto any_number = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint32_t longest_interval_ms = 60'000;
constexpr std::uint32_t most_announcements = 1000;
constexpr std::uint32_t longest_wait_s = 600;
constexpr std::uint32_t last_vlan = 4094;  // IEEE 802.1Q, table 9-2
constexpr std::uint32_t fastest_lines = 1'000'000;

constexpr bool identity = true;  // names the bucket
constexpr bool other = false;

// Where in an invocation the members of each of its parts are.
template <class Part>
Part& part_of(Invocation& call);
template <>
Invocation& part_of(Invocation& call) {
  return call;
}
template <>
WatchOptions& part_of(Invocation& call) {
  return call.watch;
}
template <>
Request& part_of(Invocation& call) {
  return call.request;
}
template <>
Announcement& part_of(Invocation& call) {
  return call.request.announcement;
}
template <>
Monitoring& part_of(Invocation& call) {
  return call.request.monitoring;
}
template <>
Transition& part_of(Invocation& call) {
  return call.request.transition;
}

template <class Part, class Member, class Read>
Store into(Member Part::*member, Read read) {
  return [=](Invocation& to, const std::string& text) {
    part_of<Part>(to).*member = Member(read(text));
  };
}

Store set(bool Invocation::*member) {
  return [=](Invocation& to, const std::string&) { to.*member = true; };
}

auto number(std::uint32_t least, std::uint32_t most) {
  return [=](const std::string& text) { return value::number(text, least, most); };
}

unsigned bucket_of_clone(const std::string& text) {
  return value::number(text, 0, most_buckets - 1) + 1;
}

// IPaddr2 takes "eth0:label" here.
void interface_and_label(Invocation& to, const std::string& text) {
  const auto colon = text.find(':');
  to.request.interface = value::interface(text.substr(0, colon));
  if (colon != std::string::npos) to.request.label = value::label(text.substr(colon + 1));
}

void must_be_true(Invocation&, const std::string& text) {
  if (value::boolean(text)) return;
  throw Error(ExitCode::not_configured,
              "the clone must be globally unique: set globally-unique=true");
}

// What the cluster says beside the parameters is taken as it is: a stop must not fail because of
// it.
std::string as_it_is(const std::string& text) { return text; }

const std::vector<Option> options = {
    {"ip", "ip", "ADDRESS", "the cluster address", into(&Request::address, value::cluster_address),
     identity},
    {"bucket", nullptr, "N", "the hash bucket, 1 to the total (default 1)",
     into(&Request::bucket, number(1, most_buckets)), identity},
    {"clone", "CRM_meta_clone", "N", "the same as Pacemaker counts it: bucket N + 1",
     into(&Request::bucket, bucket_of_clone), identity},
    {"total", "CRM_meta_clone_max", "N", "number of buckets, the same on all nodes (default 1)",
     into(&Request::total, number(1, most_buckets))},
    {"nic", "nic", "INTERFACE", "interface (default: the one in the address's network)",
     interface_and_label},
    {"netmask", "cidr_netmask", "BITS", "prefix length or netmask (default: the network's)",
     into(&Request::prefix_length, value::prefix_length)},
    {"broadcast", "broadcast", "ADDRESS", "broadcast address, + or - (default: the network's)",
     into(&Request::broadcast, value::broadcast)},
    {"label", "iflabel", "TEXT", "label of the address, behind \"NIC:\"",
     into(&Request::label, value::label)},
    {"mac", "mac", "MAC", "the multicast MAC of all nodes (default: as IPaddr2 derives it)",
     into(&Request::mac, value::cluster_mac)},
    {"hash", "clusterip_hash", "MODE",
     "sourceip, sourceip-sourceport (default) or sourceip-sourceport-destport",
     into(&Request::hash_mode, value::hash_mode), other, hash_mode_names()},
    {"seed", "clusterip_hash_seed", "N", "initial value of the hash (default 0)",
     into(&Request::seed, number(0, any_number))},
    {"backend", "backend", "NAME", "auto (default), clusterip or ebpf",
     into(&Request::backend, value::backend), identity, backend_names()},
    {"arp-count", "arp_count", "N", "announcements after a start (default 5)",
     into(&Announcement::count, number(0, most_announcements))},
    {"arp-interval", "arp_interval", "MS", "time between them (default 200)",
     into(&Announcement::interval, number(0, longest_interval_ms))},
    {"arp-bg", "arp_bg", "BOOL", "announce in the background (default true)",
     into(&Announcement::in_background, value::boolean)},
    {"lease", "lease", "BOOL", "buckets expire unless monitored (default false)",
     into(&Request::lease, value::boolean)},
    {"interval", "CRM_meta_interval", "MS", "of a recurring monitor, which renews the lease",
     into(&Monitoring::interval, number(0, any_number))},
    {"timeout", "CRM_meta_timeout", "MS", "of that monitor",
     into(&Monitoring::timeout, number(0, any_number))},
    {"drain", "drain", "SECONDS", "a bucket that moves keeps its connections so long (default 0)",
     into(&Request::drain, value::drain)},
    {"notify", "CRM_meta_notify", "BOOL", "Pacemaker tells what moves, which drain needs",
     into(&Request::notify, value::boolean)},
    {"node", "CRM_meta_on_node", "NAME", "this node, as Pacemaker calls it",
     into(&Transition::node, as_it_is), identity},
    {"stopping", "CRM_meta_notify_stop_resource", "LIST", "clone instances that stop now",
     into(&Transition::stopping, words::split), identity},
    {"stopping-on", "CRM_meta_notify_stop_uname", "LIST", "and where",
     into(&Transition::stopping_on, words::split), identity},
    {"starting", "CRM_meta_notify_start_resource", "LIST", "clone instances that start then",
     into(&Transition::starting, words::split), identity},
    {"starting-on", "CRM_meta_notify_start_uname", "LIST", "and where",
     into(&Transition::starting_on, words::split), identity},
    {"resource", nullptr, "NAME", "Pacemaker's name for it, to ask the cluster by",
     into(&Request::resource, value::resource)},
    {"noprefixroute", "noprefixroute", "BOOL", "add no route to the network (default false)",
     into(&Request::no_prefix_route, value::boolean)},
    {"network-namespace", "network_namespace", "NAMESPACE", "work in this network namespace",
     into(&Request::network_namespace, value::network_namespace), identity},
    {"globally-unique", "CRM_meta_globally_unique", "BOOL", "must be true for a clone",
     must_be_true},
    {"wait", nullptr, "SECONDS", "longest wait for a lock (default 5)",
     into(&Invocation::lock_wait, number(0, longest_wait_s)), identity},
    {"dry-run", nullptr, nullptr, "print the plan and change nothing", set(&Invocation::dry_run),
     identity},
    {"verbose", nullptr, nullptr, "say each step on standard error", set(&Invocation::verbose),
     identity},
    {"json", nullptr, nullptr, "print JSON", set(&Invocation::json)},
    {"vlan", nullptr, "N", "VLAN of the address (default: that of the interface)",
     into(&Invocation::vlan, number(1, last_vlan))},
    {"vendor", nullptr, "NAME", "only for ios, nxos, junos, eos, linux or vmware",
     into(&Invocation::vendor, value::switch_vendor), other, switch_vendor_names()},
    {"dport", nullptr, "PORT", "the port that clients call, for sourceip-sourceport-destport",
     into(&Invocation::dest_port, value::port)},
    {"nodes", nullptr, "N", "plan for so many nodes, one or two of which fail",
     into(&Invocation::nodes, number(2, most_nodes))},
    {"each", nullptr, nullptr, "a line for each client, however many they are",
     set(&Invocation::each)},
    {"client", nullptr, "ADDRESS[/BITS]", "only packets of this client or network",
     into(&WatchOptions::clients, value::network)},
    {"rate", nullptr, "LINES", "most lines a second, 0 for the counts alone (default 20)",
     into(&WatchOptions::lines_per_second, number(0, fastest_lines))},
    {"seconds", nullptr, "N", "end after so many seconds",
     into(&WatchOptions::seconds, number(1, any_number))},
    {"count", nullptr, "N", "end after so many packets",
     into(&WatchOptions::packets, number(1, any_number))},
};

}  // namespace

const std::vector<Option>& all_options() { return options; }

}  // namespace loadshare
