// SPDX-License-Identifier: MIT
// The client's file: one SQLite database that holds the mutation log, the local state and the settings of one replica.
// Opening checks that it is ours and of a version that we read; making it is safe to repeat. A copied file is noticed
// (its inode or machine is another one than the file remembers) and takes a new client id, so that two copies never
// write under one identity; one that was given by hand is kept.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/strong.hpp"
#include "base/ulid.hpp"
#include "sql/database.hpp"

namespace tether::replica {

constexpr int k_schema_version = 1;           // in tether_sync_state; also PRAGMA user_version of files that we made
constexpr int k_application_id = 0x54455448;  // 'TETH', PRAGMA application_id

struct InitOptions {
  std::string path;
  std::optional<ClientId> client_id;
  bool adopt = false;  // add our tables to an existing SQLite file, also one of the original client
};

struct InitReport {
  bool created = false;  // false: it was there already and complete
  ClientId client_id;
  bool adopted = false;  // another program's file: what it holds stays
};

class File {
 public:
  /// `clock` and `random` outlive the file. ":memory:" is a new, empty replica. Throws not_found, not_a_database (also
  /// for another program's file), newer_version, corrupt, and what the driver throws; each hint names the way on.
  static File open(const std::string& path, Clock& clock, Random& random);
  static File open_read_only(const std::string& path, Clock& clock, Random& random);
  /// Makes the file, or completes it, in one transaction. Throws Error(exists) when it belongs to another client id
  /// than the one given.
  static InitReport init(const InitOptions& options, Clock& clock, Random& random);

  sql::Database& database() { return *database_; }
  const std::string& path() const { return path_; }
  const ClientId& client_id() const { return client_id_; }
  Clock& clock() { return clock_; }
  Random& random() { return random_; }
  /// Makes ULIDs above every mutation id in the log, also when the clock went back, or when clock and chance are the
  /// same in every process.
  UlidSource& ulids();

 private:
  File(std::string path, std::unique_ptr<sql::Database> database, Clock& clock, Random& random);
  std::string path_;
  std::unique_ptr<sql::Database> database_;
  Clock& clock_;
  Random& random_;
  UlidSource ulids_;
  bool ulids_started_ = false;
  ClientId client_id_;
};

/// Values of tether_sync_state. Keys of ours: schema_version (there: the file is complete), client_id, client_id_given,
/// home (where the file lives), copied_from (the id of the file that this one is a copy of), kept_id_at (when it was
/// copied or moved and kept an id that was given; until `init` is told that id again), last_sync_cursor,
/// last_sync_at, last_push_reason, last_push_end, epoch, restored_at (when its server last was), starting_over and
/// push_first (what that left to be done: restored.hpp), pull_first (adopt.hpp), full_pull (the horizon that it began
/// at), view, generation; settings of `tether config` are stored as `config.NAME`, and of outbound_mapping.hpp offered
/// and `field_mapping.LOG_ID`.
std::optional<std::string> state(sql::Transaction& transaction, std::string_view key);
void set_state(sql::Transaction& transaction, std::string_view key, std::string_view value, Instant now);
void clear_state(sql::Transaction& transaction, std::string_view key);

/// Held while a file is synced; released by the kernel when the process ends, however it ends. A file `PATH-sync` stays
/// behind, empty. Throws Error(locked) when another process holds it.
class SyncLock {
 public:
  explicit SyncLock(const std::string& path);
  ~SyncLock();
  SyncLock(const SyncLock&) = delete;
  SyncLock& operator=(const SyncLock&) = delete;

 private:
  int descriptor_;
};

}  // namespace tether::replica
