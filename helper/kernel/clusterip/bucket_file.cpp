// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/clusterip/bucket_file.h"

#include <fcntl.h>

#include <array>
#include <cerrno>
#include <charconv>

#include "base/file_descriptor.h"
#include "kernel/clusterip/rule.h"
#include "loadshare/error.h"

namespace loadshare::clusterip {

std::optional<std::set<unsigned>> parse_buckets(const std::string& text) {
  std::set<unsigned> buckets;
  const char* at = text.data();
  const char* last = at + text.size();
  if (last == at || *--last != '\n') return std::nullopt;
  while (at != last) {
    unsigned bucket = 0;
    const auto [end, error] = std::from_chars(at, last, bucket);
    if (error != std::errc{} || bucket < 1 || bucket > most_buckets) return std::nullopt;
    if (!buckets.insert(bucket).second) return std::nullopt;
    at = end;
    if (at != last && (*at++ != ',' || at == last)) return std::nullopt;
  }
  return buckets;
}

std::set<unsigned> BucketFile::read() const {
  const FileDescriptor file(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file && errno == ENOENT) return {};
  // One read for all: the kernel starts anew at each, so that small ones repeat themselves.
  std::array<char, 4096> buffer;
  const auto size = file ? ::read(file.number(), buffer.data(), buffer.size()) : -1;
  if (size < 0) throw kernel_error("read " + path_.string(), errno);
  const std::string text(buffer.data(), static_cast<std::size_t>(size));
  // With no bucket left the kernel prints nothing, not even the newline.
  const auto buckets = text.empty() ? std::set<unsigned>{} : parse_buckets(text);
  if (!buckets) throw Error(ExitCode::generic_error, path_.string() + " is not a list of buckets");
  return *buckets;
}

void BucketFile::write(const std::string& change) const {
  const FileDescriptor file(::open(path_.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file || ::write(file.number(), change.data(), change.size()) < 0) {
    throw kernel_error("write " + change + " to " + path_.string(), errno);
  }
}

void BucketFile::take(unsigned bucket) const {
  try {
    write("+" + std::to_string(bucket));
  } catch (const Error&) {
    // The kernel says ENOMEM for a bucket that is already held.
    if (!read().contains(bucket)) throw;
  }
}

void BucketFile::release(unsigned bucket) const {
  try {
    write("-" + std::to_string(bucket));
  } catch (const Error&) {
    if (read().contains(bucket)) throw;
  }
}

}  // namespace loadshare::clusterip
