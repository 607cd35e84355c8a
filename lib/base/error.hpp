// SPDX-License-Identifier: MIT
// Faults: what failed, on what, and what to do next. Expected outcomes (a conflict, being offline) are values and never
// thrown. Caught in three places only: cmd/main.cpp, the HTTP handler edge of the service, the test harness.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace tether {

enum class ErrorCode {
  usage,             // the command line or a setting is wrong
  invalid_input,     // data from outside is malformed: JSON, a ULID, a field
  not_found,         // what was named does not exist
  exists,            // what was to be made is already there
  not_a_database,    // the file is no SQLite database, or not one of ours
  corrupt,           // the file is damaged
  newer_version,     // the file was written by a later tether
  read_only,         // the file or its folder cannot be written
  disk_full,         // no room left; the transaction was rolled back
  busy,              // another process held the database too long
  io,                // the file system failed
  unexpected_reply,  // the server answered something that is not the protocol
  unreachable,       // the server did not answer, or asked to come back later
  forbidden,         // the token is missing, wrong or not allowed to do this
  locked,            // another tether is syncing this file
  interrupted,       // the person pressed Ctrl-C
  too_large,         // over a limit
  internal,          // anything else: a bug
};

/// The stable name of a code, as in `{"error": {"code": …}}`.
std::string_view name(ErrorCode code);

/// This operation failed and changed nothing; the program may carry on with another.
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message, std::string hint = {})
      : std::runtime_error(message), code_(code), hint_(std::move(hint)) {}

  ErrorCode code() const { return code_; }
  /// What to do next, as a sentence; empty where there is nothing to say.
  const std::string& hint() const { return hint_; }

 private:
  ErrorCode code_;
  std::string hint_;
};

/// The program cannot go on: a damaged file, a full disk.
class Fatal : public Error {
 public:
  using Error::Error;
};

/// Runs `body`; an Error that leaves it gains `context` in front of its message ("line 7: …").
template <typename Body>
auto with_context(std::string_view context, Body&& body) -> decltype(body()) {
  const auto message = [&](const Error& e) { return std::string(context) + ": " + e.what(); };
  try {
    return body();
  } catch (const Fatal& e) {
    throw Fatal(e.code(), message(e), e.hint());
  } catch (const Error& e) {
    throw Error(e.code(), message(e), e.hint());
  }
}

[[noreturn]] void assertion_failed(const char* condition, const char* file, int line);

}  // namespace tether

/// A bug if false. Stays on in release builds; never used on input.
#define TETHER_ASSERT(condition) \
  ((condition) ? static_cast<void>(0) : ::tether::assertion_failed(#condition, __FILE__, __LINE__))
