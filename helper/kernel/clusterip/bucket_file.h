// SPDX-License-Identifier: GPL-2.0-or-later
// /proc/net/ipt_CLUSTERIP/ADDRESS: the owned buckets, as the kernel holds them now.
#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <string>

namespace loadshare::clusterip {

/// "1,3,5\n" as a set; nothing where the text is anything else.
std::optional<std::set<unsigned>> parse_buckets(const std::string& text);

class BucketFile {
 public:
  explicit BucketFile(std::filesystem::path path) : path_(std::move(path)) {}

  /// Empty where the file does not exist.
  std::set<unsigned> read() const;
  /// Both succeed where nothing is to be done.
  void take(unsigned bucket) const;
  void release(unsigned bucket) const;

 private:
  void write(const std::string& change) const;

  std::filesystem::path path_;
};

}  // namespace loadshare::clusterip
