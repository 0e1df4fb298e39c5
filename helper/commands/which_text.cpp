// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <cmath>
#include <ostream>

#include "base/quoted.h"
#include "base/words.h"
#include "commands/which_report.h"
#include "output/count_table.h"
#include "output/terminal.h"
#include "pacemaker/placement.h"

namespace loadshare::commands {
namespace {

using terminal::Cell;
using terminal::Columns;
using terminal::Count;
using terminal::CountTable;
using terminal::heading;
using terminal::Look;
using words::with_one_digit;

constexpr std::size_t most_listed = 16;
constexpr unsigned most_bars = 32;

std::string percent(double part) { return std::to_string(std::lround(100 * part)) + "%"; }

// Of the client's next connection; those that drain come behind the table.
Cell yes_or_no(bool yes) { return yes ? Cell("yes", Look::good) : Cell("no"); }

Cell names(const pacemaker::ClusterResource& resource, unsigned bucket) {
  const auto found = resource.nodes.find(bucket);
  if (found == resource.nodes.end()) return {"nobody", Look::bad};
  std::string text;
  for (const auto& name : found->second) text += (text.empty() ? "" : ", ") + printable(name);
  return {text, found->second.size() == 1 ? Look::plain : Look::bad};
}

class Text {
 public:
  Text(const WhichReport& report, bool colour, std::ostream& to)
      : report_(report), colour_(colour), to_(to), spread_(spread(clients(), report.sharing)) {}

  void print(bool each) const {
    print_parameters();
    const bool many = report_.clients.by_range || clients().size() > most_listed;
    if (each || !many) print_list();
    if (many) print_spread();
    print_moves();
    if (report_.nodes) {
      print_plan();
      print_advice();
    }
  }

 private:
  const std::vector<Client>& clients() const { return report_.clients.all; }

  bool some_depend() const {
    return std::any_of(clients().begin(), clients().end(), [this](const Client& client) {
      return depends_on_port(client, report_.sharing);
    });
  }

  void print_parameters() const {
    const auto& sharing = report_.sharing;
    to_ << to_string(report_.address) << ": " << words::counted(sharing.total, "bucket")
        << ", hash mode " << to_string(sharing.hash_mode) << ", seed " << sharing.seed;
    if (sharing.dest_port != 0) to_ << ", port " << sharing.dest_port;
    to_ << "\n";
  }

  void print_list() const {
    Columns columns;
    std::vector<Cell> row{heading("client"), heading("bucket", true)};
    if (report_.owned) row.push_back(heading("here"));
    if (report_.resource) row.push_back(heading("node"));
    columns.add(row);
    for (const auto& client : clients()) {
      const auto bucket = bucket_of(client, report_.sharing);
      const bool only_pings = depends_on_port(client, report_.sharing);
      row = {to_string(client) + (only_pings ? " (pings)" : ""), terminal::number(bucket)};
      if (report_.owned) row.push_back(yes_or_no(report_.owned->contains(bucket)));
      if (report_.resource) row.push_back(names(*report_.resource, bucket));
      columns.add(row);
    }
    to_ << "\n";
    columns.print(to_, colour_);
    if (some_depend()) {
      to_ << "\nA client's connections are spread over all buckets in this mode, by their source\n"
             "port. For one of them ask "
          << (report_.address.version == 4 ? "CLIENT:PORT" : "[CLIENT]:PORT")
          << "; for how they spread, CLIENT/" << report_.address.bits() << ".\n";
    }
  }

  void print_spread() const {
    to_ << "\n" << words::counted(clients().size(), "client");
    if (some_depend()) {
      to_ << ", connections from ports " << first_client_port << " to " << last_client_port;
      if (spread_.port_step > 1) to_ << " in steps of " << spread_.port_step;
    }
    to_ << "\n";
    if (report_.sharing.total <= most_bars) print_buckets();
    print_extremes();
    if (report_.resource) {
      print_nodes();
    } else if (report_.owned) {
      print_this_node();
    }
  }

  // Where the port decides, connections can be in any.
  std::set<unsigned> buckets_asked_for() const {
    std::set<unsigned> buckets;
    if (some_depend()) {
      for (unsigned bucket = 1; bucket <= report_.sharing.total; ++bucket) buckets.insert(bucket);
    } else {
      for (const auto& client : clients()) buckets.insert(bucket_of(client, report_.sharing));
    }
    return buckets;
  }

  void print_moves() const {
    const auto& [on, draining, elsewhere] = report_.moves;
    if (draining.empty() && elsewhere.empty()) return;
    std::string lines;
    for (const unsigned bucket : buckets_asked_for()) {
      const bool here = report_.owned && report_.owned->contains(bucket);
      if (draining.contains(bucket)) lines += draining_in_words(bucket);
      if (here && elsewhere.contains(bucket)) lines += elsewhere_in_words(bucket);
    }
    if (!lines.empty()) to_ << "\n" << lines;
  }

  std::string elsewhere_in_words(unsigned bucket) const {
    return "Another node may go on with older connections of bucket " + std::to_string(bucket) +
           ", for " + words::seconds(report_.moves.elsewhere.at(bucket)) + " at most.\n";
  }

