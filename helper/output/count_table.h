// SPDX-License-Identifier: GPL-2.0-or-later
// Counts with their shares as bars.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "output/terminal.h"

namespace loadshare::terminal {

/// A line of a table of counts.
struct Count {
  std::vector<Cell> of;  ///< what is counted
  double clients;
};

/// 80 columns wide, with a mark where all bars would end if they were the same.
class CountTable {
 public:
  /// `all` is what the shares are of, `even_share` between 0 and 1 where the mark stands.
  CountTable(std::vector<Cell> headings, double all, double even_share, bool whole_numbers)
      : headings_(std::move(headings)),
        all_(all),
        even_share_(even_share),
        whole_numbers_(whole_numbers) {}

  void add(Count count) { counts_.push_back(std::move(count)); }
  void print(std::ostream& to, bool colour) const;
  std::string number(double clients) const;

 private:
  double share(const Count& count) const { return count.clients / all_; }
  std::size_t bar_width() const;
  std::string bar(double part) const;

  std::vector<Cell> headings_;
  std::vector<Count> counts_;
  double all_, even_share_;
  bool whole_numbers_;
};

}  // namespace loadshare::terminal
