// SPDX-License-Identifier: GPL-2.0-or-later
#include "watch/line.h"

#include <netinet/in.h>

#include <algorithm>
#include <ostream>
#include <utility>

#include "base/words.h"
#include "output/terminal.h"

namespace loadshare::watch {
namespace {

using terminal::Cell;
using terminal::Look;

constexpr std::size_t screen_width = 80;
constexpr std::size_t flow_width = 27, protocol_width = 9;
constexpr char gap[] = "  ";

struct AnswerWords {
  Answer answer;
  const char* line;  ///< of one packet
  const char* sum;   ///< of all of them
  Look look;
};
constexpr AnswerWords words[] = {
    {Answer::responsible, "responsible", "responsible", Look::good},
    {Answer::not_responsible, "not responsible", "not responsible", Look::dim},
    {Answer::drained_if_known, "drains if known", "drained here if the connection is known here",
     Look::warning},
    {Answer::owned_if_known, "ours if known", "responsible, unless another node drains them",
     Look::good},
    {Answer::every_node, "every node", "for every node", Look::warning},
    {Answer::nobody, "unreadable: dropped", "unreadable, dropped by every node", Look::warning},
    {Answer::unknown, "first fragment unseen", "fragments without their first", Look::warning},
};

const AnswerWords& words_for(Answer answer) {
  return *std::find_if(std::begin(words), std::end(words),
                       [answer](const AnswerWords& row) { return row.answer == answer; });
}

struct ProtocolName {
  std::uint8_t number;
  const char* name;
};
constexpr ProtocolName protocols[] = {
    {IPPROTO_ICMP, "icmp"}, {IPPROTO_TCP, "tcp"},         {IPPROTO_UDP, "udp"},
    {IPPROTO_SCTP, "sctp"}, {IPPROTO_UDPLITE, "udplite"}, {IPPROTO_DCCP, "dccp"},
    {IPPROTO_ESP, "esp"},   {IPPROTO_AH, "ah"},           {IPPROTO_GRE, "gre"},
    {IPPROTO_IPIP, "ipip"}, {IPPROTO_ICMPV6, "icmpv6"}};

std::string protocol_of(const Packet& packet) {
  if (packet.is_error && packet.taker != Taker::owner) return "icmp error";
  for (const auto& [number, name] : protocols) {
    if (number == packet.protocol) return name + std::string(packet.is_error ? " error" : "");
  }
  return "proto " + std::to_string(packet.protocol);
}

std::string client_of(const Packet& packet) {
  const auto address = to_string(packet.hashed.source);
  if (!packet.has_ports) return address;
  const auto port = ":" + std::to_string(packet.hashed.source_port);
  return packet.hashed.source.version == 4 ? address + port : "[" + address + "]" + port;
}

std::string padded(std::string text, std::size_t width) {
  const auto shown = terminal::width(text);
  if (shown < width) text.append(width - shown, ' ');
  return text;
}

// As decider/moves.bpf.h does it.
Answer answer_for(const Packet& packet, unsigned bucket, const Buckets& buckets) {
  const bool owned = buckets.owned.contains(bucket);
  if (packet.protocol != IPPROTO_TCP || packet.begins) {
    return owned ? Answer::responsible : Answer::not_responsible;
  }
  if (buckets.draining.contains(bucket)) return Answer::drained_if_known;
  if (!owned) return Answer::not_responsible;
  return buckets.elsewhere.contains(bucket) ? Answer::owned_if_known : Answer::responsible;
}

// For a whole bucket, what it is to most of its packets.
Cell place_of(unsigned bucket, const Buckets& buckets) {
  if (buckets.draining.contains(bucket)) return {"drains", Look::warning};
  const auto& answer =
      words_for(buckets.owned.contains(bucket) ? Answer::responsible : Answer::not_responsible);
  return {answer.line, answer.look};
}

std::string share_of(std::uint64_t part, std::uint64_t whole) {
  return std::to_string((part * 100 + whole / 2) / whole) + "%";
}

}  // namespace

Buckets buckets_of(const FilterState& state) {
  Buckets buckets{state.buckets, {}, {}};
  for (const auto& [bucket, left] : state.moves.draining) buckets.draining.insert(bucket);
  for (const auto& [bucket, left] : state.moves.elsewhere) {
    if (state.buckets.contains(bucket)) buckets.elsewhere.insert(bucket);
  }
  return buckets;
}

std::string in_words(const Buckets& buckets) {
  auto text = buckets.owned.empty() ? "none" : words::listed(buckets.owned);
  if (!buckets.draining.empty()) text += ", drains " + words::listed(buckets.draining);
  if (!buckets.elsewhere.empty()) {
    text += ", and " + words::listed(buckets.elsewhere) + " may drain elsewhere";
  }
  return text;
}

Verdict judge_packet(const Packet& packet, const Filter& filter, const Buckets& buckets) {
  switch (packet.taker) {
    case Taker::every_node:
      return {{}, Answer::every_node};
    case Taker::nobody:
      return {{}, Answer::nobody};
    case Taker::first_fragment:
      return {{}, Answer::unknown};
    case Taker::owner:
      break;
  }
  const auto bucket = bucket_of(packet.hashed, filter.hash_mode, filter.seed, filter.total);
  return {bucket, answer_for(packet, bucket, buckets)};
}

std::string line_of(const std::string& time, const Packet& packet, const Verdict& verdict,
                    bool colour) {
  const auto client = client_of(packet);
  const auto port = packet.has_ports ? " → " + std::to_string(packet.hashed.dest_port) : "";
  const auto bucket = verdict.bucket ? "bucket " + std::to_string(*verdict.bucket) : "no bucket";
  const auto& answer = words_for(verdict.answer);
  const auto rest = gap + padded(protocol_of(packet), protocol_width) + gap + bucket + gap;
  const auto end = rest + terminal::dressed(answer.line, answer.look, colour) + "\n";
  const auto flow = padded(client + port, flow_width);
  const auto other_columns = terminal::width(time + gap + rest + answer.line);
  if (other_columns + terminal::width(flow) <= screen_width) return time + gap + flow + end;
  const auto below = padded(port.empty() ? "" : port.substr(1),
                            std::min(flow_width, screen_width - other_columns));
  return time + gap + client + "\n" + std::string(time.size(), ' ') + gap + below + end;
}

std::string own_count_in_words(const Counters& before, const Counters& after) {
  if (!before.dropped || !after.dropped || *after.dropped < *before.dropped) return "";
  std::uint64_t accepted = 0;
  for (const auto& [bucket, packets] : after.accepted) {
    const auto found = before.accepted.find(bucket);
    const auto former = found != before.accepted.end() ? found->second : 0;
    if (packets < former) return "";
    accepted += packets - former;
  }
  return "the node itself accepted " + std::to_string(accepted) + " and dropped " +
         std::to_string(*after.dropped - *before.dropped) + " meanwhile";
}

bool RateLimit::admits(std::int64_t second) {
  if (second != second_) {
    second_ = second;
    admitted_ = 0;
  }
  if (admitted_ < most_) {
    ++admitted_;
    return true;
  }
  ++untold_;
  ++total_;
  return false;
}

std::uint64_t RateLimit::take_suppressed(std::int64_t second) {
  // Without any lines there is nothing to tell between them.
  if (second == second_ || most_ == 0) return 0;
  return std::exchange(untold_, 0);
}

void Tally::add(const Verdict& verdict) {
  ++packets_;
  ++answers_[verdict.answer];
  if (verdict.bucket) ++buckets_[*verdict.bucket];
}

std::uint64_t Tally::of(Answer answer) const {
  const auto found = answers_.find(answer);
  return found != answers_.end() ? found->second : 0;
}

void Tally::print(std::ostream& to, const Buckets& place, bool colour) const {
  if (packets_ == 0) return;
  terminal::Columns columns;
  columns.add({{"bucket", Look::strong, true},
               {"packets", Look::strong, true},
               {"share", Look::strong, true},
               {"this node", Look::strong}});
  for (const auto& [bucket, packets] : buckets_) {
    columns.add({terminal::number(bucket),
                 terminal::number(packets),
                 {share_of(packets, packets_), Look::plain, true},
                 place_of(bucket, place)});
  }
  columns.print(to, colour);
  to << "\n";
  terminal::Columns sums;
  for (const auto& row : words) {
    const auto packets = of(row.answer);
    const bool always = row.answer == Answer::responsible || row.answer == Answer::not_responsible;
    if (packets > 0 || always) sums.add({terminal::number(packets), row.sum});
  }
  sums.print(to, colour);
}

}  // namespace loadshare::watch
