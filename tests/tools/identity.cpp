// SPDX-License-Identifier: GPL-2.0-or-later
// traffic identity: does each packet reach the owner of its bucket, and no other node?
#include <algorithm>
#include <array>
#include <iostream>
#include <map>
#include <random>
#include <set>
#include <stdexcept>

#include "arguments.h"
#include "commands.h"
#include "loadshare/request.h"
#include "probes.h"
#include "quotes.h"
#include "sockets.h"

namespace traffic {

namespace {

constexpr std::uint32_t batch_size = 64;
constexpr Milliseconds idle_after_batch{30};
constexpr Milliseconds idle_at_end{150};
constexpr int receive_buffer = 32 << 20;
constexpr int complaints_shown = 5;

struct Options {
  std::string client;
  std::string interface;
  IpAddress address;
  std::vector<MacAddress> macs;
  loadshare::HashMode mode{};
  unsigned total = 0;
  std::uint32_t seed = 0;
  std::uint32_t packets = 0;
  std::uint32_t random = 0;
  SourceRange sources;
  std::vector<ProbeProtocol> protocols;
  Wrapping wrapping;
  std::optional<Quote> quote;  ///< send ICMP errors about the probes instead of the probes
  bool flow = false;
  bool everywhere = false;
  std::vector<std::string> nodes;
  std::map<unsigned, std::size_t> owner_of;  ///< bucket → index in `nodes`; a bucket may be free
};

/// "NETNS:1,4,5"; no bucket behind the colon is a node that must stay silent.
void add_node(Options& options, const std::string& text) {
  const auto parts = split(text, ':');
  if (parts.size() != 2) throw std::invalid_argument("\"" + text + "\" is not NETNS:BUCKET,…");
  options.nodes.push_back(parts[0]);
  if (parts[1].empty()) return;
  for (const std::string& bucket : split(parts[1], ',')) {
    const auto [owner, fresh] =
        options.owner_of.emplace(number(bucket, options.total), options.nodes.size() - 1);
    if (!fresh) throw std::invalid_argument("bucket " + bucket + " has two owners");
  }
}

Options read_options(const Arguments& arguments) {
  namespace po = boost::program_options;
  OptionReader reader(
      "identity: prints \"packets N accepted-right N missing N wrong-node N duplicate N\"");
  Options options;
  std::string address, mode, total, seed, packets, random, sources, protocols, quote, tag,
      extension;
  std::vector<std::string> nodes, macs;
  auto add = reader.described.add_options();
  add("client", po::value(&options.client)->required(), "the namespace that sends");
  add("interface", po::value(&options.interface)->required(), "its interface");
  add("address", po::value(&address)->required(), "the cluster's address");
  add("mac", po::value(&macs)->required()->composing(), "the cluster's; several: a copy to each");
  add("mode", po::value(&mode)->required(), "sourceip[-sourceport[-destport]]");
  add("total", po::value(&total)->required(), "number of buckets");
  add("seed", po::value(&seed)->default_value("0"), "of the hash");
  add("packets", po::value(&packets)->default_value("5000"), "how many to send");
  add("random", po::value(&random)->default_value("1"), "seed of the random packets");
  add("sources", po::value(&sources), "NETWORK/LENGTH; default 0.0.0.0/0 or 2000::/3");
  add("protocols", po::value(&protocols)->default_value(all_probe_protocols()),
      "in equal shares; no CLUSTERIP node ever accepts udplite");
  const auto quotes = "send ICMP errors that quote the answer to each packet: " + all_quotes();
  add("quote", po::value(&quote), quotes.c_str());
  add("flow", po::bool_switch(&options.flow),
      "send the packet itself before its error, for connection tracking");
  add("everywhere", po::bool_switch(&options.everywhere),
      "right is what every node accepts, whoever owns the bucket");
  add("tag", po::value(&tag), "a VLAN tag with this number, 0 too");
  add("extension", po::value(&extension),
      "a header TYPE:HEX behind that of IPv6, first byte first");
  add("node", po::value(&nodes)->required()->composing(), "NETNS:BUCKET,… once per node");
  reader.read(arguments);
  options.address = ip_address(address);
  for (const auto& mac : macs) options.macs.push_back(mac_address(mac));
  options.mode = loadshare::value::hash_mode(mode);
  options.total = number(total, 65535);
  options.seed = number(seed, ~0U);
  options.packets = number(packets, 10'000'000);
  options.random = number(random, ~0U);
  const char* everywhere = options.address.version == 4 ? "0.0.0.0/0" : "2000::/3";
  options.sources = source_range(sources.empty() ? everywhere : sources);
  for (const auto& name : split(protocols, ',')) options.protocols.push_back(probe_protocol(name));
  if (!tag.empty()) options.wrapping.tag = static_cast<std::uint16_t>(number(tag, 4095));
  if (!extension.empty()) options.wrapping.extension = extension_header(extension);
  if (!quote.empty()) options.quote = quote_named(quote);
  for (const auto& node : nodes) add_node(options, node);
  if (options.sources.network.version != options.address.version) {
    throw std::invalid_argument("--sources and --address are of different IP versions");
  }
  return options;
}

/// One raw socket: it gets a copy of every packet of one protocol that has passed its node's
/// LOCAL_IN.
struct Ear {
  FileDescriptor socket;
  std::size_t node;
};

/// The protocols by which probes, or the errors about them, arrive.
std::vector<ProbeProtocol> heard_protocols(const Options& options) {
  return options.quote ? std::vector{ProbeProtocol::icmp} : options.protocols;
}

std::vector<Ear> open_ears(const Options& options) {
  std::vector<Ear> ears;
  for (std::size_t node = 0; node < options.nodes.size(); ++node) {
    const NamespaceVisit visit(options.nodes[node]);
    for (const ProbeProtocol protocol : heard_protocols(options)) {
      const int ip_version = options.address.version;
      FileDescriptor socket = open_socket(family_of(options.address), SOCK_RAW,
                                          ip_protocol_number(protocol, ip_version));
      set_receive_buffer(socket, receive_buffer);
      ears.push_back({std::move(socket), node});
    }
  }
  return ears;
}

struct Sender {
  FileDescriptor socket;
  MacAddress mac;
};

Sender open_sender(const Options& options) {
  const NamespaceVisit visit(options.client);
  FileDescriptor socket = open_frame_sender(options.interface);
  const MacAddress mac = interface_mac(socket, options.interface);
  return {std::move(socket), mac};
}

class Experiment {
 public:
  explicit Experiment(const Options& options)
      : options_(options),
        ears_(open_ears(options)),
        sender_(open_sender(options)),
        random_(options.random) {
    for (const Ear& ear : ears_) descriptors_.push_back(ear.socket.number());
  }

