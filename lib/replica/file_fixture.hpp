// SPDX-License-Identifier: MIT
// For the tests of this room: a replica's file in a folder of its own, and verbs that read as sentences.
#pragma once

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "replica/file.hpp"
#include "replica/recorder.hpp"
#include "sql/sqlite.hpp"
#include "testing/temporary_directory.hpp"

namespace tether::replica {

inline const ModelName k_task{"Task"};

/// The rows of a query, columns separated by |, rows by a line break; NULL is written so.
inline std::string rows(sql::Database& database, std::string_view query, int columns = 1) {
  std::string out;
  database.execute(query, {}, [&](const sql::Row& row) {
    if (!out.empty()) out += "\n";
    for (int column = 0; column < columns; ++column) {
      if (column > 0) out += "|";
      out += row.is_null(column) ? "NULL" : std::string(row.text(column));
    }
  });
  return out;
}

inline EntityKey task(std::string_view id) {
  return {k_task, {std::string(id)}};
}

struct Workbench {
  testing::TemporaryDirectory directory;
  SteppingClock clock{from_ms(1'763'757'000'000)};  // 2025-11-21T20:30:00Z
  SeededRandom random{7};
  std::string path = directory.file("tether.db");

  InitReport init(const std::optional<ClientId>& client_id = std::nullopt) {
    return File::init({.path = path, .client_id = client_id}, clock, random);
  }
  InitReport adopt() { return File::init({.path = path, .client_id = {}, .adopt = true}, clock, random); }
  File open() { return File::open(path, clock, random); }
  File make() {
    init();
    return open();
  }
  /// Runs SQL on the file as any other program would.
  void as_other_program(std::string_view script) {
    sql::open_sqlite({.path = path, .open = sql::Open::create})->execute_script(script);
  }
};

/// One record call in a transaction of its own.
template <typename Body>
auto record(File& file, Body&& body) {
  return sql::in_transaction(file.database(), sql::Access::write, [&](sql::Transaction& transaction) {
    Recorder recorder(file, transaction);
    return body(recorder);
  });
}
inline std::optional<Recorded> create(File& file, std::string_view id, std::string_view fields) {
  return record(file, [&](Recorder& recorder) { return recorder.create(k_task, EntityId{std::string(id)}, fields); });
}
inline std::optional<Recorded> update(File& file, std::string_view id, std::string_view fields) {
  return record(file, [&](Recorder& recorder) { return recorder.update(task(id), fields); });
}
inline Recorded remove(File& file, std::string_view id) {
  return record(file, [&](Recorder& recorder) { return recorder.remove(task(id)); });
}

/// payload|deleted|version|rev|open|base|base_deleted of one task; empty when there is none.
inline std::string record_of(File& file, std::string_view id) {
  return rows(file.database(),
              "SELECT payload, deleted, version, rev, open_log_id, base, base_deleted FROM tether_records "
              "WHERE entity_id = '" +
                  std::string(id) + "'",
              7);
}

/// As if the server had taken everything: what is open becomes its state, of revision `rev`.
inline void let_server_take_all(File& file, std::int64_t rev) {
  file.database().execute_script(
      "UPDATE tether_mutation_logs SET sync_status = 'synced', synced_at = '2025-11-21T20:30:00.000Z';"
      "UPDATE tether_records SET open_log_id = NULL, base = NULL, base_deleted = 0, rev = " +
      std::to_string(rev));
}
/// As if the server had refused one mutation.
inline void let_server_refuse(File& file, const MutationId& id, std::string_view reason) {
  file.database().execute_script("UPDATE tether_mutation_logs SET sync_status = 'failed', rejection_reason = '" +
                                 std::string(reason) + "' WHERE mutation_id = '" + id.value + "'");
}

/// The code with which `body` fails; nullopt when it does not.
template <typename Body>
std::optional<ErrorCode> fault_of(Body&& body) {
  try {
    body();
  } catch (const Error& e) {
    CHECK_FALSE(std::string(e.what()).empty());
    return e.code();
  }
  return std::nullopt;
}

}  // namespace tether::replica
