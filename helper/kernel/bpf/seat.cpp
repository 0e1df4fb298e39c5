// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/bpf/seat.h"

#include <linux/pkt_sched.h>

#include "kernel/bpf/object.h"

namespace loadshare::bpf {
namespace {

std::string program_in_words(std::uint32_t id) {
  const auto program = inspect(id);
  const auto name = program ? program->name : "";
  return (name.empty() ? "a nameless one" : name) + " (program " + std::to_string(id) + ")";
}

}  // namespace

std::string in_words(const Seat& seat) {
  if (!seat.filter) return program_in_words(seat.program_id);
  const auto priority = " of priority " + std::to_string(TC_H_MAJ(seat.filter->info) >> 16);
  if (seat.program_id == 0) return "a " + seat.filter->kind + " filter" + priority;
  return program_in_words(seat.program_id) + " in a filter" + priority;
}

std::string in_words(const std::vector<Seat>& seats) {
  std::string text, former;
  for (const auto& seat : seats) {
    const auto words = in_words(seat);  // a u32 filter's hash tables are listed like filters
    if (words == former) continue;
    text += (text.empty() ? "" : ", ") + words;
    former = words;
  }
  return text;
}

}  // namespace loadshare::bpf