  void run() {
    while (outcomes_.size() < options_.packets) {
      for (std::uint32_t i = 0; i < batch_size && outcomes_.size() < options_.packets; ++i)
        send_one();
      listen(idle_after_batch, true);
    }
    listen(idle_at_end, false);
  }

  /// Prints the result; true if every packet was accepted where it should be and nowhere else.
  bool judge() const {
    std::array<unsigned, 4> count{};
    int shown = 0;
    for (const Outcome& outcome : outcomes_) {
      const Verdict verdict = judge(outcome);
      ++count[verdict];
      if (verdict != right && ++shown <= complaints_shown) complain(outcome);
    }
    std::cout << "packets " << outcomes_.size() << " accepted-right " << count[right] << " missing "
              << count[missing] << " wrong-node " << count[wrong_node] << " duplicate "
              << count[duplicate] << '\n';
    return count[right] == outcomes_.size();
  }

 private:
  enum Verdict { right, missing, wrong_node, duplicate };

  struct Outcome {
    Probe probe;
    std::vector<std::size_t> accepted_by;  ///< node per arrival
  };

  std::uint16_t random_port() { return static_cast<std::uint16_t>(1 + random_() % 65535); }

  Probe next_probe() {
    Probe probe;
    probe.id = static_cast<std::uint32_t>(outcomes_.size());
    probe.protocol = options_.protocols[probe.id % options_.protocols.size()];
    probe.source = random_source(options_.sources, random_);
    probe.destination = options_.address;
    probe.source_port = random_port();
    probe.dest_port = random_port();
    return probe;
  }

