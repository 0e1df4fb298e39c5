// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/log.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include <cstring>
#include <ctime>

#include "base/file_descriptor.h"
#include "base/run_folder.h"
#include "base/words.h"

namespace loadshare {
namespace {

// RFC 3164, 4.1, as syslogd and journald take it from /dev/log.
std::string line(Severity severity, const std::string& text) {
  const auto now = std::time(nullptr);
  std::tm calendar{};
  char stamp[32] = "";
  if (localtime_r(&now, &calendar)) std::strftime(stamp, sizeof stamp, "%b %e %T", &calendar);
  return "<" + std::to_string(LOG_DAEMON | static_cast<int>(severity)) + ">" + stamp +
         " loadshare[" + std::to_string(getpid()) + "]: " + text;
}

bool send(const std::string& text) {
  const FileDescriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_un system_log{AF_UNIX, "/dev/log"};
  return socket && ::sendto(socket.number(), text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
                            reinterpret_cast<const sockaddr*>(&system_log),
                            sizeof system_log) == static_cast<ssize_t>(text.size());
}

// A byte for each line that was lost. Where that cannot be written, they are not counted.
class LostLines {
 public:
  LostLines()
      : file_(::open((run_folder() / "lost-log-lines").c_str(),
                     O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600)) {}

  std::size_t count() const {
    struct stat status {};
    return file_ && fstat(file_.number(), &status) == 0 ? static_cast<std::size_t>(status.st_size)
                                                        : 0;
  }
  void add() const {
    constexpr std::size_t most = 100'000;
    if (count() < most) static_cast<void>(!::write(file_.number(), ".", 1));
  }
  void forget() const { static_cast<void>(!ftruncate(file_.number(), 0)); }

 private:
  FileDescriptor file_;
};

}  // namespace

void log(Severity severity, const std::string& text) {
  const LostLines lost;
  const auto before = lost.count();
  const bool told =
      before == 0 || send(line(Severity::warning, words::counted(before, "line") +
                                                      " for this log had no reader and were lost"));
  if (told && before != 0) lost.forget();
  if (!told || !send(line(severity, text))) lost.add();
}

}  // namespace loadshare
