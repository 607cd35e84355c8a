// SPDX-License-Identifier: MIT
// The whole decision about one mutation, as a pure function of it, the record that it meets and the model's policy.
// PROTOCOL.md, "Rules", is its specification; resolve_test.cpp holds the table.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/strong.hpp"
#include "protocol/messages.hpp"
#include "rules/authors.hpp"
#include "rules/model.hpp"
#include "rules/verdict.hpp"

namespace tether::rules {

/// What the server knows of one entity. rev 0: it never existed in this scope.
struct Record {
  Rev rev{0};
  std::string payload = "{}";  // the last state; kept when deleted, so that a loser can be shown what was there
  bool deleted = false;
  bool as_sent = true;             // what is stored is exactly the payload that its last writer sent
  std::int64_t written_at_ms = 0;  // edit time of the last applied mutation, corrected and capped
  ClientId written_by;
  std::int64_t written_version = 0;  // that writer's own count for the entity
  Authors authors;                   // of the values that it did not write: usually nobody
  Cursor updated_at{0};              // when the server took it, and its place in the order of the scope
  std::int64_t created_us = 0;       // when the server first took it; 0: not known

  bool exists() const { return rev.value > 0; }
};

/// The mutation took effect (or is a delete of what is deleted already); `after` is the record now, rev included.
/// The caller stamps `after.updated_at`.
struct Applied {
  Record after;
  bool merged = false;                 // what is stored differs from the payload sent
  std::vector<std::string> overwrote;  // fields whose value the writer had not seen, and that it took the place of
  std::vector<std::string> lost;       // fields that the writer changed and whose value is not what is stored
  std::vector<std::string> unstored;   // fields on the wire that the writer changed and the model has no place for
  bool lost_to_rules = false;          // all that lost: the model forbids it, whoever wrote what stands
};

/// Someone else's change, not seen by the writer, stands.
struct Conflict {
  std::vector<std::string> fields;  // in which the two differ
};

struct Rejected {
  std::string reason;       // protocol::reason
  std::string data = "{}";  // a JSON object
};

/// Somebody else decides: to be asked, and then to be resolved again with the verdict.
struct Undecided {
  Question question;
};

using Outcome = std::variant<Applied, Conflict, Rejected, Undecided>;

/// Who sends it and when it was written, by the server's clock.
struct Writer {
  ClientId client;
  std::int64_t written_at_ms = 0;                                  // see corrected_edit_time
  std::int64_t now_ms = std::numeric_limits<std::int64_t>::max();  // the server's clock
  std::string_view claims = "{}";                                  // what is known for certain of the client
};

/// Undecided only under Policy::exec, and only where `verdict` is null.
Outcome resolve(const protocol::Mutation& mutation, const Record& record, const Writer& writer, const Model& model,
                const Verdict* verdict = nullptr);

/// The edit time of a mutation by the server's clock: `timestamp_ms` moved by the skew that `sent_at_ms` shows, where
/// it is given, and never later than now.
std::int64_t corrected_edit_time(std::int64_t timestamp_ms, std::optional<std::int64_t> sent_at_ms,
                                 std::int64_t now_ms);

/// Whether the record holds a change by someone else that the writer had not seen; see Sight.
bool conflicts(const protocol::Mutation& mutation, const Record& record, const Writer& writer, const Model& model);

}  // namespace tether::rules
