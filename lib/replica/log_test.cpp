// SPDX-License-Identifier: MIT
#include "replica/log.hpp"

#include "replica/file_fixture.hpp"
#include "replica/records.hpp"

namespace tether::replica {
namespace {

/// The versions of the entries that a query finds, in its order.
std::string found(File& file, const LogQuery& query) {
  std::string out;
  sql::in_transaction(file.database(), sql::Access::read, [&](sql::Transaction& transaction) {
    read_log(transaction, query, [&](const LogEntry& entry) {
      out += (out.empty() ? "" : " ") + entry.mutation.entity_id.value + std::to_string(entry.mutation.version);
    });
  });
  return out;
}

LogEntry entry_of(File& file, const MutationId& id) {
  return sql::in_transaction(file.database(), sql::Access::read,
                             [&](sql::Transaction& transaction) { return find_mutation(transaction, id).value(); });
}

std::string plan(File& file, std::string_view query) {
  std::string out;
  file.database().execute("EXPLAIN QUERY PLAN " + std::string(query), {},
                          [&](const sql::Row& row) { out += std::string(row.text(3)) + ";"; });
  return out;
}

/// The ids that will be pushed once all that failed was put back; none of them is refused.
std::vector<MutationId> all_retried(File& file) {
  std::vector<MutationId> queued;
  retry_all_failed(
      file, [&](const MutationId& id) { queued.push_back(id); },
      [](const Refusal& refusal) { FAIL(refusal.why.what()); });
  return queued;
}

/// As if it had been recorded when no size was too large.
void grow(File& file, const MutationId& id, std::int64_t bytes) {
  const std::string grown = "payload = '{\"text\":\"" + std::string(static_cast<std::size_t>(bytes), 'x') + "\"}'";
  const std::string trigger = rows(file.database(), "SELECT sql FROM sqlite_schema WHERE type = 'trigger'");
  file.database().execute_script(
      "DROP TRIGGER tether_mutation_logs_immutable; UPDATE tether_mutation_logs SET " + grown +
      " WHERE mutation_id = '" + id.value + "'; UPDATE tether_records SET " + grown +
      " WHERE entity_id = (SELECT entity_id FROM tether_mutation_logs WHERE mutation_id = '" + id.value + "'); " +
      trigger);
}

/// a1 a2 b1 c1, of which a1 is synced, b1 failed.
struct Filled : Workbench {
  File file = make();
  MutationId a1 = create(file, "a", R"({"n":1})")->mutation_id;
  MutationId a2 = update(file, "a", R"({"n":2})")->mutation_id;
  MutationId b1 = create(file, "b", R"({"n":3})")->mutation_id;
  MutationId c1 =
      record(file, [](Recorder& recorder) { return recorder.create({"Note"}, EntityId{"c"}, "{}"); })->mutation_id;

