// SPDX-License-Identifier: MIT
#include "authority/store.hpp"

#include <atomic>
#include <thread>

#include "authority/fixture.hpp"
#include "authority/tokens.hpp"
#include "base/error.hpp"

namespace tether::embedded {
extern const std::string_view authority_schema;
extern const std::string_view authority_schema_2;
extern const std::string_view authority_schema_3;
extern const std::string_view authority_schema_4;
extern const std::string_view authority_schema_5;
}  // namespace tether::embedded

namespace tether::authority {
namespace {

ErrorCode refusal(sql::Database& database) {
  try {
    migrate(database);
  } catch (const Fatal& e) {
    CHECK(!e.hint().empty());
    return e.code();
  }
  return ErrorCode::internal;
}

TEST_CASE("a new store is made once, and found as it should be after that") {
  const testing::ServerStore store;
  const auto database = store.open();
  CHECK(schema_version(*database) == 0);
  CHECK(migrate(*database) == 0);
  CHECK(schema_version(*database) == k_schema_version);
  CHECK(migrate(*database) == k_schema_version);
  CHECK(database->tables() == std::vector<std::string>{"tether_devices", "tether_mutations", "tether_overwritten",
                                                       "tether_overwritten_shares", "tether_records",
                                                       "tether_revoked_devices", "tether_schema", "tether_scopes",
                                                       "tether_tokens"});
}

TEST_CASE("a store of an earlier program gets what it lacks and keeps what it has") {
  const testing::ServerStore store;
  const auto database = store.open();
  database->execute_script(embedded::authority_schema);
  database->execute_script(
      "INSERT INTO tether_schema(version) VALUES (1);"
      "INSERT INTO tether_scopes(scope, clock_us, epoch) VALUES ('school', 7, 'E');");
  CHECK(migrate(*database) == 1);
  CHECK(schema_version(*database) == k_schema_version);
  std::int64_t clock_us = 0;
  database->execute("SELECT clock_us FROM tether_scopes", {}, [&](const sql::Row& row) { clock_us = row.integer(0); });
  CHECK(clock_us == 7);
  CHECK(tokens(*database).empty());
}

TEST_CASE("what a store of schema 5 kept of overwritten values stays, and a program of schema 5 goes on keeping") {
  const testing::ServerStore store;
  const auto database = store.open();
  const std::string_view scripts[] = {embedded::authority_schema, embedded::authority_schema_2,
                                      embedded::authority_schema_3, embedded::authority_schema_4,
                                      embedded::authority_schema_5};
  for (std::size_t i = 0; i < std::size(scripts); ++i) {
    database->execute_script(scripts[i]);
    database->execute("INSERT INTO tether_schema(version) VALUES (" + std::to_string(i + 1) + ")");
  }
  const auto keep = [&](const std::string& mutation) {
    database->execute(
        "INSERT INTO tether_overwritten(scope, mutation_id, client_id, model, entity_id, fields, payload, rev, "
        "deleted, written_by, written_at_ms, decided_us) VALUES ('school', '" +
        mutation + "', 'ben', 'Task', 'T1', '[\"n\"]', '{\"n\":1}', 1, 0, 'ann', 1, 1)");
  };
  keep("M1");
  CHECK(migrate(*database) == 5);
  keep("M2");
  int listed = 0;
  sql::in_transaction(*database, sql::Access::read, [&](sql::Transaction& transaction) {
    losses(transaction, {Scope{"school"}, {}, {}}, [&](const Loss&) { ++listed; });
    overwritten_of(transaction, Scope{"school"}, ClientId{"ann"}, Cursor{0}, Cursor{1'000}, [](const Untold&) {
      FAIL("it has no place in the order");
      return true;
    });
  });
  CHECK(listed == 2);
}

TEST_CASE("a program of schema 2 goes on serving beside a later one: its tokens are found, and it finds theirs") {
  const testing::ServerStore store;
  const auto database = store.open();
  database->execute_script(embedded::authority_schema);
  database->execute_script("INSERT INTO tether_schema(version) VALUES (1);");
  database->execute_script(embedded::authority_schema_2);
  database->execute_script(
      "INSERT INTO tether_schema(version) VALUES (2);"
      "INSERT INTO tether_tokens(token_id, secret_hash, scope, rights, created_ms) VALUES ('T1', 'aa', 'school', "
      "'push', 1);");
  CHECK(migrate(*database) == 2);
  database->execute(
      "INSERT INTO tether_tokens(token_id, secret_hash, scope, client_id, rights, created_ms, expires_ms) "
      "VALUES ('T2', 'bb', 'school', 'ann', 'pull', 2, NULL)");
  for (const char* id : {"T1", "T2"}) CHECK(find_token(*database, id)->claims == "{}");
  add_token(*database, {.id = "T3", .secret_hash = "cc", .scope = Scope{"school"}, .client = {}, .rights = "push"});
  int found = 0;
  database->execute(
      "SELECT token_id, secret_hash, scope, client_id, rights, created_ms, expires_ms, revoked_ms "
      "FROM tether_tokens WHERE token_id = 'T3'",
      {}, [&](const sql::Row& row) { found += row.text(4) == "push" ? 1 : 0; });
  CHECK(found == 1);
}

std::unique_ptr<sql::Database> open_at_schema_2(const testing::ServerStore& store) {
  auto database = store.open();
  for (int version = 1; version <= 2; ++version) {
    database->execute_script(version == 1 ? embedded::authority_schema : embedded::authority_schema_2);
    database->execute("INSERT INTO tether_schema(version) VALUES (" + std::to_string(version) + ")");
  }
  return database;
}

TEST_CASE("a migration waits for a backup to end, and nobody waits behind it") {
  if (!testing::ServerStore::is_postgres()) return;  // readers of SQLite hold up nobody
  const testing::ServerStore store;
  const auto database = open_at_schema_2(store);
  const auto backup = store.open();
  auto dump = backup->begin(sql::Access::read);
  dump->run(sql::Statement{"LOCK TABLE tether_records, tether_tokens, tether_mutations IN ACCESS SHARE MODE"}, {});

  std::atomic<int> tries = 0;
  std::thread migrating([&] {
    CHECK(migrate(*database, [&](const Error& error) {
            CHECK(error.code() == ErrorCode::busy);
            std::this_thread::sleep_for(std::chrono::milliseconds(200));
            return ++tries < 20;
          }) == 2);
  });
  const auto reader = store.open();
  std::chrono::duration<double> longest{0};
  while (tries < 2) {
    const auto asked = std::chrono::steady_clock::now();
    for (const char* table : {"tether_records", "tether_tokens", "tether_mutations"}) {
      reader->execute("SELECT count(*) FROM " + std::string(table));
    }
    longest = std::max<std::chrono::duration<double>>(longest, std::chrono::steady_clock::now() - asked);
  }
  CHECK(longest < std::chrono::seconds(3));
  CHECK(schema_version(*reader) == 2);
  dump.reset();
  migrating.join();
  CHECK(schema_version(*reader) == k_schema_version);
}

TEST_CASE("a migration that nobody wants to wait for says that the store is busy, and changes nothing") {
  if (!testing::ServerStore::is_postgres()) return;
  const testing::ServerStore store;
  const auto database = open_at_schema_2(store);
  const auto backup = store.open();
  const auto dump = backup->begin(sql::Access::read);
  dump->run(sql::Statement{"LOCK TABLE tether_tokens IN ACCESS SHARE MODE"}, {});
  CHECK_THROWS_AS(migrate(*database), Error);
  CHECK(schema_version(*database) == 2);
}

/// Its scripts break off in the middle, as when the program is killed.
class BreaksOff final : public sql::Database {
 public:
  explicit BreaksOff(sql::Database& database) : database_(database) {}
  std::unique_ptr<sql::Transaction> begin(sql::Access access) override { return database_.begin(access); }
  std::int64_t execute(std::string_view text, std::span<const sql::Value> parameters,
                       const sql::RowSink& sink) override {
    return database_.execute(text, parameters, sink);
  }
  void execute_script(std::string_view script) override {
    const auto last_statement = script.rfind(';', script.find_last_not_of("; \n")) + 1;
    database_.execute_script(std::string(script.substr(0, last_statement)) + "\nSELECT broken_off FROM nowhere;");
  }
  std::vector<std::string> tables() override { return database_.tables(); }

