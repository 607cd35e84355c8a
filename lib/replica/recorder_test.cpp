// SPDX-License-Identifier: MIT
#include "replica/recorder.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "replica/file_fixture.hpp"
#include "replica/record_row.hpp"

namespace tether::replica {
namespace {

std::string log_of(File& file, std::string_view id, std::string_view columns, int count) {
  return rows(file.database(),
              "SELECT " + std::string(columns) + " FROM tether_mutation_logs WHERE entity_id = '" + std::string(id) +
                  "' ORDER BY id",
              count);
}

/// Every record of the file is what base and open mutations make it, and points at its newest open mutation.
void check_consistent(File& file) {
  sql::in_transaction(file.database(), sql::Access::read, [&](sql::Transaction& transaction) {
    constexpr sql::Statement k_all{"SELECT " TETHER_RECORD_COLUMNS " FROM tether_records"};
    transaction.run(k_all, {}, [&](const sql::Row& row) {
      const RecordRow stored = record_row(row);
      auto computed = laid_over(stored, server_state(stored), open_mutations(transaction, stored.key));
      REQUIRE(computed);
      CHECK(computed->payload == stored.payload);
      computed->rebased_log_id = stored.rebased_log_id;  // says what a pull did
      CHECK(*computed == stored);
    });
  });
  CHECK(rows(file.database(),
             "SELECT count(*) FROM tether_mutation_logs AS l LEFT JOIN tether_records AS r USING (model, entity_id) "
             "WHERE l.sync_status = 'pending' AND (r.open_log_id IS NULL OR r.open_log_id < l.id)") == "0");
}

}  // namespace

TEST_CASE("a create is one log row and one record") {
  Workbench bench;
  File file = bench.make();
  const auto recorded = record(
      file, [](Recorder& recorder) { return recorder.create(k_task, std::nullopt, R"({"title":"pump","n":2.0})"); });
  REQUIRE(recorded);
  CHECK(recorded->key.id.value.size() == 26);
  CHECK(recorded->operation == protocol::Operation::create);
  CHECK(recorded->version == 1);
  CHECK(record_of(file, recorded->key.id.value) == R"({"title":"pump","n":2.0}|0|1|0|1|NULL|0)");
  CHECK(log_of(file, recorded->key.id.value, "operation, payload, version, sync_status, base_rev, before", 6) ==
        R"(create|{"title":"pump","n":2.0}|1|pending|0|NULL)");
  CHECK(log_of(file, recorded->key.id.value, "mutation_id", 1) == recorded->mutation_id.value);
}

TEST_CASE("times are the clock's") {
  Workbench bench;
  bench.init();
  SteppingClock still{from_ms(1'763'757'000'123), std::chrono::microseconds(0)};
  File file = File::open(bench.path, still, bench.random);
  create(file, "a", "{}");
  CHECK(log_of(file, "a", "timestamp, created_at, updated_at", 3) ==
        "1763757000123|2025-11-21T20:30:00.123Z|2025-11-21T20:30:00.123Z");
  CHECK(rows(file.database(), "SELECT updated_at FROM tether_records") == "1763757000123");
}

TEST_CASE("an update names what changes; the log keeps the whole and what was before") {
  Workbench bench;
  File file = bench.make();
  create(file, "a", R"({"title":"pump","n":1})");
  CHECK(update(file, "a", R"({"n":2,"note":null})")->version == 2);
  CHECK(record_of(file, "a") == R"({"title":"pump","n":2,"note":null}|0|2|0|2|NULL|0)");
  CHECK(log_of(file, "a", "operation, payload, before, base_rev", 4) ==
        "create|{\"title\":\"pump\",\"n\":1}|NULL|0\n"
        "update|{\"title\":\"pump\",\"n\":2,\"note\":null}|{\"n\":1,\"note\":null}|0");
  check_consistent(file);
}

TEST_CASE("what changes nothing is not recorded") {
  Workbench bench;
  File file = bench.make();
  create(file, "a", R"({"title":"pump","n":1})");
  CHECK_FALSE(update(file, "a", R"({"title" : "pu\u006dp"})"));
  CHECK_FALSE(update(file, "a", "{}"));
  CHECK_FALSE(create(file, "a", R"({"n":1})"));
  CHECK(log_of(file, "a", "version", 1) == "1");
}

TEST_CASE("the first edit of what the server has keeps the server's state beneath") {
  Workbench bench;
  File file = bench.make();
  create(file, "a", R"({"title":"pump"})");
  let_server_take_all(file, 7);
  update(file, "a", R"({"title":"valve"})");
  CHECK(record_of(file, "a") == R"({"title":"valve"}|0|2|7|2|{"title":"pump"}|0)");
  update(file, "a", R"({"title":"tap"})");
  CHECK(record_of(file, "a") == R"({"title":"tap"}|0|3|7|3|{"title":"pump"}|0)");
  CHECK(log_of(file, "a", "base_rev", 1) == "0\n7\n7");
  check_consistent(file);
}

TEST_CASE("where the server never said a rev, none is claimed to have been seen") {
  Workbench bench;
  File file = bench.make();
  create(file, "a", R"({"title":"pump"})");
  let_server_take_all(file, 0);
  update(file, "a", R"({"title":"valve"})");
  CHECK(log_of(file, "a", "base_rev", 1) == "0\nNULL");
}

TEST_CASE("a create of what exists is an update of it") {
  Workbench bench;
  File file = bench.make();
  create(file, "a", R"({"title":"pump","n":1})");
  CHECK(create(file, "a", R"({"n":2})")->operation == protocol::Operation::update);
  CHECK(record_of(file, "a") == R"({"title":"pump","n":2}|0|2|0|2|NULL|0)");
  check_consistent(file);
}

TEST_CASE("a delete keeps the last state to look at, and a create afterwards begins anew") {
  Workbench bench;
  File file = bench.make();
  create(file, "a", R"({"title":"pump","n":1})");
  let_server_take_all(file, 3);
  CHECK(remove(file, "a").version == 2);
  CHECK(record_of(file, "a") == R"({"title":"pump","n":1}|1|2|3|2|{"title":"pump","n":1}|0)");
  CHECK(log_of(file, "a", "operation, payload, base_rev", 3) == "create|{\"title\":\"pump\",\"n\":1}|0\ndelete|{}|3");
  CHECK(create(file, "a", R"({"title":"valve"})")->operation == protocol::Operation::create);
  CHECK(record_of(file, "a") == R"({"title":"valve"}|0|3|3|3|{"title":"pump","n":1}|0)");
  check_consistent(file);
}

TEST_CASE("what is unknown or deleted can be neither updated nor deleted") {
  Workbench bench;
  File file = bench.make();
  CHECK(fault_of([&] { update(file, "a", R"({"n":1})"); }) == ErrorCode::not_found);
  CHECK(fault_of([&] { remove(file, "a"); }) == ErrorCode::not_found);
  create(file, "a", "{}");
  remove(file, "a");
  CHECK(fault_of([&] { update(file, "a", R"({"n":1})"); }) == ErrorCode::not_found);
  CHECK(fault_of([&] { remove(file, "a"); }) == ErrorCode::not_found);
  CHECK(rows(file.database(), "SELECT count(*) FROM tether_mutation_logs") == "2");
}

TEST_CASE("ids need to be unique within a model only") {
  Workbench bench;
  File file = bench.make();
  create(file, "a", R"({"n":1})");
  record(file, [](Recorder& recorder) { return recorder.create({"Note"}, EntityId{"a"}, R"({"n":2})"); });
  CHECK(rows(file.database(), "SELECT model, payload, version FROM tether_records ORDER BY model", 3) ==
        "Note|{\"n\":2}|1\nTask|{\"n\":1}|1");
}

TEST_CASE("tether_id is no field, however it is written") {
  Workbench bench;
  File file = bench.make();
  CHECK(fault_of([&] { create(file, "a", R"({"n":1,"tether_id":"x"})"); }) == ErrorCode::invalid_input);
  CHECK(fault_of([&] { create(file, "a", R"({"tether_\u0069d":"x"})"); }) == ErrorCode::invalid_input);
  create(file, "a", "{}");
  CHECK(fault_of([&] { update(file, "a", R"({"tether_id":"a"})"); }) == ErrorCode::invalid_input);
  CHECK(rows(file.database(), "SELECT count(*) FROM tether_mutation_logs") == "1");
}

TEST_CASE("the text of a value comes back as it was written") {
  Workbench bench;
  File file = bench.make();
  const std::string texts[] = {
      R"({"n":2.0})",
      R"({"n":1e22,"m":-0.0})",
      R"({"n":123456789012345678901234567890.5})",
      R"({"t":"\u0000\u001f\u007f\ud83d\ude00"})",
      "{\"t\":\"\xc3\xa4 \xf0\x9f\x98\x80 \xe2\x80\xa8 \xef\xbb\xbf\"}",
      R"({"t":"\/\"\\ \b\f\n\r\t"})",
      R"({"o":{"b":1, "a":[ 1,2 ,{}] },"e":[],"s":""})",
      R"({"":1," ":2,"0":3})",
      R"({"a\u0062c":true,"n":null})",
      R"({"t":"it's $1 -- ; DROP TABLE tether_records"})",
      "{\"t\":\"" + std::string(100'000, 'x') + "\"}",
  };
  for (const std::string& text : texts) {
    CAPTURE(text.substr(0, 60));
    const auto made = record(file, [&](Recorder& recorder) { return recorder.create(k_task, std::nullopt, text); });
    CHECK(log_of(file, made->key.id.value, "payload", 1) == text);
    CHECK(rows(file.database(), "SELECT payload FROM tether_records WHERE entity_id = '" + made->key.id.value + "'") ==
          text);
    record(file, [&](Recorder& recorder) { return recorder.update(made->key, R"({"added":1})"); });
    CHECK(rows(file.database(), "SELECT payload FROM tether_records WHERE entity_id = '" + made->key.id.value + "'") ==
          text.substr(0, text.size() - 1) + ",\"added\":1}");
  }
  check_consistent(file);
}

