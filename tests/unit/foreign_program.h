// SPDX-License-Identifier: GPL-2.0-or-later
// Somebody else's program for an interface: it lets everything pass.
#pragma once

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include <cerrno>
#include <string>

#include "base/file_descriptor.h"
#include "loadshare/error.h"

namespace loadshare::test {

class ForeignProgram {
 public:
  explicit ForeignProgram(const std::string& name = "foreign") : file_(load(name)) {
    bpf_prog_info info{};
    std::uint32_t size = sizeof info;
    if (!file_ || bpf_obj_get_info_by_fd(file_.number(), &info, &size) != 0) {
      throw kernel_error("load a program (eBPF)", errno);
    }
    id_ = info.id;
  }

  int descriptor() const { return file_.number(); }
  std::uint32_t id() const { return id_; }

 private:
  static FileDescriptor load(const std::string& name) {
    bpf_insn code[2] = {};
    code[0].code = BPF_ALU64 | BPF_MOV | BPF_K;
    code[0].imm = TC_ACT_UNSPEC;
    code[1].code = BPF_JMP | BPF_EXIT;
    return FileDescriptor(bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, name.c_str(), "GPL", code,
                                        std::size(code), nullptr));
  }

  FileDescriptor file_;
  std::uint32_t id_ = 0;
};

/// A filter of the interface's clsact qdisc, as `tc filter add` makes it.
inline void attach_as_filter(int program, int interface, bpf_tc_attach_point place,
                             std::uint32_t priority, std::uint32_t handle) {
  bpf_tc_hook hook{};
  hook.sz = sizeof hook;
  hook.ifindex = interface;
  hook.attach_point = place;
  bpf_tc_opts options{};
  options.sz = sizeof options;
  options.prog_fd = program;
  options.priority = priority;
  options.handle = handle;
  int error = bpf_tc_hook_create(&hook);
  if (error == 0 || error == -EEXIST) error = bpf_tc_attach(&hook, &options);
  if (error != 0) throw kernel_error("attach a filter", -error);
}

}  // namespace loadshare::test