 private:
  sql::Database& database_;
};

TEST_CASE("a migration that was broken off half-way leaves the version before, and the next one finishes it") {
  const testing::ServerStore store;
  const auto database = store.open();
  BreaksOff broken(*database);
  CHECK_THROWS_AS(migrate(broken), Error);
  CHECK(schema_version(*database) == 0);
  CHECK(database->tables().empty());
  database->execute_script(embedded::authority_schema);
  database->execute("INSERT INTO tether_schema(version) VALUES (1)");
  CHECK_THROWS_AS(migrate(broken), Error);
  CHECK(schema_version(*database) == 1);
  CHECK(database->tables() ==
        std::vector<std::string>{"tether_mutations", "tether_records", "tether_schema", "tether_scopes"});
  CHECK(migrate(*database) == 1);
  CHECK(schema_version(*database) == k_schema_version);
}

TEST_CASE("a store of a later program is refused and left alone") {
  const testing::ServerStore store;
  const auto database = store.open();
  migrate(*database);
  database->execute("INSERT INTO tether_schema(version) VALUES (8)");
  CHECK(refusal(*database) == ErrorCode::newer_version);
  CHECK(schema_version(*database) == 8);
}

TEST_CASE("a database of something else is refused and left alone") {
  const testing::ServerStore store;
  const auto database = store.open();
  database->execute_script("CREATE TABLE books (id TEXT)");
  CHECK(refusal(*database) == ErrorCode::not_a_database);
  CHECK(database->tables() == std::vector<std::string>{"books"});
}

TEST_CASE("many programs may start on one new store at the same moment") {
  const testing::ServerStore store;
  std::atomic<int> made = 0;
  std::vector<std::thread> programs;
  for (int i = 0; i < 8; ++i) {
    programs.emplace_back([&] {
      const auto database = store.open();
      migrate(*database);
      made += schema_version(*database);
    });
  }
  for (auto& program : programs) program.join();
  CHECK(made == 8 * k_schema_version);
}

}  // namespace
}  // namespace tether::authority
