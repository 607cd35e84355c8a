// SPDX-License-Identifier: MIT
#include "sql/postgres/postgres_error.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace tether::sql {
namespace {

enum class Severity { error, fatal };

struct Meaning {
  std::string_view state;  // an SQLSTATE, or the class that it begins with
  ErrorCode code;
  Severity severity;
  std::string_view hint;
};

constexpr std::string_view k_wait = "Wait until the database is up again; sending the same again is safe.";
constexpr std::string_view k_try_again = "Try again; nothing was changed.";
constexpr std::string_view k_read_only = "25006";

// The first that fits.
constexpr Meaning k_meanings[] = {
    {"40", ErrorCode::busy, Severity::error, k_try_again},     // serialization failure, deadlock
    {"55P03", ErrorCode::busy, Severity::error, k_try_again},  // waited too long for a lock
    {"57014", ErrorCode::busy, Severity::error, k_try_again},  // cancelled, as by statement_timeout
    {"53100", ErrorCode::disk_full, Severity::fatal, "Free some space on the database's disk, then try again."},
    {"53300", ErrorCode::busy, Severity::error, "Raise max_connections of the database, or lower --store-connections."},
    {"53", ErrorCode::busy, Severity::error, "Give the database more memory, or lower --store-connections."},
    {k_read_only, ErrorCode::read_only, Severity::error,
     "Name the primary database: this one is a standby, or was set to read only."},
    {"08", ErrorCode::unreachable, Severity::error, k_wait},
    {"57P", ErrorCode::unreachable, Severity::error, k_wait},    // shutting down, starting up
    {"25P03", ErrorCode::unreachable, Severity::error, k_wait},  // a transaction stood still too long
    {"28", ErrorCode::forbidden, Severity::error,
     "Check the user and the password in --store, and what pg_hba.conf of the database allows."},
    {"42501", ErrorCode::forbidden, Severity::error,
     "Let the user own the database, or grant it CREATE on its schema and all rights to its tables."},
    {"3D000", ErrorCode::not_found, Severity::error, "Create the database, or name another one in --store."},
    {"42P01", ErrorCode::not_found, Severity::error, ""},
    {"22021", ErrorCode::invalid_input, Severity::error, "Text must be UTF-8 without NUL."},
    {"22P05", ErrorCode::invalid_input, Severity::error,
     "Text must be UTF-8 without NUL; create the database in UTF8."},
    {"54", ErrorCode::too_large, Severity::error, "Send it in parts."},
    {"58", ErrorCode::io, Severity::error, "Look at the log and the disk of the database."},
    {"XX001", ErrorCode::corrupt, Severity::fatal, "Keep a copy of the database, then restore a backup."},
    {"XX002", ErrorCode::corrupt, Severity::fatal, "An index is damaged: run REINDEX, or restore a backup."},
};

/// Every run of white space as one space.
std::string one_line(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool is_space = c == ' ' || c == '\n' || c == '\t';
    if (!is_space) out += c;
    if (is_space && !out.empty() && out.back() != ' ') out += ' ';
  }
  if (out.ends_with(' ')) out.pop_back();
  return out;
}

/// A standby calls some of what it refuses a feature that it lacks.
bool is_refusal_of_a_standby(std::string_view state, std::string_view message) {
  return state == "0A000" && message.find("during recovery") != std::string_view::npos;
}

/// Where PgBouncer stands between, a refusal has the state of a broken protocol, and only the words tell which it is.
std::string_view state_of_refusal(std::string_view state, std::string_view message) {
  const auto says = [&](std::string_view words) { return message.find(words) != std::string_view::npos; };
  if (state != "08P01") return state;
  if (says("authentication failed") || says("no such user")) return "28P01";
  if (says("does not exist") || says("no such database")) return says("role \"") ? "28000" : "3D000";
  return state;
}

bool is_state(std::string_view text) {
  return text.size() == 5 &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); });
}

}  // namespace

void throw_postgres_error(std::string_view state, std::string_view message, const std::string& name) {
  const std::string text = name + ": " + one_line(message);
  if (is_refusal_of_a_standby(state, message)) state = k_read_only;
  const auto* meaning = std::find_if(std::begin(k_meanings), std::end(k_meanings),
                                     [&](const Meaning& candidate) { return state.starts_with(candidate.state); });
  if (meaning == std::end(k_meanings)) {
    throw Error(ErrorCode::internal, text + " (SQLSTATE " + std::string(state) + ")");
  }
  if (meaning->severity == Severity::fatal) throw Fatal(meaning->code, text, std::string(meaning->hint));
  throw Error(meaning->code, text, std::string(meaning->hint));
}

void throw_lost_connection(std::string_view message, const std::string& name) {
  throw Error(ErrorCode::unreachable, name + ": the connection was lost: " + one_line(message), std::string(k_wait));
}

void throw_cannot_connect(std::string_view message, const std::string& name) {
  constexpr std::string_view k_before_state = ":  ";
  for (auto at = message.find(k_before_state); at != std::string_view::npos;
       at = message.find(k_before_state, at + 1)) {
    const auto rest = message.substr(at + k_before_state.size());
    const auto state = rest.substr(0, 5);
    if (!is_state(state) || !rest.substr(5).starts_with(": ")) continue;
    const auto said = rest.substr(7, rest.find('\n') - 7);
    throw_postgres_error(state_of_refusal(state, said), said, name);
  }
  throw Error(ErrorCode::unreachable, name + ": cannot be reached: " + one_line(message),
              "Check that the database runs, and the host and port in --store.");
}

}  // namespace tether::sql