  void send_one() {
    const Probe probe = next_probe();
    if (options_.quote) {
      send_error(probe);
    } else {
      send_to_all(probe);
    }
    outcomes_.push_back({probe, {}});
    if (options_.everywhere) awaited_ += options_.nodes.size();
    if (!options_.everywhere && owner(probe)) ++awaited_;
  }

  void send_to_all(const Probe& probe) {
    for (const MacAddress& mac : options_.macs) {
      send_frame(sender_.socket, wrapped(build_frame(probe, sender_.mac, mac), options_.wrapping));
    }
  }

  void send_error(const Probe& probe) {
    if (options_.flow) {
      Probe begin = probe;
      begin.id = ~probe.id;  // arrivals of the packet itself do not count
      send_frame(sender_.socket, build_frame(begin, sender_.mac, options_.macs.front()));
    }
    const auto kind = probe.id / options_.protocols.size();
    const IpAddress router = random_source(options_.sources, random_);
    send_frame(sender_.socket, build_error_frame({probe, *options_.quote, kind}, router,
                                                 sender_.mac, options_.macs.front()));
  }

  /// The node whose bucket it is; nothing when no node holds that bucket.
  std::optional<std::size_t> owner(const Probe& probe) const {
    const auto found = options_.owner_of.find(bucket(probe));
    return found == options_.owner_of.end() ? std::nullopt : std::optional(found->second);
  }

  unsigned bucket(const Probe& probe) const {
    return loadshare::bucket_of(hash_input(probe), options_.mode, options_.seed, options_.total);
  }

  /// Until nothing has come for the idle time or, between batches, all that should come is here.
  void listen(Milliseconds idle, bool until_awaited) {
    take_arrivals();
    while (!(until_awaited && arrived_ >= awaited_)) {
      if (!wait_readable(descriptors_, Clock::now() + idle)) return;
      take_arrivals();
    }
  }

  void take_arrivals() {
    std::array<std::uint8_t, 512> buffer;
    for (const Ear& ear : ears_) {
      while (const auto packet = receive(ear.socket, buffer)) {
        const auto id = probe_id(*packet);
        if (!id || *id >= outcomes_.size()) continue;
        outcomes_[*id].accepted_by.push_back(ear.node);
        ++arrived_;
      }
    }
  }

  Verdict judge(const Outcome& outcome) const {
    if (options_.everywhere) return judge_everywhere(outcome.accepted_by);
    const auto wanted = owner(outcome.probe);
    const auto& nodes = outcome.accepted_by;
    if (nodes.size() > 1) return duplicate;
    if (nodes.empty()) return wanted ? missing : right;
    return wanted == nodes.front() ? right : wrong_node;
  }

  Verdict judge_everywhere(const std::vector<std::size_t>& accepted_by) const {
    const std::set<std::size_t> nodes(accepted_by.begin(), accepted_by.end());
    if (nodes.size() < options_.nodes.size()) return missing;
    return accepted_by.size() > nodes.size() ? duplicate : right;
  }

  void complain(const Outcome& outcome) const {
    const Probe& probe = outcome.probe;
    const auto wanted = owner(probe);
    std::cerr << "packet " << probe.id << ": " << to_string(probe.protocol) << " from "
              << to_string(probe.source) << " ports " << probe.source_port << ' ' << probe.dest_port
              << ", bucket " << bucket(probe) << " of "
              << (wanted ? options_.nodes[*wanted] : "nobody") << ", accepted by";
    for (const std::size_t node : outcome.accepted_by) std::cerr << ' ' << options_.nodes[node];
    std::cerr << (outcome.accepted_by.empty() ? " nobody\n" : "\n");
  }

  const Options& options_;
  std::vector<Ear> ears_;
  Sender sender_;
  std::mt19937 random_;
  std::vector<int> descriptors_;
  std::vector<Outcome> outcomes_;
  std::uint64_t awaited_ = 0;
  std::uint64_t arrived_ = 0;
};

}  // namespace

int identity(const Arguments& arguments) {
  const Options options = read_options(arguments);
  Experiment experiment(options);
  experiment.run();
  return experiment.judge() ? 0 : 1;
}

}  // namespace traffic
