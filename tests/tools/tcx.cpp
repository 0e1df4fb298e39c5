// SPDX-License-Identifier: GPL-2.0-or-later
// traffic tcx: who sits at an interface's ingress and egress, and what if somebody else does?
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/pkt_cls.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <iostream>
#include <map>
#include <stdexcept>

#include "arguments.h"
#include "base/file_descriptor.h"
#include "commands.h"
#include "kernel/bpf/hook.h"
#include "kernel/bpf/object.h"
#include "sockets.h"

namespace traffic {

namespace {

namespace bpf = loadshare::bpf;
using loadshare::FileDescriptor;

constexpr char program_name[] = "somebody_else";

// linux/bpf.h of 6.6.
constexpr std::uint32_t tcx_ingress = 46, tcx_egress = 47;
constexpr std::uint32_t replace = 1U << 2, before = 1U << 3, after = 1U << 4;

struct AttachAttributes {
  std::uint32_t interface_index, program, type, flags, replaced, relative;
  std::uint64_t expected_revision;
};

const std::map<std::string, int> verdicts{
    {"next", TC_ACT_UNSPEC}, {"pass", TC_ACT_OK}, {"drop", TC_ACT_SHOT}};
const std::map<std::string, std::uint32_t> places{
    {"before", before}, {"behind", after}, {"instead", replace}};

template <class Value>
Value named(const std::map<std::string, Value>& values, const std::string& name) {
  const auto found = values.find(name);
  if (found == values.end()) throw std::invalid_argument("no such word: " + name);
  return found->second;
}

int load(bpf_prog_type type, int verdict) {
  const std::array<bpf_insn, 2> instructions{
      bpf_insn{BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, verdict},
      bpf_insn{BPF_JMP | BPF_EXIT, 0, 0, 0, 0}};
  const int program =
      bpf_prog_load(type, program_name, "GPL", instructions.data(), instructions.size(), nullptr);
  checked(program, "load a program");
  return program;
}

FileDescriptor program_that_returns(int verdict) {
  return FileDescriptor(load(BPF_PROG_TYPE_SCHED_CLS, verdict));
}

struct Place {
  std::string interface;
  bpf::Direction direction;

  bpf::Hook hook() const { return {interface, direction}; }
};

void attach(const Place& place, int program, std::uint32_t flags) {
  AttachAttributes attributes{};
  attributes.interface_index = static_cast<std::uint32_t>(bpf::index_of(place.interface));
  attributes.program = static_cast<std::uint32_t>(program);
  attributes.type = place.direction == bpf::Direction::ingress ? tcx_ingress : tcx_egress;
  attributes.flags = flags;
  FileDescriptor replaced(-1);
  if (flags == replace) {
    replaced = FileDescriptor(bpf_prog_get_fd_by_id(place.hook().seats().at(0).program_id));
    attributes.replaced = static_cast<std::uint32_t>(replaced.number());
  }
  checked(static_cast<int>(syscall(SYS_bpf, BPF_PROG_ATTACH, &attributes, sizeof attributes)),
          "attach a program at tcx");
}

std::string name_of(const bpf::Seat& seat) {
  const auto program = bpf::inspect(seat.program_id);
  return program ? program->name : "a filter";
}

void remove(const Place& place, bool all) {
  for (const auto& seat : place.hook().seats()) {
    if (all || name_of(seat) == program_name) place.hook().take_off(seat);
  }
}

void change_xdp(const std::string& interface, bool on) {
  const FileDescriptor program(on ? load(BPF_PROG_TYPE_XDP, XDP_PASS) : -1);
  const int error = bpf_xdp_attach(bpf::index_of(interface), program.number(), 0, nullptr);
  if (error != 0)
    throw std::runtime_error("attach a program of XDP: error " + std::to_string(-error));
}

void print(const std::string& interface) {
  for (const auto direction : {bpf::Direction::ingress, bpf::Direction::egress}) {
    std::cout << (direction == bpf::Direction::ingress ? "ingress:" : "egress:");
    for (const auto& seat : Place{interface, direction}.hook().seats()) {
      std::cout << ' ' << seat.program_id << ' ' << name_of(seat);
    }
    std::cout << '\n';
  }
}

}  // namespace

int tcx(const Arguments& arguments) {
  namespace po = boost::program_options;
  OptionReader reader("tcx: prints who sits there, \"ingress: ID NAME …\" and the same of egress");
  std::string interface, direction, verdict, place, xdp;
  bool removes = false, clears = false;
  auto add = reader.described.add_options();
  add("interface", po::value(&interface)->required(), "looks there");
  add("direction", po::value(&direction)->default_value("ingress"), "ingress or egress");
  add("return", po::value(&verdict), "attaches a program that says next, pass or drop");
  add("place", po::value(&place)->default_value("before"),
      "before all others, behind them, or instead of the first");
  add("xdp", po::value(&xdp), "on: attaches a program of XDP that passes all; off: takes it away");
  add("remove", po::bool_switch(&removes), "takes these programs away");
  add("clear", po::bool_switch(&clears), "takes all programs away, whosesoever");
  reader.read(arguments);
  const Place there{interface,
                    direction == "egress" ? bpf::Direction::egress : bpf::Direction::ingress};
  if (!xdp.empty()) {
    change_xdp(interface, xdp == "on");
  } else if (removes || clears) {
    remove(there, clears);
  } else if (verdict.empty()) {
    print(interface);
  } else {
    attach(there, program_that_returns(named(verdicts, verdict)).number(), named(places, place));
  }
  return 0;
}

}  // namespace traffic
