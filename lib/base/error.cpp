// SPDX-License-Identifier: MIT
#include "base/error.hpp"

#include <cstdio>
#include <cstdlib>

namespace tether {

std::string_view name(ErrorCode code) {
  switch (code) {
    case ErrorCode::usage:
      return "usage";
    case ErrorCode::invalid_input:
      return "invalid_input";
    case ErrorCode::not_found:
      return "not_found";
    case ErrorCode::exists:
      return "exists";
    case ErrorCode::not_a_database:
      return "not_a_database";
    case ErrorCode::corrupt:
      return "corrupt";
    case ErrorCode::newer_version:
      return "newer_version";
    case ErrorCode::read_only:
      return "read_only";
    case ErrorCode::disk_full:
      return "disk_full";
    case ErrorCode::busy:
      return "busy";
    case ErrorCode::io:
      return "io";
    case ErrorCode::unexpected_reply:
      return "unexpected_reply";
    case ErrorCode::unreachable:
      return "unreachable";
    case ErrorCode::forbidden:
      return "forbidden";
    case ErrorCode::locked:
      return "locked";
    case ErrorCode::interrupted:
      return "interrupted";
    case ErrorCode::too_large:
      return "too_large";
    case ErrorCode::internal:
      return "internal";
  }
  return "internal";
}

void assertion_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "tether: bug: %s does not hold at %s:%d\n", condition, file, line);
  std::abort();
}

}  // namespace tether
