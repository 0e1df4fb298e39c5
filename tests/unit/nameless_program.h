// SPDX-License-Identifier: GPL-2.0-or-later
// A program of ours as it is loaded when the kernel is short of memory while libbpf asks it whether
// it knows names: without one, for as long as it lives.
#pragma once

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <cerrno>

#include "base/file_descriptor.h"
#include "kernel/bpf/object.h"
#include "loadshare/error.h"

namespace loadshare::test {

class NamelessProgram {
 public:
  /// Of this object file, whose tables `prepare` chooses.
  NamelessProgram(const char* begin, const char* end, const char* name,
                  const bpf::Object::Prepare& prepare) {
    bpf_object* loaded = nullptr;
    const bpf::Object named(begin, end, name, [&](bpf_object& object) {
      prepare(object);
      loaded = &object;
    });
    const auto* program = bpf_object__find_program_by_name(loaded, name);
    file_ = FileDescriptor(bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, nullptr, "GPL",
                                         bpf_program__insns(program),
                                         bpf_program__insn_cnt(program), nullptr));
    if (!file_) throw kernel_error("load a program without a name (eBPF)", errno);
  }

  int descriptor() const { return file_.number(); }

 private:
  FileDescriptor file_{-1};
};

}  // namespace loadshare::test
