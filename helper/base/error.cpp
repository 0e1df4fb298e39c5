// SPDX-License-Identifier: GPL-2.0-or-later
#include "loadshare/error.h"

#include <cerrno>
#include <system_error>

namespace loadshare {

Error kernel_error(const std::string& tried, int error_number) {
  const bool refused = error_number == EPERM || error_number == EACCES;
  return {refused ? ExitCode::permission_denied : ExitCode::generic_error,
          tried + ": " + std::generic_category().message(error_number)};
}

}  // namespace loadshare
