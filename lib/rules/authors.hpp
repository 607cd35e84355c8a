// SPDX-License-Identifier: MIT
// Who wrote which value of a record that several people wrote: whoever loses it is to be told, not who wrote another
// one last; and whoever has not seen it has not seen the record, although it wrote another value last. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/strong.hpp"

namespace tether::rules {

struct Record;

/// A writer of a record, and the fields whose values are of its writing.
struct Author {
  ClientId client;
  Rev rev{0};                        // that its last edit of the record made
  std::int64_t written_at_ms = 0;    // edit time of its last edit of the record
  std::int64_t written_version = 0;  // and its own count for the entity then
  std::vector<std::string> fields;   // names, unescaped
  bool operator==(const Author&) const = default;
};

/// Each client once, with at least one field.
using Authors = std::vector<Author>;

/// Of the record as an edit left it: the authors of all values that it left alone, but for those of its own writer.
/// Nobody where one client wrote all, or the edit made the record. A delete leaves all values alone, so its writer's,
/// too, stand there with the edit that they are of: who brings the record back may have seen that and not the delete.
Authors authors_after(const Record& before, const Record& after);

/// `fields` by who wrote their values. A delete is its writer's alone, whoever wrote what was deleted.
Authors by_author(const Record& record, std::vector<std::string> fields);

/// What a client had seen of a record when it wrote to it: all up to a revision, if it says so, and its own edits. A
/// field that an edit of its own had changed, which the server then did not take, shows its value and not the record's.
struct Sight {
  ClientId client;
  std::optional<Rev> rev;     // nullopt: it does not say, and may have seen nothing
  std::int64_t version = 0;   // its count for the entity: an edit of the same name that is not before that comes from
                              // a copy or an old backup of its file, and is somebody else's
  std::string before = "{}";  // what it saw in those of the fields that it changed of which it says so
};

/// The edit time of the last of those edits that are in the record and that were not seen; nullopt: all were. Of a
/// deleted record only the delete counts.
std::optional<std::int64_t> last_unseen_edit(const Record& record, const Sight& sight);

/// Those of `fields` whose value in the record was not seen.
std::vector<std::string> unseen_fields(const Record& record, std::vector<std::string> fields, const Sight& sight);

}  // namespace tether::rules