TEST_CASE("a recorded mutation cannot be changed, only its sync columns move") {
  Workbench bench;
  File file = bench.make();
  create(file, "a", R"({"n":1})");
  for (const char* column : {"id", "mutation_id", "entity_id", "model", "operation", "payload", "version", "timestamp",
                             "created_at", "base_rev", "before"}) {
    CAPTURE(column);
    CHECK_THROWS_WITH(file.database().execute("UPDATE tether_mutation_logs SET " + std::string(column) + " = 9"),
                      doctest::Contains("a recorded mutation cannot be changed"));
  }
  CHECK(file.database().execute("UPDATE tether_mutation_logs SET sync_status = 'syncing', retry_count = 1") == 1);
}

TEST_CASE("a transaction that is not committed leaves nothing") {
  Workbench bench;
  File file = bench.make();
  {
    const auto transaction = file.database().begin(sql::Access::write);
    Recorder(file, *transaction).create(k_task, EntityId{"a"}, "{}");
  }
  CHECK(rows(file.database(), "SELECT count(*) FROM tether_mutation_logs") == "0");
  CHECK(record_of(file, "a").empty());
}

TEST_CASE("two processes that write at once lose nothing and count on") {
  Workbench bench;
  bench.init();
  constexpr int k_each = 200;
  const auto write = [&](const std::string& name) {
    SystemClock clock;
    SystemRandom random;
    File file = File::open(bench.path, clock, random);
    create(file, "shared", "{}");
    for (int i = 1; i <= k_each; ++i) update(file, "shared", "{\"" + name + "\":" + std::to_string(i) + "}");
  };
  std::thread other(write, "b");
  write("a");
  other.join();
  File file = bench.open();
  CHECK(rows(file.database(), "SELECT version FROM tether_records") == "401");
  CHECK(rows(file.database(), "SELECT count(*), count(DISTINCT version) FROM tether_mutation_logs", 2) == "401|401");
  CHECK(rows(file.database(), "SELECT json_extract(payload, '$.a'), json_extract(payload, '$.b') FROM tether_records",
             2) == "200|200");
  check_consistent(file);
}

