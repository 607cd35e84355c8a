// SPDX-License-Identifier: MIT
#include "replica/upkeep.hpp"

#include <algorithm>
#include <filesystem>

namespace tether::replica {
namespace {

namespace fs = std::filesystem;

// A long transaction would keep others from recording: the log is gone through in slices of ids.
constexpr std::int64_t k_slice = 20'000;

constexpr sql::Statement k_log_bounds{"SELECT coalesce(min(id), 0), coalesce(max(id), -1) FROM tether_mutation_logs"};

// $3: seconds since 1970. A log that was adopted has times without a zone; SQLite reads both forms. Of a conflict the
// log row goes once it was settled and its entry in tether_conflicts has gone. Where the server was restored, what it
// had acknowledged may not all be back in the queue yet.
constexpr sql::Statement k_forget_log{
    "DELETE FROM tether_mutation_logs WHERE id BETWEEN $1 AND $2 AND ("
    "(sync_status = 'synced' AND coalesce(unixepoch(synced_at), unixepoch(updated_at), timestamp / 1000) < $3 "
    "AND NOT EXISTS (SELECT 1 FROM tether_sync_state WHERE key = 'starting_over')) OR "
    "(sync_status = 'failed' AND settled_by IS NOT NULL AND coalesce(unixepoch(updated_at), timestamp / 1000) < $3) OR "
    "(sync_status = 'conflict' AND settled_by IS NOT NULL AND coalesce(unixepoch(updated_at), timestamp / 1000) < $3 "
    "AND NOT EXISTS "
    "(SELECT 1 FROM tether_conflicts AS c WHERE c.mutation_id = tether_mutation_logs.mutation_id)))"};

constexpr sql::Statement k_forget_conflicts{
    "DELETE FROM tether_conflicts WHERE resolved_at IS NOT NULL AND unixepoch(resolved_at) < $1"};

// When their values were sent they were safe on the server, and nothing waits for what became of them.
constexpr sql::Statement k_forget_overwritten{"DELETE FROM tether_overwritten WHERE unixepoch(told_at) < $1"};

constexpr sql::Statement k_forget_tombstones{
    "DELETE FROM tether_records WHERE deleted = 1 AND open_log_id IS NULL AND updated_at < $1"};

std::int64_t run_alone(File& file, const sql::Statement& statement, std::initializer_list<sql::Value> parameters) {
  return sql::in_transaction(file.database(), sql::Access::write,
                             [&](sql::Transaction& transaction) { return transaction.run(statement, parameters); });
}

std::int64_t forget_log(File& file, std::int64_t before_seconds, const std::function<void(std::int64_t)>& progress) {
  std::int64_t first = 0;
  std::int64_t last = -1;
  sql::in_transaction(file.database(), sql::Access::read, [&](sql::Transaction& transaction) {
    transaction.run(k_log_bounds, {}, [&](const sql::Row& row) {
      first = row.integer(0);
      last = row.integer(1);
    });
  });
  std::int64_t forgotten = 0;
  for (std::int64_t from = first; from <= last; from += k_slice) {
    forgotten += run_alone(file, k_forget_log, {from, from + k_slice - 1, before_seconds});
    progress(std::min(from + k_slice, last + 1) - first);
  }
  return forgotten;
}

/// Moves what lies in the write-ahead log into the file, as far as readers allow.
void checkpoint(File& file) {
  file.database().execute("PRAGMA wal_checkpoint(TRUNCATE)");
}

std::int64_t bytes_of(const std::string& path) {
  std::int64_t bytes = 0;
  for (const char* suffix : {"", "-wal"}) {
    std::error_code missing;
    const auto size = fs::file_size(path + suffix, missing);
    if (!missing) bytes += static_cast<std::int64_t>(size);
  }
  return bytes;
}

}  // namespace

CompactReport compact(File& file, std::chrono::milliseconds keep, const std::function<void(std::int64_t)>& progress) {
  const std::int64_t before_ms = to_ms(file.clock().now()) - keep.count();
  CompactReport report;
  checkpoint(file);
  report.bytes_before = bytes_of(file.path());
  run_alone(file, k_forget_conflicts, {before_ms / 1000});
  run_alone(file, k_forget_overwritten, {before_ms / 1000});
  report.log_rows = forget_log(file, before_ms / 1000, progress);
  report.tombstones = run_alone(file, k_forget_tombstones, {before_ms});
  progress(0);
  file.database().execute("VACUUM");
  checkpoint(file);
  report.bytes_after = bytes_of(file.path());
  return report;
}

}  // namespace tether::replica
