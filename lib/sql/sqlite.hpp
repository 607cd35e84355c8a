// SPDX-License-Identifier: MIT
// The SQLite driver. Files are opened in WAL mode; every wait for a lock is bounded.
#pragma once

#include <memory>
#include <string>

#include "sql/database.hpp"

namespace tether::sql {

enum class Open { existing, create, read_only };
enum class Durability {
  full,    // a commit survives a power cut
  normal,  // a commit survives a crash of the process; a power cut may take the last ones, never tear the file
};

struct SqliteOptions {
  std::string path;  // ":memory:" for a database of its own
  Open open = Open::existing;
  Durability durability = Durability::full;
  int busy_timeout_ms = 10'000;
  int cache_kib = 2'000;  // pages kept in memory by this connection
};

/// Throws Error/Fatal: not_found (no such file, or no such folder), not_a_database, corrupt, read_only, busy,
/// disk_full, io; each names the path and, in its hint, what to do.
std::unique_ptr<Database> open_sqlite(const SqliteOptions& options);

/// What helps where a file is damaged, as the end of a sentence. A WAL that is left behind would be taken for the
/// backup's.
std::string way_back_from(const std::string& path);

}  // namespace tether::sql
