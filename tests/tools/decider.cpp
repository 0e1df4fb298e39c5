// SPDX-License-Identifier: GPL-2.0-or-later
// traffic decider: what the deciding program of an interface holds, and what if somebody spoils it?
#include <bpf/bpf.h>

#include <functional>
#include <iostream>
#include <map>
#include <set>
#include <stdexcept>

#include "arguments.h"
#include "commands.h"
#include "kernel/decider/program.h"

namespace traffic {

namespace {

namespace decider = loadshare::decider;
namespace bpf = loadshare::bpf;

// For every address that the program holds.
void change_parameters(decider::Attached& attached,
                       const std::function<void(decider_address&)>& change) {
  const int table = attached.holdings->files().addresses.number();
  for (const auto& address : attached.holdings->addresses()) {
    const auto key = bpf::key_of(address);
    decider_address value{};
    bpf_map_lookup_elem(table, &key, &value);
    change(value);
    bpf_map_update_elem(table, &key, &value, BPF_EXIST);
  }
}

const std::map<std::string, std::function<void(decider_address&)>> parameters{
    {"seed", [](decider_address& value) { ++value.seed; }},
    {"total", [](decider_address& value) { ++value.total; }},
    {"mode", [](decider_address& value) { value.hashed_ports ^= 1; }},
    {"mac", [](decider_address& value) { value.mac[5] ^= 1; }},
    {"cells", [](decider_address& value) { value.first_cell = LOADSHARE_MOST_CELLS; }},
};

void spoil(decider::Attached& attached, const std::string& what) {
  auto& root = attached.holdings->root();
  if (what == "detach") {
    for (const auto& seat : attached.seats) attached.ingress.take_off(seat);
  } else if (what == "tag") {
    root.program_tag[0] ^= 1;
  } else if (what == "mark") {
    root.mark[sizeof LOADSHARE_MARK - 2] = '0';
  } else if (what == "sight") {
    for (auto& word : root.may_be_held) word = 0;
  } else if (parameters.contains(what)) {
    change_parameters(attached, parameters.at(what));
  } else {
    throw std::invalid_argument("nobody can spoil " + what);
  }
}

// As bpftool would: the number that owned buckets have had in all versions.
void usurp(decider::Attached& attached, const loadshare::IpAddress& address, unsigned bucket) {
  const auto& files = attached.holdings->files();
  const auto key = bpf::key_of(address);
  decider_address held{};
  bpf_map_lookup_elem(files.addresses.number(), &key, &held);
  const auto place = held.first_cell + bucket - 1;
  const decider_cell cell{decider_owned, 0};
  bpf_map_update_elem(files.cells.number(), &place, &cell, BPF_ANY);
}

std::string in_words(const std::set<unsigned>& buckets) {
  std::string words;
  for (const unsigned bucket : buckets) {
    words += (words.empty() ? "" : ",") + std::to_string(bucket);
  }
  return words;
}

void print(const decider::Attached& attached) {
  for (const auto& address : attached.holdings->addresses()) {
    std::cout << loadshare::to_string(address) << " "
              << in_words(attached.holdings->state_of(address).buckets) << "\n";
  }
  if (attached.holdings->addresses().empty()) std::cout << "no address\n";
}

struct Options {
  std::string interface, what, address;
  std::vector<std::string> own, give_up, usurp;
};

Options read_options(const Arguments& arguments) {
  namespace po = boost::program_options;
  OptionReader reader(
      "decider: prints \"ADDRESS BUCKETS\" for each address, \"no address\", or \"none\" without a "
      "program");
  Options options;
  auto add = reader.described.add_options();
  add("interface", po::value(&options.interface)->required(), "looks there");
  add("address", po::value(&options.address), "prints the owned buckets of that one: \"1,3\"");
  add("own", po::value(&options.own)->composing(), "first, this node takes this bucket of it");
  add("usurp", po::value(&options.usurp)->composing(),
      "first, a hand that is not ours writes that this node owns it");
  add("give-up", po::value(&options.give_up)->composing(), "first, this node does not own it");
  add("spoil", po::value(&options.what),
      "seed, total, mode, mac, cells: another value for all addresses; sight: none is looked for; "
      "tag, mark: another program's; detach: the program");
  reader.read(arguments);
  return options;
}

void work_on(decider::Attached& attached, const Options& options) {
  if (!attached.holdings) throw std::runtime_error("the program is another version's");
  if (!options.what.empty()) return spoil(attached, options.what);
  if (options.address.empty()) return print(attached);
  const auto address = ip_address(options.address);
  auto& holdings = *attached.holdings;
  for (const auto& bucket : options.own) holdings.own(address, number(bucket, 65535), {});
  for (const auto& bucket : options.usurp) usurp(attached, address, number(bucket, 65535));
  for (const auto& bucket : options.give_up) holdings.give_up(address, number(bucket, 65535));
  std::cout << in_words(holdings.state_of(address).buckets) << "\n";
}

}  // namespace

int decider_program(const Arguments& arguments) {
  const auto options = read_options(arguments);
  auto attached = decider::find(options.interface);
  if (attached) {
    work_on(*attached, options);
  } else if (options.what.empty()) {
    std::cout << "none\n";
  } else {
    throw std::runtime_error("no deciding program on " + options.interface);
  }
  return 0;
}

}  // namespace traffic