TEST_CASE("killed in the middle of writing, the file opens, is consistent and goes on") {
  Workbench bench;
  bench.init();
  for (int round = 0; round < 8; ++round) {
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      SystemClock clock;
      SystemRandom random;
      File file = File::open(bench.path, clock, random);
      for (int i = 0;; ++i) {
        const std::string id = "t" + std::to_string(i % 20);
        create(file, id, "{\"n\":" + std::to_string(i) + "}");
        if (i % 7 == 6) remove(file, id);
      }
    }
    usleep(5'000 + static_cast<useconds_t>(round) * 9'000);
    kill(child, SIGKILL);
    REQUIRE(waitpid(child, nullptr, 0) == child);
    File file = bench.open();
    CHECK(rows(file.database(), "PRAGMA integrity_check") == "ok");
    CHECK(create(file, "after", "{\"round\":" + std::to_string(round) + "}")->version == round + 1);
    check_consistent(file);
  }
}

TEST_CASE("a record is as large as the server takes it, and not larger") {
  Workbench bench;
  File file = bench.make();
  const auto sized = [](std::size_t bytes) { return R"({"t":")" + std::string(bytes - 8, 'x') + "\"}"; };
  CHECK(create(file, "largest", sized(1'048'576)));
  CHECK(fault_of([&] { create(file, "a", sized(1'048'577)); }) == ErrorCode::too_large);
  CHECK(record_of(file, "a").empty());
  CHECK(fault_of([&] { update(file, "largest", R"({"n":1})"); }) == ErrorCode::too_large);
  CHECK(update(file, "largest", R"({"t":"short"})"));
  create(file, "largest", sized(1'000'000 - 20));
  CHECK(fault_of([&] { update(file, "largest", R"({"u":")" + std::string(50'000, 'x') + "\"}"); }) ==
        ErrorCode::too_large);
  remove(file, "largest");
  CHECK(rows(file.database(), "SELECT count(*) FROM tether_mutation_logs") == "4");
}

}  // namespace tether::replica
