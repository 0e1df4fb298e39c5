// SPDX-License-Identifier: GPL-2.0-or-later
// What a real kernel's CLUSTERIP decided, row by row.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "builders.h"
#include "clients/bucket_hash.h"

namespace loadshare::test {

/// One packet that ipt_CLUSTERIP of Linux 6.1 accepted as that bucket.
struct Decision {
  std::string line, mode, protocol, source;
  unsigned total = 0, source_port = 0, dest_port = 0, bucket = 0;
  std::uint32_t seed = 0;
};

inline std::vector<Decision> read_decisions() {
  std::vector<Decision> decisions;
  std::ifstream file(CLUSTERIP_VECTORS);
  std::string line;
  std::getline(file, line);
  EXPECT_EQ(line, "mode,total,initval,proto,saddr,sport,dport,bucket");
  while (std::getline(file, line)) {
    Decision row;
    row.line = line;
    std::replace(line.begin(), line.end(), ',', ' ');
    std::istringstream words(line);
    words >> row.mode >> row.total >> row.seed >> row.protocol >> row.source >> row.source_port >>
        row.dest_port >> row.bucket;
    EXPECT_TRUE(words && words.eof()) << row.line;
    decisions.push_back(row);
  }
  return decisions;
}

// ICMP has no ports: the columns hold something else there.
inline HashInput hash_input_of(const Decision& row) {
  if (row.protocol == "icmp") return {ip(row.source), 0, 0};
  return {ip(row.source), static_cast<std::uint16_t>(row.source_port),
          static_cast<std::uint16_t>(row.dest_port)};
}

}  // namespace loadshare::test