  std::string draining_in_words(unsigned bucket) const {
    std::string connections;
    if (report_.connections && report_.connections->contains(bucket)) {
      connections = ": " + words::counted(report_.connections->at(bucket), "connection") + " left";
    }
    return "Bucket " + std::to_string(bucket) + " drains here" + connections + ", for " +
           words::seconds(report_.moves.draining.at(bucket)) + " at most.\n";
  }

  CountTable count_table(std::vector<Cell> headings, std::size_t parts) const {
    return {std::move(headings), static_cast<double>(clients().size()),
            1.0 / static_cast<double>(parts), !some_depend()};
  }

  void print_buckets() const {
    std::vector<Cell> headings{heading("bucket", true)};
    if (report_.resource) {
      headings.push_back(heading("node"));
    } else if (report_.owned) {
      headings.push_back(heading("here"));
    }
    auto table = count_table(headings, report_.sharing.total);
    for (unsigned bucket = 1; bucket <= report_.sharing.total; ++bucket) {
      std::vector<Cell> of{terminal::number(bucket)};
      if (report_.resource) {
        of.push_back(names(*report_.resource, bucket));
      } else if (report_.owned) {
        of.push_back(yes_or_no(report_.owned->contains(bucket)));
      }
      table.add({of, spread_.clients[bucket - 1]});
    }
    to_ << "\n";
    table.print(to_, colour_);
  }

  void print_extremes() const {
    const auto& counts = spread_.clients;
    if (counts.size() == 1) return;
    const auto [least, most] = std::minmax_element(counts.begin(), counts.end());
    const auto described = [&](auto count) {
      return count_table({}, 1).number(*count) + " (bucket " +
             std::to_string(count - counts.begin() + 1) + ")";
    };
    const auto even = static_cast<double>(clients().size()) / report_.sharing.total;
    to_ << (report_.sharing.total <= most_bars ? "\n| even: " : "\neven: ") << with_one_digit(even)
        << "   fewest: " << described(least) << "   most: " << described(most) << "\n";
  }

  void print_nodes() const {
    const auto sums = by_node(spread_, report_.resource->nodes);
    std::map<std::string, unsigned> buckets;
    double served = 0;
    for (const auto& [bucket, on] : report_.resource->nodes) {
      for (const auto& name : on) ++buckets[name];
      if (bucket <= spread_.clients.size()) served += spread_.clients[bucket - 1];
    }
    auto table = count_table({heading("node"), heading("buckets", true)},
                             std::max<std::size_t>(1, sums.size()));
    for (const auto& [name, sum] : sums) {
      table.add({{printable(name), terminal::number(buckets[name])}, sum});
    }
    const auto without = report_.sharing.total - report_.resource->nodes.size();
    if (without > 0) {
      table.add({{{"nobody", Look::bad}, terminal::number(without)},
                 static_cast<double>(clients().size()) - served});
    }
    to_ << "\n";
    table.print(to_, colour_);
  }

  void print_this_node() const {
    double sum = 0;
    for (const unsigned bucket : *report_.owned) {
      if (bucket <= spread_.clients.size()) sum += spread_.clients[bucket - 1];
    }
    to_ << "This node: " << report_.owned->size() << " of " << report_.sharing.total << " buckets, "
        << count_table({}, 1).number(sum) << " clients, "
        << with_one_digit(100 * sum / static_cast<double>(clients().size())) << "%.\n";
  }

  void print_plan() const {
    Columns columns;
    columns.add({heading("up", true), heading("failed", true), heading("buckets", true),
                 heading("clients", true), heading("even", true), heading("more", true)});
    for (const auto& at : outlook(spread_, *report_.nodes)) {
      columns.add({terminal::number(at.up),
                   terminal::number(at.failed),
                   terminal::number(at.most_buckets),
                   {count_table({}, 1).number(at.most_clients), Look::plain, true},
                   {with_one_digit(at.even), Look::plain, true},
                   {percent(at.most_clients / at.even - 1), Look::plain, true}});
    }
    to_ << "\nThe busiest of the nodes that are up, whichever fail:\n\n";
    columns.print(to_, colour_);
  }

  // Of buckets alone: the clients asked for are a sample, and others will come.
  void print_advice() const {
    const unsigned nodes = *report_.nodes;
    to_ << "\nBuckets alone put up to " << percent(unevenness(report_.sharing.total, nodes))
        << " more than an even share on one node, through "
        << (most_failures < nodes ? "two failures" : "a failure") << ".\nAdvised for " << nodes
        << " nodes: ";
    const char* separator = "";
    for (const auto& advice : advice_for(report_)) {
      to_ << separator << advice.buckets << " with " << to_string(advice.backend) << " ("
          << percent(advice.unevenness) << ")";
      separator = ", ";
    }
    to_ << ".\n";
  }

  const WhichReport& report_;
  bool colour_;
  std::ostream& to_;
  Spread spread_;
};

}  // namespace

void print_text(const WhichReport& report, bool each, bool colour, std::ostream& to) {
  Text(report, colour, to).print(each);
}

}  // namespace loadshare::commands
