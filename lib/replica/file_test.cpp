// SPDX-License-Identifier: MIT
#include "replica/file.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "replica/file_fixture.hpp"
#include "replica/original_client_fixture.hpp"

namespace tether::replica {
namespace {

namespace fs = std::filesystem;

void write_file(const std::string& path, std::string_view content) {
  std::ofstream(path, std::ios::binary).write(content.data(), static_cast<std::streamsize>(content.size()));
}

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string hint_of_open(Workbench& bench) {
  try {
    bench.open();
  } catch (const Error& e) {
    return e.hint();
  }
  return "opened";
}

constexpr std::string_view k_original_log =
    "INSERT INTO tether_mutation_logs(mutation_id, entity_id, model, operation, payload, version, timestamp, "
    "sync_status, synced_at) VALUES "
    "('01M8009KF4AE6ZFNFM5EEX5EZ1', 'a', 'Task', 'create', '{\"title\":\"pump\",\"n\":1}', 1, 1000, 'synced', "
    "'2026-11-21 20:49:00'),"
    "('01M8009KF4AE6ZFNFM5EEX5EZ2', 'a', 'Task', 'update', '{\"title\":\"valve\",\"n\":1}', 2, 2000, 'pending', NULL),"
    "('01M8009KF4AE6ZFNFM5EEX5EZ3', 'b', 'Task', 'create', '{\"title\":\"gone\"}', 1, 3000, 'synced', NULL),"
    "('01M8009KF4AE6ZFNFM5EEX5EZ4', 'b', 'Task', 'delete', '[]', 2, 4000, 'synced', NULL),"
    "('01M8009KF4AE6ZFNFM5EEX5EZ5', 'c', 'Task', 'update', '{\"title\":\"theirs\"}', 1, 5000, 'synced', NULL),"
    "('01M8009KF4AE6ZFNFM5EEX5EZ6', 'd', 'Task', 'create', '{\"title\":\"lost\"}', 1, 6000, 'conflict', NULL);";

TEST_CASE("ids stay unique when clock and chance are the same in every process, or the clock went back") {
  Workbench bench;
  bench.init();
  const auto record_in_a_process = [&](std::int64_t now_ms) {
    SteppingClock clock{from_ms(now_ms), std::chrono::microseconds(0)};
    SeededRandom random{1};
    File file = File::open(bench.path, clock, random);
    record(file, [](Recorder& recorder) { return recorder.create(k_task, std::nullopt, "{}"); });
  };
  for (const std::int64_t now_ms : {1'763'757'000'000, 1'763'757'000'000, 1'763'756'000'000, 1'763'757'000'000}) {
    record_in_a_process(now_ms);
  }
  CHECK(rows(bench.open().database(),
             "SELECT count(DISTINCT mutation_id), count(DISTINCT entity_id), "
             "(SELECT group_concat(id, ' ') FROM (SELECT id FROM tether_mutation_logs ORDER BY mutation_id)) "
             "FROM tether_mutation_logs",
             3) == "4|4|1 2 3 4");
}

}  // namespace

TEST_CASE("init makes a file, and run again does nothing") {
  Workbench bench;
  const InitReport first = bench.init();
  CHECK(first.created);
  CHECK(first.client_id.value.size() == 26);
  const InitReport second = bench.init();
  CHECK_FALSE(second.created);
  CHECK(second.client_id == first.client_id);
  File file = bench.open();
  CHECK(file.client_id() == first.client_id);
  CHECK(rows(file.database(), "PRAGMA journal_mode") == "wal");
  CHECK(rows(file.database(), "PRAGMA application_id") == "1413829704");
  CHECK(rows(file.database(), "PRAGMA user_version") == "1");
}

TEST_CASE("a client id that was given is kept, and another one is refused") {
  Workbench bench;
  CHECK(bench.init(ClientId{"till 3; DROP TABLE x'"}).client_id.value == "till 3; DROP TABLE x'");
  CHECK_FALSE(bench.init(ClientId{"till 3; DROP TABLE x'"}).created);
  CHECK(fault_of([&] { bench.init(ClientId{"till-4"}); }) == ErrorCode::exists);
}

TEST_CASE("init takes an empty file and one that a killed init left without tables") {
  Workbench bench;
  write_file(bench.path, "");
  CHECK(bench.init().created);
  fs::remove(bench.path);
  bench.as_other_program("SELECT 1");
  CHECK(bench.init().created);
}

TEST_CASE("many that make one file at once agree on who it is") {
  Workbench bench;
  std::vector<std::string> ids(4);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    threads.emplace_back([&, i] {
      SystemClock clock;
      SystemRandom random;
      ids[i] = File::init({.path = bench.path, .client_id = {}}, clock, random).client_id.value;
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::string& id : ids) CHECK(id == bench.open().client_id().value);
}

TEST_CASE("a file that is not there is not found, and the hint says how to make one") {
  Workbench bench;
  CHECK(fault_of([&] { bench.open(); }) == ErrorCode::not_found);
  CHECK(hint_of_open(bench).find("init") != std::string::npos);
  CHECK_FALSE(fs::exists(bench.path));
  CHECK(fault_of([&] { File::open_read_only(bench.path, bench.clock, bench.random); }) == ErrorCode::not_found);
  bench.path = bench.directory.file("no-such-folder/tether.db");
  CHECK(fault_of([&] { bench.init(); }) == ErrorCode::not_found);
}

TEST_CASE("what is no database of ours is refused and left as it was") {
  Workbench bench;
  SUBCASE("a folder") {
    fs::create_directory(bench.path);
    CHECK(fault_of([&] { bench.open(); }) == ErrorCode::not_a_database);
    CHECK(fault_of([&] { bench.init(); }) == ErrorCode::not_a_database);
  }
  SUBCASE("an empty file") {
    write_file(bench.path, "");
    CHECK(fault_of([&] { bench.open(); }) == ErrorCode::not_a_database);
  }
  SUBCASE("a text file") {
    const std::string text(5000, 'x');
    write_file(bench.path, text);
    CHECK(fault_of([&] { bench.open(); }) == ErrorCode::not_a_database);
    CHECK(fault_of([&] { bench.init(); }) == ErrorCode::not_a_database);
    CHECK(fault_of([&] { bench.adopt(); }) == ErrorCode::not_a_database);
    CHECK(read_file(bench.path) == text);
  }
  SUBCASE("a database without tables") {
    bench.as_other_program("SELECT 1");
    CHECK(fault_of([&] { bench.open(); }) == ErrorCode::not_a_database);
    CHECK(hint_of_open(bench).find("init`") != std::string::npos);
  }
}

TEST_CASE("a database of another program is left as it was until it is adopted") {
  Workbench bench;
  bench.as_other_program(
      "CREATE TABLE notes(id INTEGER PRIMARY KEY, text TEXT); INSERT INTO notes VALUES (1, 'mine');");
  sql::open_sqlite({.path = bench.path})->execute("PRAGMA journal_mode = DELETE");
  bench.as_other_program("SELECT 1");
  sql::open_sqlite({.path = bench.path})->execute("PRAGMA journal_mode = DELETE");
  const std::string before = read_file(bench.path);
  CHECK(fault_of([&] { bench.open(); }) == ErrorCode::not_a_database);
  CHECK(hint_of_open(bench).find("--adopt") != std::string::npos);
  CHECK(fault_of([&] { bench.init(); }) == ErrorCode::not_a_database);
  CHECK(read_file(bench.path) == before);

  const InitReport adopted = bench.adopt();
  CHECK(adopted.created);
  CHECK(adopted.adopted);
  CHECK_FALSE(bench.adopt().created);
  File file = bench.open();
  CHECK(rows(file.database(), "SELECT text FROM notes") == "mine");
  CHECK(create(file, "a", R"({"title":"pump"})").has_value());
}

TEST_CASE("a database that holds nothing is made a file of ours, not adopted") {
  Workbench bench;
  bench.as_other_program("SELECT 1");
  const InitReport made = bench.adopt();
  CHECK(made.created);
  CHECK_FALSE(made.adopted);
  File file = bench.open();
  CHECK(create(file, "a", R"({"title":"pump"})").has_value());
}

TEST_CASE("an adopted file keeps the marks of its own program") {
  Workbench bench;
  bench.as_other_program("PRAGMA application_id = 77; PRAGMA user_version = 42; CREATE TABLE notes(id);");
  bench.adopt();
  File file = bench.open();
  CHECK(rows(file.database(), "PRAGMA application_id") == "77");
  CHECK(rows(file.database(), "PRAGMA user_version") == "42");
}

TEST_CASE("a file of the original client is adopted with its identity and log, and is to be pulled whole") {
  Workbench bench;
  bench.as_other_program(k_original_client);
  bench.as_other_program(k_original_log);
  CHECK(fault_of([&] { bench.open(); }) == ErrorCode::not_a_database);
  CHECK(bench.adopt().client_id.value == "phone-7");
  File file = bench.open();
  CHECK(rows(file.database(), "SELECT key FROM tether_sync_state WHERE key IN ('last_sync_cursor', 'pull_first')") ==
        "pull_first");
  CHECK(record_of(file, "a") == R"({"title":"valve","n":1}|0|2|0|2|{"title":"pump","n":1}|0)");
  CHECK(record_of(file, "b") == R"({"title":"gone"}|1|2|0|NULL|NULL|0)");
  CHECK(record_of(file, "c") == R"({"title":"theirs"}|0|1|0|NULL|NULL|0)");
  CHECK(record_of(file, "d").empty());
  CHECK(rows(file.database(), "SELECT payload FROM tether_mutation_logs WHERE operation = 'delete'") == "{}");

  CHECK(update(file, "c", R"({"title":"mine"})")->version == 2);
  CHECK(rows(file.database(), "SELECT base_rev, before FROM tether_mutation_logs WHERE entity_id = 'c' AND version = 2",
             2) == R"(NULL|{"title":"theirs"})");
  CHECK_THROWS_WITH(file.database().execute("UPDATE tether_mutation_logs SET payload = '{}'"),
                    doctest::Contains("a recorded mutation cannot be changed"));
}

TEST_CASE("a table of our name that is not ours is not adopted, and nothing is changed") {
  Workbench bench;
  bench.as_other_program("CREATE TABLE tether_sync_state(what, ever)");
  CHECK(fault_of([&] { bench.adopt(); }) == ErrorCode::not_a_database);
  const auto database = sql::open_sqlite({.path = bench.path});
  CHECK(rows(*database, "SELECT name FROM sqlite_schema WHERE sql IS NOT NULL") == "tether_sync_state");
}

TEST_CASE("the store of a service is not adopted, and nothing is changed") {
  Workbench bench;
  bench.as_other_program("CREATE TABLE tether_scopes(scope TEXT); CREATE TABLE tether_records(scope TEXT)");
  CHECK(fault_of([&] { bench.adopt(); }) == ErrorCode::not_a_database);
  CHECK(hint_of_open(bench).find("the store belongs to the service alone") != std::string::npos);
  const auto database = sql::open_sqlite({.path = bench.path});
  CHECK(rows(*database, "SELECT count(*) FROM sqlite_schema") == "2");
}

TEST_CASE("what a killed program left in the WAL is not lost to a new file under its name") {
  Workbench bench;
  bench.init();
  write_file(bench.path + "-wal", "what was written last");
  SUBCASE("of a file that was emptied") {
    write_file(bench.path, "");
    CHECK(fault_of([&] { bench.open(); }) == ErrorCode::not_a_database);
  }
  SUBCASE("of a file that is gone") {
    fs::remove(bench.path);
    CHECK(fault_of([&] { bench.open(); }) == ErrorCode::not_found);
  }
  CHECK(fault_of([&] { bench.init(); }) == ErrorCode::not_a_database);
  CHECK(read_file(bench.path + "-wal") == "what was written last");
}

TEST_CASE("a log that makes no sense is not adopted, and the mutation is named") {
  const std::string_view broken[] = {"operation = 'upsert'", "payload = '{\"title\":'", "payload = '7'",
                                     "payload = x'7b00'"};
  for (const std::string_view change : broken) {
    CAPTURE(change);
    Workbench bench;
    bench.as_other_program(k_original_client);
    bench.as_other_program(k_original_log);
    bench.as_other_program("UPDATE tether_mutation_logs SET " + std::string(change) + " WHERE version = 2");
    CHECK_THROWS_WITH(bench.adopt(), doctest::Contains("01M8009KF4AE6ZFNFM5EEX5EZ2"));
    CHECK(fault_of([&] { bench.open(); }) == ErrorCode::not_a_database);
  }
}

TEST_CASE("a file of a newer tether is refused, and says so") {
  Workbench bench;
  bench.init();
  SUBCASE("by its own word") {
    bench.as_other_program("UPDATE tether_sync_state SET value = '2' WHERE key = 'schema_version'");
  }
  SUBCASE("when its tables are not ours any more") {
    bench.as_other_program("PRAGMA user_version = 2; DROP TABLE tether_sync_state");
  }
  CHECK(fault_of([&] { bench.open(); }) == ErrorCode::newer_version);
  CHECK(fault_of([&] { bench.init(); }) == ErrorCode::newer_version);
  CHECK(hint_of_open(bench).find("Upgrade") != std::string::npos);
}

TEST_CASE("a file whose own words make no sense is corrupt") {
  const std::string_view damages[] = {
      "UPDATE tether_sync_state SET value = 'one' WHERE key = 'schema_version'",
      "UPDATE tether_sync_state SET value = '99999999999999999999' WHERE key = 'schema_version'",
      "UPDATE tether_sync_state SET value = '0' WHERE key = 'schema_version'",
      "DELETE FROM tether_sync_state WHERE key = 'client_id'",
      "DROP TABLE tether_records",
  };
  for (const std::string_view damage : damages) {
    CAPTURE(damage);
    Workbench bench;
    bench.init();
    bench.as_other_program(damage);
    CHECK(fault_of([&] { bench.open(); }) == ErrorCode::corrupt);
  }
}

TEST_CASE("a file that is cut off anywhere is refused or still whole, and never changed by looking at it") {
  Workbench bench;
  {
    File file = bench.make();
    for (int i = 0; i < 50; ++i) create(file, "t" + std::to_string(i), R"({"title":"a pump in the cellar"})");
  }
  const std::string whole = read_file(bench.path);
  REQUIRE(whole.size() > 20'000);
  for (std::size_t length = 1; length < whole.size(); length += length < 200 ? 7 : 1021) {
    CAPTURE(length);
    fs::remove(bench.path + "-wal");
    fs::remove(bench.path + "-shm");
    write_file(bench.path, std::string_view(whole).substr(0, length));
    const auto code = fault_of([&] {
      File file = File::open_read_only(bench.path, bench.clock, bench.random);
      rows(file.database(), "SELECT count(payload) FROM tether_records");
      rows(file.database(), "SELECT count(payload) FROM tether_mutation_logs");
      if (rows(file.database(), "PRAGMA quick_check") != "ok") throw Error(ErrorCode::corrupt, "found by the check");
    });
    CHECK((code == ErrorCode::not_a_database || code == ErrorCode::corrupt));
    CHECK(fs::file_size(bench.path) == length);
  }
}

TEST_CASE("a file or folder that cannot be written is named as such") {
  if (geteuid() == 0) return;  // nothing is read-only to root
  Workbench bench;
  bench.init();
  SUBCASE("the file") {
    chmod(bench.path.c_str(), 0444);
  }
  SUBCASE("the folder") {
    chmod(bench.directory.path().c_str(), 0555);
  }
  CHECK(fault_of([&] {
          File file = bench.open();
          create(file, "a", "{}");
        }) == ErrorCode::read_only);
  chmod(bench.directory.path().c_str(), 0755);
}

TEST_CASE("a copied file takes an identity of its own, the first keeps its own") {
  Workbench bench;
  const ClientId original = bench.init().client_id;
  const std::string copy = bench.directory.file("copy.db");
  fs::copy_file(bench.path, copy);
  File copied = File::open(copy, bench.clock, bench.random);
  CHECK(copied.client_id() != original);
  CHECK(copied.client_id().value.size() == 26);
  CHECK(rows(copied.database(), "SELECT value FROM tether_sync_state WHERE key = 'copied_from'") == original.value);
  CHECK(File::open(copy, bench.clock, bench.random).client_id() == copied.client_id());
  CHECK(bench.open().client_id() == original);
}

TEST_CASE("a copied file whose identity was given by hand keeps it") {
  Workbench bench;
  bench.init(ClientId{"till-3"});
  const std::string copy = bench.directory.file("copy.db");
  fs::copy_file(bench.path, copy);
  CHECK(File::open(copy, bench.clock, bench.random).client_id().value == "till-3");
}

TEST_CASE("reading a copied file changes nothing in it") {
  Workbench bench;
  const ClientId original = bench.init().client_id;
  const std::string copy = bench.directory.file("copy.db");
  fs::copy_file(bench.path, copy);
  CHECK(File::open_read_only(copy, bench.clock, bench.random).client_id() == original);
  CHECK(File::open(copy, bench.clock, bench.random).client_id() != original);
}

TEST_CASE("a replica in memory is ready at once") {
  SteppingClock clock{from_ms(1'763'757'000'000)};
  SeededRandom random{7};
  File file = File::open(":memory:", clock, random);
  CHECK(create(file, "a", R"({"title":"pump"})")->version == 1);
  CHECK(file.client_id().value.size() == 26);
}

TEST_CASE("state is set, changed and cleared, whatever it holds") {
  Workbench bench;
  File file = bench.make();
  const std::string odd("a\0b'\"\n\xc3\xa4", 8);
  sql::in_transaction(file.database(), sql::Access::write, [&](sql::Transaction& transaction) {
    CHECK_FALSE(state(transaction, "config.server"));
    set_state(transaction, "config.server", "one", bench.clock.now());
    set_state(transaction, "config.server", odd, bench.clock.now());
    CHECK(state(transaction, "config.server") == odd);
    set_state(transaction, "config.server", "", bench.clock.now());
    CHECK(state(transaction, "config.server") == "");
    clear_state(transaction, "config.server");
    CHECK_FALSE(state(transaction, "config.server"));
  });
}

TEST_CASE("one sync of a file at a time, also through a link, and free again afterwards") {
  Workbench bench;
  bench.init();
  const std::string link = bench.directory.file("link.db");
  fs::create_symlink(bench.path, link);
  {
    const SyncLock held(bench.path);
    CHECK(fault_of([&] { SyncLock second(bench.path); }) == ErrorCode::locked);
    CHECK(fault_of([&] { SyncLock second(link); }) == ErrorCode::locked);
  }
  CHECK_FALSE(fault_of([&] { SyncLock again(link); }));
  CHECK(fs::file_size(bench.path + "-sync") == 0);
}

}  // namespace tether::replica