  Filled() {
    file.database().execute("UPDATE tether_mutation_logs SET sync_status = 'synced' WHERE mutation_id = '" + a1.value +
                            "'");
    let_server_refuse(file, b1, "validation_failed");
  }
};

}  // namespace

TEST_CASE("the log is read newest last, by model, entity, status, time and number") {
  Filled bench;
  File& file = bench.file;
  CHECK(found(file, {}) == "a1 a2 b1 c1");
  CHECK(found(file, {.reverse = true}) == "c1 b1 a2 a1");
  CHECK(found(file, {.model = k_task}) == "a1 a2 b1");
  CHECK(found(file, {.model = ModelName{"Note"}, .entity_id = EntityId{"a"}}).empty());
  CHECK(found(file, {.model = k_task, .entity_id = EntityId{"a"}}) == "a1 a2");
  CHECK(found(file, {.status = "synced"}) == "a1");
  CHECK(found(file, {.status = "pending"}) == "a2 c1");
  CHECK(found(file, {.status = "failed"}) == "b1");
  CHECK(found(file, {.status = "nonsense' OR 1"}).empty());
  CHECK(found(file, {.limit = 2}) == "b1 c1");
  CHECK(found(file, {.limit = 2, .reverse = true}) == "c1 b1");
  CHECK(found(file, {.status = "pending", .limit = 1}) == "c1");
  CHECK(found(file, {.entity_id = EntityId{"a"}, .limit = 1}) == "a2");
  CHECK(found(file, {.limit = 9}) == "a1 a2 b1 c1");
  CHECK(found(file, {.limit = 0}).empty());
  CHECK(found(file, {.limit = -3}).empty());
  const std::int64_t since = entry_of(file, bench.b1).mutation.timestamp_ms;
  CHECK(found(file, {.since_ms = since}) == "b1 c1");
  CHECK(found(file, {.since_ms = since, .limit = 1, .reverse = true}) == "c1");
}

TEST_CASE("an entry has every column of its row") {
  Filled bench;
  bench.file.database().execute("UPDATE tether_mutation_logs SET rejection_data = '{\"x\":1}', retry_count = 2");
  const LogEntry entry = entry_of(bench.file, bench.b1);
  CHECK(entry.id == 3);
  CHECK(entry.mutation.model == k_task);
  CHECK(entry.mutation.payload == R"({"n":3})");
  CHECK(entry.mutation.base_rev == Rev{0});
  CHECK_FALSE(entry.mutation.before);
  CHECK(entry.sync_status == "failed");
  CHECK(entry.rejection_reason == "validation_failed");
  CHECK(entry.rejection_data == R"({"x":1})");
  CHECK(entry.retry_count == 2);
  CHECK(entry.synced_at.empty());
  CHECK(entry.settled_by.empty());
  CHECK(entry_of(bench.file, bench.a2).mutation.before == R"({"n":1})");
  sql::in_transaction(bench.file.database(), sql::Access::read, [](sql::Transaction& transaction) {
    CHECK_FALSE(find_mutation(transaction, {"01M8009KF4AE6ZFNFM5EEX5EZN"}));
  });
}

TEST_CASE("retry sends what was never decided again under its id") {
  Filled bench;
  File& file = bench.file;
  file.database().execute(
      "UPDATE tether_mutation_logs SET rejection_reason = 'error', retry_count = 3 WHERE sync_status = 'failed'");
  CHECK(retry_failed(file, {bench.b1}) == std::vector{bench.b1});
  const LogEntry entry = entry_of(file, bench.b1);
  CHECK(entry.sync_status == "pending");
  CHECK(entry.retry_count == 0);
  CHECK(entry.rejection_reason.empty());
  CHECK(found(file, {}) == "a1 a2 b1 c1");
}

TEST_CASE("retry records what was decided anew, under a new id") {
  Filled bench;
  File& file = bench.file;
  const auto queued = all_retried(file);
  REQUIRE(queued.size() == 1);
  CHECK(queued[0] != bench.b1);
  CHECK(entry_of(file, bench.b1).sync_status == "failed");
  CHECK(entry_of(file, bench.b1).settled_by == queued[0].value);
  CHECK(entry_of(file, queued[0]).mutation.payload == R"({"n":3})");
  CHECK(entry_of(file, queued[0]).mutation.operation == protocol::Operation::create);
  CHECK(record_of(file, "b") == R"({"n":3}|0|2|0|5|NULL|0)");
  CHECK(all_retried(file).empty());
}

TEST_CASE("retry of an update sends what is seen now, and what waited for it goes along") {
  Workbench bench;
  File file = bench.make();
  create(file, "a", R"({"title":"pump","n":1,"by":"ann"})");
  let_server_take_all(file, 3);
  const MutationId refused = update(file, "a", R"({"n":2})")->mutation_id;
  let_server_refuse(file, refused, "forbidden");
  const MutationId waited = update(file, "a", R"({"title":"valve"})")->mutation_id;
  const auto queued = retry_failed(file, {refused});
  REQUIRE(queued.size() == 1);
  const LogEntry entry = entry_of(file, queued[0]);
  CHECK(entry.mutation.payload == R"({"title":"valve","n":2,"by":"ann"})");
  CHECK(entry.mutation.before == R"({"title":"pump","n":1})");
  CHECK(entry.mutation.base_rev == Rev{3});
  CHECK(entry_of(file, waited).settled_by == queued[0].value);
  CHECK(entry_of(file, waited).rejection_reason == "superseded");
  CHECK(found(file, {.status = "pending"}) == "a4");
  CHECK(record_of(file, "a") == R"({"title":"valve","n":2,"by":"ann"}|0|4|3|4|{"title":"pump","n":1,"by":"ann"}|0)");
}

TEST_CASE("retry of a refused create sends it with the correction that was made since") {
  Workbench bench;
  File file = bench.make();
  const MutationId refused = create(file, "a", R"({"title":"too long","n":1})")->mutation_id;
  let_server_refuse(file, refused, "validation_failed");
  const MutationId correction = update(file, "a", R"({"title":"short"})")->mutation_id;
  SUBCASE("not pushed yet") {}
  SUBCASE("pushed, and refused because there was nothing to correct") {
    let_server_refuse(file, correction, "not_found");
  }
  SUBCASE("pushed, and the server could not decide") {
    let_server_refuse(file, correction, "error");
  }
  const auto queued = all_retried(file);
  REQUIRE(queued.size() == 1);
  const LogEntry entry = entry_of(file, queued[0]);
  CHECK(entry.mutation.operation == protocol::Operation::create);
  CHECK(entry.mutation.payload == R"({"title":"short","n":1})");
  CHECK(entry_of(file, refused).settled_by == queued[0].value);
  CHECK(entry_of(file, correction).settled_by == queued[0].value);
  CHECK(found(file, {.status = "pending"}) == "a3");
  CHECK(record_of(file, "a") == R"({"title":"short","n":1}|0|3|0|3|NULL|0)");
}

TEST_CASE("retry of what was corrected back has nothing new to send, and leaves what waits to be sent") {
  Workbench bench;
  File file = bench.make();
  create(file, "a", R"({"n":1})");
  let_server_take_all(file, 1);
  const MutationId refused = update(file, "a", R"({"n":2})")->mutation_id;
  let_server_refuse(file, refused, "forbidden");
  const MutationId back = update(file, "a", R"({"n":1})")->mutation_id;
  CHECK(retry_failed(file, {refused}).empty());
  CHECK(entry_of(file, refused).settled_by == "dismissed");
  CHECK(entry_of(file, back).sync_status == "pending");
  CHECK(record_of(file, "a") == R"({"n":1}|0|3|1|3|{"n":1}|0)");
}

TEST_CASE("retry does not settle a delete that waits behind a create which may have reached the server") {
  Workbench bench;
  File file = bench.make();
  const MutationId refused = create(file, "a", R"({"n":1})")->mutation_id;
  let_server_refuse(file, refused, "validation_failed");
  update(file, "a", R"({"n":2})");
  const MutationId deleted = remove(file, "a").mutation_id;
  CHECK(retry_failed(file, {refused}).empty());
  CHECK(entry_of(file, deleted).sync_status == "pending");
  CHECK(entry_of(file, deleted).settled_by.empty());
  CHECK(create(file, "a", R"({"n":3})")->version == 4);
}

TEST_CASE("retry of an edit that was followed by a delete deletes") {
  Workbench bench;
  File file = bench.make();
  create(file, "a", R"({"n":1})");
  let_server_take_all(file, 1);
  const MutationId refused = update(file, "a", R"({"n":2})")->mutation_id;
  let_server_refuse(file, refused, "forbidden");
  remove(file, "a");
  const auto queued = retry_failed(file, {refused});
  REQUIRE(queued.size() == 1);
  CHECK(entry_of(file, queued[0]).mutation.operation == protocol::Operation::remove);
  CHECK(record_of(file, "a") == R"({"n":1}|1|4|1|4|{"n":1}|0)");
}

TEST_CASE("retry of an edit of what someone else deleted brings it back whole") {
  Workbench bench;
  File file = bench.make();
  create(file, "a", R"({"title":"pump","n":1})");
  let_server_take_all(file, 1);
  const MutationId refused = update(file, "a", R"({"n":2})")->mutation_id;
  let_server_refuse(file, refused, "not_found");
  file.database().execute("UPDATE tether_records SET base_deleted = 1, deleted = 1");
  const auto queued = retry_failed(file, {refused});
  REQUIRE(queued.size() == 1);
  CHECK(entry_of(file, queued[0]).mutation.operation == protocol::Operation::create);
  CHECK(entry_of(file, queued[0]).mutation.payload == R"({"title":"pump","n":2})");
}

TEST_CASE("retry of a whole failed history is one mutation that gives the same state again") {
  Workbench bench;
  File file = bench.make();
  const MutationId first = create(file, "a", R"({"title":"pump","n":1})")->mutation_id;
  const MutationId second = update(file, "a", R"({"n":2})")->mutation_id;
  let_server_refuse(file, first, "validation_failed");
  let_server_refuse(file, second, "not_found");
  SUBCASE("all") {
    CHECK(all_retried(file).size() == 1);
  }
  SUBCASE("by their ids, one of them twice") {
    CHECK(retry_failed(file, {second, first, second}).size() == 1);
  }
  CHECK(rows(file.database(), "SELECT payload, deleted, base FROM tether_records", 3) ==
        R"({"title":"pump","n":2}|0|NULL)");
  CHECK(rows(file.database(), "SELECT operation, payload FROM tether_mutation_logs WHERE sync_status = 'pending'", 2) ==
        R"(create|{"title":"pump","n":2})");
}

TEST_CASE("a thousand failed mutations of both kinds are all put back") {
  Workbench bench;
  File file = bench.make();
  record(file, [](Recorder& recorder) {
    for (int i = 0; i < 1'201; ++i) recorder.create(k_task, std::nullopt, R"({"n":1})");
    return 0;
  });
  file.database().execute(
      "UPDATE tether_mutation_logs SET sync_status = 'failed', "
      "rejection_reason = CASE WHEN id % 2 THEN 'error' ELSE 'forbidden' END");
  CHECK(all_retried(file).size() == 1'201);
  CHECK(rows(file.database(), "SELECT count(*) FROM tether_mutation_logs WHERE sync_status = 'pending'") == "1201");
  CHECK(all_retried(file).empty());
}

TEST_CASE("a record that is too large for any server stays failed and holds up no other") {
  Workbench bench;
  File file = bench.make();
  const MutationId before = create(file, "a", R"({"n":1})")->mutation_id;
  const MutationId large = create(file, "b", "{}")->mutation_id;
  const MutationId behind = create(file, "c", R"({"n":3})")->mutation_id;
  for (const MutationId& id : {before, large, behind}) let_server_refuse(file, id, "validation_failed");
  grow(file, large, 1'100'000);
  const std::string record = record_of(file, "b");
  std::vector<MutationId> queued;
  std::vector<Refusal> refused;
  retry_all_failed(
      file, [&](const MutationId& id) { queued.push_back(id); },
      [&](const Refusal& refusal) { refused.push_back(refusal); });
  CHECK(queued.size() == 2);
  REQUIRE(refused.size() == 1);
  CHECK(refused[0].mutation.id == large);
  CHECK(refused[0].mutation.key == task("b"));
  CHECK(refused[0].why.code() == ErrorCode::too_large);
  CHECK(found(file, {.status = "pending"}) == "a2 c2");
  CHECK(entry_of(file, large).settled_by.empty());
  CHECK((record_of(file, "b") == record));
  CHECK(fault_of([&] { retry_failed(file, {large}); }) == ErrorCode::too_large);
  CHECK((record_of(file, "b") == record));
}

TEST_CASE("everything that failed is dismissed at once") {
  Filled bench;
  std::int64_t told = 0;
  const auto tell = [&](std::int64_t count) { told = count; };
  const auto refused = [](const Refusal&) { FAIL("refused"); };
  CHECK(dismiss_all_failed(bench.file, refused, tell).dismissed == 1);
  CHECK(told == 1);
  CHECK(entry_of(bench.file, bench.b1).settled_by == "dismissed");
  CHECK(dismiss_all_failed(bench.file, refused, tell).dismissed == 0);
}

TEST_CASE("retry of a delete deletes again, or has nothing to do") {
  Workbench bench;
  File file = bench.make();
  create(file, "a", R"({"n":1})");
  let_server_take_all(file, 1);
  const MutationId refused = remove(file, "a").mutation_id;
  let_server_refuse(file, refused, "forbidden");
  SUBCASE("the record is there") {
    CHECK(retry_failed(file, {refused}).size() == 1);
    CHECK(record_of(file, "a") == R"({"n":1}|1|3|1|3|{"n":1}|0)");
  }
  SUBCASE("the server deleted it meanwhile") {
    file.database().execute("UPDATE tether_records SET base_deleted = 1");
    CHECK(retry_failed(file, {refused}).empty());
    CHECK(entry_of(file, refused).settled_by == "dismissed");
    CHECK(record_of(file, "a") == R"({"n":1}|1|2|1|NULL|NULL|0)");
  }
}

TEST_CASE("only failed mutations are retried or dismissed, and one wrong id changes nothing") {
  Filled bench;
  File& file = bench.file;
  for (const MutationId& wrong : {bench.a1, bench.a2, MutationId{"01M8009KF4AE6ZFNFM5EEX5EZN"}, MutationId{""}}) {
    CAPTURE(wrong.value);
    CHECK(fault_of([&] { retry_failed(file, {bench.b1, wrong}); }) == ErrorCode::not_found);
    CHECK(fault_of([&] { dismiss_failed(file, {bench.b1, wrong}); }) == ErrorCode::not_found);
  }
  CHECK(entry_of(file, bench.b1).settled_by.empty());
  CHECK(found(file, {}) == "a1 a2 b1 c1");
  CHECK(dismiss_failed(file, {bench.b1}).dismissed == 1);
  CHECK(fault_of([&] { dismiss_failed(file, {bench.b1}); }) == ErrorCode::not_found);
}

TEST_CASE("dismissing goes back to the server's state") {
  Workbench bench;
  File file = bench.make();
  create(file, "a", R"({"title":"pump","n":1})");
  let_server_take_all(file, 3);
  SUBCASE("of an edit") {
    let_server_refuse(file, update(file, "a", R"({"n":2})")->mutation_id, "forbidden");
  }
  SUBCASE("of a delete") {
    let_server_refuse(file, remove(file, "a").mutation_id, "forbidden");
  }
  const LogEntry failed = entry_of(
      file, {rows(file.database(), "SELECT mutation_id FROM tether_mutation_logs WHERE sync_status = 'failed'")});
  CHECK(dismiss_failed(file, {failed.mutation.mutation_id}).dismissed == 1);
  CHECK(record_of(file, "a") == R"({"title":"pump","n":1}|0|2|3|NULL|NULL|0)");
  CHECK(entry_of(file, failed.mutation.mutation_id).settled_by == "dismissed");
  CHECK(found(file, {.status = "failed"}) == "a2");
}

TEST_CASE("dismissing a create that the server never took leaves nothing, and its version is not used again") {
  Workbench bench;
  File file = bench.make();
  const MutationId refused = create(file, "a", R"({"n":1})")->mutation_id;
  let_server_refuse(file, refused, "forbidden");
  dismiss_failed(file, {refused});
  CHECK(record_of(file, "a").empty());
  CHECK(create(file, "a", R"({"n":2})")->version == 2);
}

TEST_CASE("the queries of the log find their rows by an index") {
  Filled bench;
  CHECK(plan(bench.file, "SELECT * FROM tether_mutation_logs WHERE entity_id = 'a' AND id >= 0 ORDER BY id") ==
        "SEARCH tether_mutation_logs USING INDEX tether_mutation_logs_entity (entity_id=? AND rowid>?);");
  CHECK(plan(bench.file,
             "SELECT * FROM tether_mutation_logs WHERE sync_status = 'failed' AND sync_status <> 'synced' AND id >= 0 "
             "ORDER BY id") ==
        "SEARCH tether_mutation_logs USING INDEX tether_mutation_logs_open (sync_status=? AND id>?);");
}

}  // namespace tether::replica
