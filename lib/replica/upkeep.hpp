// SPDX-License-Identifier: MIT
// Keeping a file healthy: forgetting what is long synced, copying it while it is in use, looking for damage.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "replica/file.hpp"

namespace tether::replica {

struct CompactReport {
  std::int64_t log_rows = 0;    // synced mutations, settled failures and resolved conflicts older than `keep`
  std::int64_t tombstones = 0;  // deleted records without open edits older than `keep`
  std::int64_t bytes_before = 0;
  std::int64_t bytes_after = 0;
};

/// Never forgets anything that is not safely on the server and settled.
CompactReport compact(File& file, std::chrono::milliseconds keep);

/// A complete copy in one file, taken while others write. It is on the disk, and appears under `path` whole or not at
/// all; until then it is written beside it, as `PATH.partial-…`. Throws Error(exists) when `path` is there, also when
/// it appeared meanwhile, and leaves that alone.
void backup(File& file, const std::string& path);

enum class CheckResult { ok, warning, failed };
struct Check {
  std::string name;  // integrity, schema, log, records, …
  CheckResult result = CheckResult::ok;
  std::string detail;  // what was found and what to do
  bool fixed = false;
};

/// SQLite's integrity check; schema objects (a missing trigger or index is made again with `fix`); records against
/// replay (with `fix`, the local state is computed anew); queue age. Local only.
std::vector<Check> check_file(File& file, bool fix);

}  // namespace tether::replica
