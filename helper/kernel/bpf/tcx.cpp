// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/bpf/tcx.h"

#include <bpf/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "base/file_descriptor.h"
#include "loadshare/error.h"

namespace loadshare::bpf::tcx {
namespace {

// linux/bpf.h of 6.6, which the headers of older systems do not know yet, nor does their libbpf.
constexpr std::uint32_t tcx_ingress = 46, tcx_egress = 47;
constexpr std::uint32_t before_all = 1U << 3;  // BPF_F_BEFORE
constexpr std::size_t most_programs = 64;      // BPF_MPROG_MAX

struct AttachAttributes {
  std::uint32_t interface_index, program, type, flags, replaced, relative;
  std::uint64_t expected_revision;
};

struct QueryAttributes {
  std::uint32_t interface_index, type, query_flags, attach_flags;
  std::uint64_t program_ids;
  std::uint32_t count, reserved;
  std::uint64_t program_flags, link_ids, link_flags, revision;
};

template <class Attributes>
int bpf_call(int command, Attributes& attributes) {
  return static_cast<int>(syscall(SYS_bpf, command, &attributes, sizeof attributes));
}

std::uint32_t type_of(Direction direction) {
  return direction == Direction::ingress ? tcx_ingress : tcx_egress;
}

}  // namespace

std::optional<std::vector<std::uint32_t>> programs(int interface, Direction direction) {
  std::vector<std::uint32_t> ids(most_programs);
  QueryAttributes query{};
  query.interface_index = static_cast<std::uint32_t>(interface);
  query.type = type_of(direction);
  query.program_ids = reinterpret_cast<std::uintptr_t>(ids.data());
  query.count = most_programs;
  if (bpf_call(BPF_PROG_QUERY, query) != 0) {
    if (errno == ENODEV) return std::vector<std::uint32_t>{};
    if (errno == EINVAL) return std::nullopt;
    throw kernel_error("list the programs at tcx", errno);
  }
  ids.resize(query.count);
  return ids;
}

int put_first(int interface, Direction direction, int program) {
  AttachAttributes attach{};
  attach.interface_index = static_cast<std::uint32_t>(interface);
  attach.program = static_cast<std::uint32_t>(program);
  attach.type = type_of(direction);
  attach.flags = before_all;
  return bpf_call(BPF_PROG_ATTACH, attach) == 0 ? 0 : errno;
}

void take_off(int interface, Direction direction, std::uint32_t program_id) {
  const FileDescriptor program(bpf_prog_get_fd_by_id(program_id));
  if (!program && errno == ENOENT) return;
  if (!program) throw kernel_error("open a program at tcx", errno);
  AttachAttributes detach{};
  detach.interface_index = static_cast<std::uint32_t>(interface);
  detach.program = static_cast<std::uint32_t>(program.number());
  detach.type = type_of(direction);
  if (bpf_call(BPF_PROG_DETACH, detach) == 0 || errno == ENOENT || errno == ENODEV) return;
  throw kernel_error("take a program off tcx", errno);
}

}  // namespace loadshare::bpf::tcx
