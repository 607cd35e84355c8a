// SPDX-License-Identifier: MIT
// Who wrote which value of a record that several people wrote: whoever loses it is to be told, not who wrote another
// one last. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/strong.hpp"

namespace tether::rules {

struct Record;

/// A writer of a record, and the fields whose values are of its writing.
struct Author {
  ClientId client;
  std::int64_t written_at_ms = 0;    // edit time of its last edit of the record
  std::int64_t written_version = 0;  // and its own count for the entity then
  std::vector<std::string> fields;   // names, unescaped
  bool operator==(const Author&) const = default;
};

/// Each client once, with at least one field.
using Authors = std::vector<Author>;

/// Of the record as an edit left it: the authors of all values that it left alone, but for those of its own writer.
/// Nobody where one client wrote all, or the edit made the record.
Authors authors_after(const Record& before, const Record& after);

/// `fields` by who wrote their values. A delete is its writer's alone, whoever wrote what was deleted.
Authors by_author(const Record& record, std::vector<std::string> fields);

}  // namespace tether::rules
