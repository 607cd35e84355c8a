// SPDX-License-Identifier: MIT
#include "replica/status.hpp"

#include "replica/ending.hpp"
#include "replica/file_fixture.hpp"

namespace tether::replica {
namespace {

void remember(File& file, std::string_view key, std::string_view value) {
  sql::in_transaction(file.database(), sql::Access::write,
                      [&](sql::Transaction& transaction) { set_state(transaction, key, value, file.clock().now()); });
}

std::string plan(File& file, std::string_view query) {
  return rows(file.database(), "EXPLAIN QUERY PLAN " + std::string(query), 4);
}

}  // namespace

TEST_CASE("a new file has nothing to send and has never synced") {
  Workbench bench;
  File file = bench.make();
  const Status now = status(file);
  CHECK(now.pending == 0);
  CHECK(now.failed == 0);
  CHECK(now.conflicts == 0);
  CHECK_FALSE(now.cursor);
  CHECK(now.last_sync_at.empty());
  CHECK_FALSE(now.oldest_unsent);
}

TEST_CASE("status counts what is unsent, refused and in conflict, and no settled work") {
  Workbench bench;
  File file = bench.make();
  for (const char* id : {"a", "b", "c", "d", "e", "f"}) create(file, id, "{}");
  file.database().execute_script(
      "UPDATE tether_mutation_logs SET sync_status = 'synced' WHERE entity_id = 'a';"
      "UPDATE tether_mutation_logs SET sync_status = 'syncing' WHERE entity_id = 'b';"
      "UPDATE tether_mutation_logs SET sync_status = 'failed' WHERE entity_id IN ('c', 'd');"
      "UPDATE tether_mutation_logs SET settled_by = 'dismissed' WHERE entity_id = 'd';"
      "UPDATE tether_mutation_logs SET sync_status = 'conflict' WHERE entity_id = 'e';"
      "INSERT INTO tether_conflicts VALUES ('1', 'Task', 'e', 'update', '{}', '{}', '{}', 0, 3, 'now', NULL, NULL),"
      "('2', 'Task', 'x', 'update', '{}', '{}', '{}', 0, 3, 'now', 'later', 'mine');");
  remember(file, "last_sync_cursor", "1763757001000123");
  remember(file, "last_sync_at", "2025-11-21T20:30:00.000Z");
  const Status now = status(file);
  CHECK(now.pending == 2);
  CHECK(now.failed == 1);
  CHECK(now.conflicts == 1);
  CHECK(now.cursor == Cursor{1763757001000123});
  CHECK(now.last_sync_at == "2025-11-21T20:30:00.000Z");
  CHECK(now.oldest_unsent->mutation_id.value ==
        rows(file.database(), "SELECT mutation_id FROM tether_mutation_logs WHERE entity_id = 'b'"));
}

TEST_CASE("the oldest unsent change has an age and a reason") {
  Workbench bench;
  bench.init();
  SteppingClock clock{from_ms(1'763'757'000'000), std::chrono::microseconds(0)};
  File file = File::open(bench.path, clock, bench.random);
  const MutationId oldest = create(file, "a", "{}")->mutation_id;
  clock.advance(std::chrono::minutes(5));
  create(file, "b", "{}");

  CHECK(status(file).oldest_unsent->mutation_id == oldest);
  CHECK(status(file).oldest_unsent->age_ms == 300'000);
  CHECK(status(file).oldest_unsent->reason == "not pushed yet");

  remember(file, "last_push_reason", "connection refused by http://127.0.0.1:1");
  CHECK(status(file).oldest_unsent->reason == "server unreachable: connection refused by http://127.0.0.1:1");

  let_server_refuse(file, oldest, "validation_failed");
  CHECK(status(file).oldest_unsent->mutation_id == oldest);
  CHECK(status(file).oldest_unsent->reason == "rejected: validation_failed");
}

TEST_CASE("the reason tells a server that refuses, or answers nonsense, from one that is not reached") {
  Workbench bench;
  File file = bench.make();
  create(file, "a", "{}");
  const auto reason = [&] { return status(file).oldest_unsent->reason; };
  note_ended_early(file, "connection refused");
  CHECK(reason() == "server unreachable: connection refused");
  note_ended_early(file, "http://x answered 401", End::forbidden);
  CHECK(reason() == "refused by the server: http://x answered 401");
  note_fault(file, Error(ErrorCode::unexpected_reply, "http://x answered with a page of HTML"));
  CHECK(reason() == "the server's answer makes no sense: http://x answered with a page of HTML");
  note_fault(file, Error(ErrorCode::interrupted, "interrupted"));
  CHECK(reason() == "the server's answer makes no sense: http://x answered with a page of HTML");
  note_ended_early(file, "connection refused");
  CHECK(reason() == "server unreachable: connection refused");
  sql::in_transaction(file.database(), sql::Access::write,
                      [&](sql::Transaction& transaction) { note_contact(transaction, file.clock().now()); });
  CHECK(reason() == "not pushed yet");
}

TEST_CASE("a clock that went back makes no negative age") {
  Workbench bench;
  bench.init();
  SteppingClock clock{from_ms(1'763'757'000'000)};
  File file = File::open(bench.path, clock, bench.random);
  create(file, "a", "{}");
  clock.advance(-std::chrono::hours(3));
  CHECK(status(file).oldest_unsent->age_ms == 0);
}

TEST_CASE("status reads no synced row") {
  Workbench bench;
  File file = bench.make();
  const std::string counted =
      plan(file,
           "SELECT count(*) FROM tether_mutation_logs WHERE sync_status IN ('pending', 'syncing') AND "
           "sync_status <> 'synced'");
  CHECK(counted.find("tether_mutation_logs_open") != std::string::npos);
  CHECK(counted.find("SCAN") == std::string::npos);
  const std::string oldest =
      plan(file, "SELECT min(id) FROM tether_mutation_logs WHERE sync_status = 'pending' AND sync_status <> 'synced'");
  CHECK(oldest.find("tether_mutation_logs_open") != std::string::npos);
}

}  // namespace tether::replica
