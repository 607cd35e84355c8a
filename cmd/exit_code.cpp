// SPDX-License-Identifier: MIT
#include "cmd/exit_code.hpp"

namespace tether::cmd {

ExitCode exit_code(ErrorCode code) {
  switch (code) {
    case ErrorCode::usage:
      return ExitCode::usage;
    case ErrorCode::unreachable:
      return ExitCode::unreachable;
    case ErrorCode::forbidden:
      return ExitCode::forbidden;
    case ErrorCode::locked:
      return ExitCode::locked;
    case ErrorCode::interrupted:
      return ExitCode::interrupted;
    default:
      return ExitCode::fault;
  }
}

std::string_view meaning(ExitCode code) {
  switch (code) {
    case ExitCode::done:
      return "done; nothing needs attention";
    case ExitCode::fault:
      return "a fault: bad input, corrupt file, disk full, unexpected reply";
    case ExitCode::usage:
      return "wrong usage";
    case ExitCode::attention:
      return "done, but something needs a person";
    case ExitCode::unreachable:
      return "server not reachable or asking to come back later; nothing lost; run it again";
    case ExitCode::forbidden:
      return "not allowed: bad or missing token";
    case ExitCode::locked:
      return "another tether is syncing this file; skipped";
    case ExitCode::interrupted:
      return "interrupted; everything committed so far stays";
  }
  return "";
}

}  // namespace tether::cmd
