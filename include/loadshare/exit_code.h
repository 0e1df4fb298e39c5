// SPDX-License-Identifier: GPL-2.0-or-later
// The one list of exit codes.
#pragma once

#include <span>

namespace loadshare {

/// How every call ends, for the shell and for Pacemaker alike
/// (OCF Resource Agent API 1.1, "Return codes").
enum class ExitCode {
  success = 0,
  generic_error = 1,      ///< Pacemaker may try again, here or elsewhere.
  bad_arguments = 2,      ///< Wrong for this node.
  unimplemented = 3,      ///< No such action.
  permission_denied = 4,  ///< Not root, or without CAP_NET_ADMIN.
  not_installed = 5,      ///< This node lacks a needed part: another node may have it.
  not_configured = 6,     ///< Wrong everywhere: Pacemaker gives up on all nodes.
  not_running = 7,        ///< Cleanly stopped.
};

/// What it means to whoever reads it, in a few words.
struct ExitMeaning {
  ExitCode code;
  const char* words;
};
/// Of every one, in the order in which they are told.
std::span<const ExitMeaning> exit_meanings();

}  // namespace loadshare
