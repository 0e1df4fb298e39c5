// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/network_namespace.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <optional>
#include <set>
#include <system_error>

#include "loadshare/error.h"

namespace loadshare {
namespace {

namespace fs = std::filesystem;

constexpr char own[] = "/proc/self/ns/net";
constexpr char named[] = "/run/netns";

FileDescriptor open_namespace(const fs::path& path) {
  return FileDescriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
}

std::uint64_t inode_of(const FileDescriptor& file) {
  struct stat status {};
  if (fstat(file.number(), &status) != 0) throw kernel_error("read a network namespace", errno);
  return status.st_ino;
}

/// Those that are found, each once.
class Found {
 public:
  // A process may have ended, and a name be that of nothing: what cannot be opened is none.
  void add(const fs::path& path, const std::string& shown) {
    auto file = open_namespace(path);
    if (!file || !known_.insert(inode_of(file)).second) return;
    all_.push_back({shown, std::move(file)});
  }
  std::vector<NetworkNamespace> all() && { return std::move(all_); }

 private:
  std::set<std::uint64_t> known_;
  std::vector<NetworkNamespace> all_;
};

template <class Take>
void for_each_in(const fs::path& folder, Take take) {
  std::error_code none;
  for (fs::directory_iterator entry(folder, none), end; entry != end; entry.increment(none)) {
    take(entry->path());
  }
}

bool is_process(const std::string& name) {
  return name.find_first_not_of("0123456789") == std::string::npos;
}

}  // namespace

void enter_network_namespace(const std::string& name) {
  const auto file = open_namespace(fs::path(named) / name);
  const auto tried = "enter network namespace " + name;
  if (!file && errno != ENOENT && errno != ENOTDIR) throw kernel_error(tried, errno);
  if (!file) {
    throw Error(ExitCode::not_installed,
                "network namespace " + name + " does not exist on this node");
  }
  if (setns(file.number(), CLONE_NEWNET) == 0) return;
  if (errno != EINVAL) throw kernel_error(tried, errno);
  throw Error(ExitCode::not_installed,
              "network namespace " + name + " is only a left-over name on this node");
}

std::vector<NetworkNamespace> all_network_namespaces() {
  Found found;
  found.add(own, "the node's own network");
  for_each_in(named, [&](const fs::path& path) {
    found.add(path, "network namespace " + path.filename().string());
  });
  for_each_in("/proc", [&](const fs::path& path) {
    const auto process = path.filename().string();
    if (!is_process(process)) return;
    found.add(path / "ns/net", "the network namespace of process " + process);
  });
  return std::move(found).all();
}

void enter(const NetworkNamespace& network_namespace) {
  if (setns(network_namespace.file.number(), CLONE_NEWNET) == 0) return;
  throw kernel_error("enter " + network_namespace.shown, errno);
}

std::uint64_t network_namespace_id() {
  const auto file = open_namespace(own);
  if (!file) throw kernel_error("read the network namespace", errno);
  return inode_of(file);
}

}  // namespace loadshare
