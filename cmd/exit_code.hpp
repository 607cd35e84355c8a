// SPDX-License-Identifier: MIT
// How a command ended, as scripts see it. The list stands in MANUAL.md and in every help text.
#pragma once

#include <string_view>

#include "base/error.hpp"

namespace tether::cmd {

enum class ExitCode {
  done = 0,         // nothing needs attention
  fault = 1,        // a corrupt file, a full disk, an unexpected reply
  usage = 2,        // wrong usage
  attention = 3,    // done, but something needs a person
  unreachable = 4,  // nothing lost; run it again
  forbidden = 5,    // bad or missing token
  locked = 6,       // another tether is syncing this file
  interrupted = 130,
};

/// What the process ends with when an Error of `code` reaches main.
ExitCode exit_code(ErrorCode code);

/// What an exit code means, in a few words.
std::string_view meaning(ExitCode code);

}  // namespace tether::cmd
