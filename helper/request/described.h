// SPDX-License-Identifier: GPL-2.0-or-later
// A command's options as Boost.ProgramOptions knows them: to read them, and to explain them.
#pragma once

#include <boost/program_options.hpp>

#include "request/options.h"

namespace loadshare {

boost::program_options::options_description described(const Command& command);

}  // namespace loadshare
