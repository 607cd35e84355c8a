// SPDX-License-Identifier: MIT
// Keeping a file healthy: forgetting what is long synced, copying it while it is in use, looking for damage.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
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

/// Never forgets anything that is not safely on the server and settled. `progress` is told how much of the log was gone
/// through; 0 while the room is given back.
CompactReport compact(
    File& file, std::chrono::milliseconds keep,
    const std::function<void(std::int64_t)>& progress = [](std::int64_t) {});

/// A complete copy in one file, taken while others write. It is on the disk, and appears under `path` whole or not at
/// all; until then it is written beside it, as `PATH.partial-…`. Throws Error(exists) when `path` is there, also when
/// it appeared meanwhile, and leaves that alone. `progress`, where it is given, is told how many bytes were written.
void backup(File& file, const std::string& path, const std::function<void(std::int64_t)>& progress = {});

enum class CheckResult { ok, warning, failed };
struct Check {
  std::string name;  // integrity, schema, log, records, …
  CheckResult result = CheckResult::ok;
  std::string detail;  // what was found and what to do
  bool fixed = false;
};

/// SQLite's integrity check; schema objects (a missing trigger or index is made again with `fix`); records against
/// replay (with `fix`, the local state is computed anew); queue age. Local only. `progress` is told how many open
/// mutations were replayed.
std::vector<Check> check_file(
    File& file, bool fix, const std::function<void(std::int64_t)>& progress = [](std::int64_t) {});

}  // namespace tether::replica
