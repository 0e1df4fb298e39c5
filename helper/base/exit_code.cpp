// SPDX-License-Identifier: GPL-2.0-or-later
#include "loadshare/exit_code.h"

namespace loadshare {
namespace {

constexpr ExitMeaning meanings[] = {
    {ExitCode::success, "done or served"},
    {ExitCode::not_running, "not held here"},
    {ExitCode::generic_error, "failed"},
    {ExitCode::bad_arguments, "bad option"},
    {ExitCode::unimplemented, "no such command"},
    {ExitCode::permission_denied, "not permitted"},
    {ExitCode::not_installed, "this node lacks a part"},
    {ExitCode::not_configured, "bad value"},
};

}  // namespace

std::span<const ExitMeaning> exit_meanings() { return meanings; }

}  // namespace loadshare
