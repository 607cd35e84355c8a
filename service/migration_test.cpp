// SPDX-License-Identifier: MIT
// `tether-service migrate` as a process: killed, beside others, and behind a backup.
#include <signal.h>

#include <random>

#include "authority/store.hpp"
#include "service/process_fixture.hpp"
#include "service/program_fixture.hpp"
#include "sql/postgres/postgres.hpp"
#include "sql/sqlite.hpp"
#include "testing/postgres_cluster.hpp"

namespace tether::embedded {
extern const std::string_view authority_schema;
}

using namespace tether;
using namespace tether::service;
using namespace std::chrono_literals;
using std::chrono::steady_clock;
using testing::PostgresCluster;

namespace {

std::unique_ptr<sql::Database> open(const std::string& store) {
  constexpr std::string_view k_file = "sqlite:";
  if (!store.starts_with(k_file)) return sql::open_postgres(store);
  return sql::open_sqlite({.path = store.substr(k_file.size()), .open = sql::Open::create});
}

/// As a program of schema 1 left it, with so much in it that its migration takes a while.
void fill_at_schema_1(const std::string& store) {
  const auto database = open(store);
  database->execute_script(embedded::authority_schema);
  database->execute("INSERT INTO tether_schema(version) VALUES (1)");
  database->execute(
      "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 20000) "
      "INSERT INTO tether_records(scope, model, entity_id, payload, rev, deleted, as_sent, written_at_ms, written_by, "
      "written_version, updated_us) SELECT 'school', 'Fee', CAST(n AS TEXT), '{}', 1, 0, 1, 1, 'ann', 1, n FROM "
      "numbers");
}

std::string all_of(sql::Database& database, std::string_view query) {
  std::string all;
  database.execute(query, {}, [&](const sql::Row& row) { (all += row.text(0)) += '\n'; });
  return all;
}

/// Every table, column and index.
std::string schema_of(const std::string& store) {
  const auto database = open(store);
  if (store.starts_with("sqlite:"))
    return all_of(*database, "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name");
  return all_of(*database,
                "SELECT table_name || ' ' || column_name || ' ' || data_type || ' ' || is_nullable || ' ' || "
                "coalesce(column_default, '') FROM information_schema.columns WHERE table_schema = current_schema() "
                "ORDER BY table_name, ordinal_position") +
         all_of(*database,
                "SELECT replace(indexdef, current_schema() || '.', '') FROM pg_indexes "
                "WHERE schemaname = current_schema() ORDER BY indexname");
}

std::vector<std::string> migrating(const std::string& store, const std::string& wait = "60s") {
  return {"migrate", "--store", store, "--store-wait", wait};
}

steady_clock::duration time_to_migrate(const std::string& store) {
  const Folder folder;
  const auto began = steady_clock::now();
  REQUIRE(run(folder, migrating(store)) == 0);
  return steady_clock::now() - began;
}

/// Whether there was anything left to kill.
bool kill_after(steady_clock::duration time, const std::string& store) {
  const Folder folder;
  Process process(folder, migrating(store));
  std::this_thread::sleep_for(time);
  process.signal(SIGKILL);
  return process.wait() == 128 + SIGKILL;
}

/// `new_store` makes an empty one.
void check_kills(const std::function<std::string()>& new_store) {
  std::string undisturbed;
  steady_clock::duration longest{};
  for (int warming_up = 0; warming_up < 2; ++warming_up) {
    undisturbed = new_store();
    fill_at_schema_1(undisturbed);
    longest = time_to_migrate(undisturbed);
  }
  const std::string expected = schema_of(undisturbed);
  std::mt19937 random(4);
  std::uniform_real_distribution<double> part(0, 1);
  int killed = 0;
  int half_way = 0;
  constexpr int k_rounds = 12;
  for (int round = 0; round < k_rounds; ++round) {
    const std::string store = new_store();
    const int before = round % 2;
    if (before == 1) fill_at_schema_1(store);
    const auto time = std::chrono::duration_cast<steady_clock::duration>(longest * part(random));
    CAPTURE(time.count());
    killed += kill_after(time, store) ? 1 : 0;
    const int reached = authority::schema_version(*open(store));
    half_way += reached > before && reached < authority::k_schema_version ? 1 : 0;
    time_to_migrate(store);
    CHECK(schema_of(store) == expected);
    CHECK(authority::schema_version(*open(store)) == authority::k_schema_version);
    const Folder folder;
    CHECK(run(folder, {"check", "--store", store}) == 0);
  }
  CHECK(killed > 0);
  MESSAGE(killed << " of " << k_rounds << " were killed, " << half_way << " of them between two versions");
}

TEST_CASE("a migration that is killed at any instant is finished by the next one: embedded store") {
  const Folder folder;
  int made = 0;
  check_kills([&] { return "sqlite:" + folder.file(std::to_string(++made) + ".db"); });
}

TEST_CASE("a migration that is killed at any instant is finished by the next one: Postgres") {
  check_kills([] { return PostgresCluster::shared().new_schema(); });
}

/// A database in which the last migration takes five seconds.
std::string slow_database() {
  const PostgresCluster& cluster = PostgresCluster::shared();
  open(cluster.url("postgres"))->execute("CREATE DATABASE slow");
  const auto database = open(cluster.url("slow"));
  database->execute(
      "CREATE FUNCTION dawdle() RETURNS event_trigger LANGUAGE plpgsql AS $$BEGIN "
      "IF current_query() LIKE '%INDEX IF NOT EXISTS tether_records_long%' THEN PERFORM pg_sleep(5); END IF; END$$");
  database->execute(
      "CREATE EVENT TRIGGER dawdling ON ddl_command_start WHEN TAG IN ('CREATE INDEX') EXECUTE FUNCTION dawdle()");
  return cluster.url("slow");
}

TEST_CASE("beside a migration that takes long another one and a start wait until it is done") {
  const std::string store = slow_database();
  const Folder first_folder;
  const Folder second_folder;
  const Folder third_folder;
  Process first(first_folder, migrating(store));
  const auto database = open(store);
  REQUIRE(eventually(
      [&] { return !all_of(*database, "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep'").empty(); }));
  Process second(second_folder, migrating(store, "1s"));
  Process third(third_folder, {"serve", "--listen", "127.0.0.1:0", "--store", store, "--store-wait", "1s"});
  CHECK(second.wait() == 0);
  CHECK(second.out().find("schema 4 migrated to 7") != std::string::npos);
  CHECK(first.wait() == 0);
  CHECK(Client(third.port()).get("/readyz").status == 200);
}

TEST_CASE("migrations that wait for a backup do not wait for each other: each gives up in its time") {
  const std::string store = PostgresCluster::shared().new_schema();
  fill_at_schema_1(store);
  const auto backup = open(store);
  const auto dump = backup->begin(sql::Access::read);
  dump->run(sql::Statement{"LOCK TABLE tether_records IN ACCESS SHARE MODE"}, {});
  const Folder first_folder;
  const Folder second_folder;
  Process first(first_folder, migrating(store, "5s"));
  Process second(second_folder, migrating(store, "5s"));
  const auto began = steady_clock::now();
  CHECK(first.wait() == 1);
  CHECK(second.wait() == 1);
  CHECK(steady_clock::now() - began < 20s);
  CHECK(first.log().find("Try again; nothing was changed.") != std::string::npos);
}

}  // namespace
