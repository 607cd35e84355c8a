// SPDX-License-Identifier: MIT
#include "replica/upkeep.hpp"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <thread>

#include "replica/file_fixture.hpp"

namespace tether::replica {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

std::string log_of(File& file) {
  return rows(file.database(),
              "SELECT group_concat(entity_id, ' ') FROM (SELECT entity_id FROM tether_mutation_logs "
              "ORDER BY id)");
}

/// `name=result` of each check, with + where something was mended.
std::string checked(File& file, bool fix) {
  std::string out;
  for (const Check& check : check_file(file, fix)) {
    const char* results[] = {"ok", "warning", "failed"};
    out += (out.empty() ? "" : " ") + check.name + "=" + results[static_cast<int>(check.result)] +
           (check.fixed ? "+" : "");
    CHECK_FALSE(check.detail.empty());
  }
  return out;
}

}  // namespace

TEST_CASE("compact forgets what is long settled, and nothing else") {
  Workbench bench;
  File file = bench.make();
  for (const char* id : {"synced", "fresh", "pending", "syncing", "failed", "dismissed", "conflict", "resolved"}) {
    create(file, id, R"({"title":"pump"})");
  }
  file.database().execute_script(
      "UPDATE tether_mutation_logs SET updated_at = '2025-01-01T00:00:00.000Z';"
      "UPDATE tether_mutation_logs SET sync_status = 'synced', synced_at = '2025-01-01T00:00:00.000Z' "
      "WHERE entity_id = 'synced';"
      "UPDATE tether_mutation_logs SET sync_status = 'synced', synced_at = '2025-11-21T20:00:00.000Z' "
      "WHERE entity_id = 'fresh';"
      "UPDATE tether_mutation_logs SET sync_status = entity_id WHERE entity_id IN ('syncing', 'failed', 'conflict');"
      "UPDATE tether_mutation_logs SET sync_status = 'failed', settled_by = 'dismissed' WHERE entity_id = 'dismissed';"
      "UPDATE tether_mutation_logs SET sync_status = 'conflict', settled_by = 'dismissed' WHERE entity_id = 'resolved';"
      "INSERT INTO tether_conflicts SELECT mutation_id, model, entity_id, 'update', '{}', '{}', '{}', 0, 1, "
      "updated_at, "
      "CASE WHEN entity_id = 'resolved' THEN updated_at END, NULL FROM tether_mutation_logs "
      "WHERE sync_status = 'conflict';");
  const CompactReport report = compact(file, 90 * 24h);
  CHECK(report.log_rows == 3);
  CHECK(log_of(file) == "fresh pending syncing failed conflict");
  CHECK(rows(file.database(), "SELECT entity_id FROM tether_conflicts") == "conflict");
  CHECK(rows(file.database(), "SELECT count(*) FROM tether_records") == "8");
  CHECK(compact(file, 90 * 24h).log_rows == 0);
}

TEST_CASE("compact forgets old tombstones that the server knows, never one that waits to be pushed") {
  Workbench bench;
  File file = bench.make();
  create(file, "known", "{}");
  create(file, "alive", "{}");
  remove(file, "known");
  let_server_take_all(file, 2);
  create(file, "waiting", "{}");
  remove(file, "waiting");
  file.database().execute("UPDATE tether_records SET updated_at = 1000");
  CHECK(compact(file, 24h).tombstones == 1);
  CHECK(rows(file.database(), "SELECT group_concat(entity_id, ' ') FROM tether_records") == "alive waiting");
}

TEST_CASE("compact makes the file smaller, and an adopted log's times count") {
  Workbench bench;
  File file = bench.make();
  const std::string large = "{\"text\":\"" + std::string(400, 'x') + "\"}";
  record(file, [&](Recorder& recorder) {
    for (int i = 0; i < 500; ++i) recorder.create(k_task, std::nullopt, large);
    return 0;
  });
  file.database().execute("UPDATE tether_mutation_logs SET sync_status = 'synced', synced_at = '2025-01-01 00:00:00'");
  const CompactReport report = compact(file, 24h);
  CHECK(report.log_rows == 500);
  CHECK(report.bytes_before > 500'000);
  CHECK(report.bytes_after < report.bytes_before * 3 / 5);
  CHECK(static_cast<std::int64_t>(fs::file_size(bench.path)) == report.bytes_after);
}

TEST_CASE("a backup is complete, takes an identity of its own when used, and overwrites nothing") {
  Workbench bench;
  File file = bench.make();
  create(file, "a", R"({"title":"pump"})");
  const std::string copy = bench.directory.file("it's a backup.db");
  backup(file, copy);
  CHECK_FALSE(fs::exists(copy + "-wal"));
  File restored = File::open(copy, bench.clock, bench.random);
  CHECK(record_of(restored, "a") == R"({"title":"pump"}|0|1|0|1|NULL|0)");
  CHECK(restored.client_id() != file.client_id());

  const auto size = fs::file_size(copy);
  CHECK(fault_of([&] { backup(file, copy); }) == ErrorCode::exists);
  CHECK(fault_of([&] { backup(file, bench.path); }) == ErrorCode::exists);
  CHECK(fault_of([&] { backup(file, bench.directory.path().string()); }) == ErrorCode::exists);
  CHECK(fs::file_size(copy) == size);
  CHECK(fault_of([&] { backup(file, ""); }) == ErrorCode::usage);
  CHECK(fault_of([&] { backup(file, bench.directory.file("no/such/folder.db")); }));
}

TEST_CASE("a backup never takes the place of one that appeared meanwhile, and leaves nothing behind when it fails") {
  Workbench bench;
  File file = bench.make();
  create(file, "a", "{}");
  const std::string copy = bench.directory.file("copy.db");
  const auto names = [&] {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(bench.directory.path())) found.push_back(entry.path().filename());
    std::ranges::sort(found);
    return found;
  };
  const std::vector<std::string> before = names();
  std::atomic<int> refused = 0;
  const auto make_copy = [&] {
    SteppingClock clock{from_ms(0)};
    SeededRandom random{1};
    File again = File::open_read_only(bench.path, clock, random);
    try {
      backup(again, copy);
    } catch (const Error& e) {
      refused += e.code() == ErrorCode::exists;
    }
  };
  for (int round = 0; round < 20; ++round) {
    refused = 0;
    std::thread other(make_copy);
    make_copy();
    other.join();
    CHECK(refused == 1);
    REQUIRE(fs::exists(copy));
    fs::remove(copy);
  }
  CHECK(names() == before);
}

TEST_CASE("a backup is as private as the file") {
  Workbench bench;
  File file = bench.make();
  const std::string copy = bench.directory.file("copy.db");
  fs::permissions(bench.path, fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read);
  backup(file, copy);
  CHECK(fs::status(copy).permissions() == (fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read));
}

TEST_CASE("a healthy file passes every check") {
  Workbench bench;
  File file = bench.make();
  CHECK(checked(file, false) == "integrity=ok schema=ok log=ok records=ok queue=ok");
  create(file, "a", "{}");
  CHECK(checked(file, false) == "integrity=ok schema=ok log=ok records=ok queue=ok");
}

TEST_CASE("a lost trigger or index is found and made again") {
  Workbench bench;
  File file = bench.make();
  create(file, "a", "{}");
  file.database().execute_script("DROP TRIGGER tether_mutation_logs_immutable; DROP INDEX tether_mutation_logs_open");
  CHECK(checked(file, false) == "integrity=ok schema=failed log=ok records=ok queue=ok");
  CHECK(checked(file, true) == "integrity=ok schema=ok+ log=ok records=ok queue=ok");
  CHECK(checked(file, false) == "integrity=ok schema=ok log=ok records=ok queue=ok");
  CHECK_THROWS(file.database().execute("UPDATE tether_mutation_logs SET payload = '{}'"));
}

TEST_CASE("a record that is not what its log makes it is found and computed anew") {
  Workbench bench;
  File file = bench.make();
  create(file, "a", R"({"title":"pump"})");
  let_server_take_all(file, 1);
  update(file, "a", R"({"title":"valve"})");
  file.database().execute("UPDATE tether_records SET payload = '{\"title\":\"wrong\"}'");
  CHECK(checked(file, false) == "integrity=ok schema=ok log=ok records=failed queue=ok");
  CHECK(checked(file, true) == "integrity=ok schema=ok log=ok records=ok+ queue=ok");
  CHECK(record_of(file, "a") == R"({"title":"valve"}|0|2|1|2|{"title":"pump"}|0)");
}

TEST_CASE("what another program wrote into the log is found") {
  for (const char* nonsense : {"payload = '{\"n\":'", "operation = 'upsert'", "sync_status = 'done'"}) {
    CAPTURE(nonsense);
    Workbench bench;
    File file = bench.make();
    create(file, "a", "{}");
    file.database().execute_script("DROP TRIGGER tether_mutation_logs_immutable");
    file.database().execute("UPDATE tether_mutation_logs SET " + std::string(nonsense));
    CHECK(check_file(file, true)[2].name == "log");
    CHECK(check_file(file, true)[2].result == CheckResult::failed);
  }
}

TEST_CASE("a copy that kept an id given by hand is a warning, until it is said to be the one in use") {
  Workbench bench;
  bench.init(ClientId{"till-3"});
  const std::string copy = bench.directory.file("copy.db");
  std::filesystem::copy_file(bench.path, copy);
  const auto warning = [&](const std::string& path) {
    File file = File::open(path, bench.clock, bench.random);
    for (const Check& check : check_file(file, false)) {
      if (check.name == "copy") return check.detail;
    }
    return std::string();
  };
  CHECK(warning(bench.path).empty());
  CHECK(warning(copy).find("kept its client id till-3") != std::string::npos);
  File::init({.path = copy, .client_id = {}}, bench.clock, bench.random);
  CHECK_FALSE(warning(copy).empty());
  File::init({.path = copy, .client_id = ClientId{"till-3"}}, bench.clock, bench.random);
  CHECK(warning(copy).empty());
}

TEST_CASE("work that waits for long, or was refused, is a warning") {
  Workbench bench;
  File file = bench.make();
  const MutationId refused = create(file, "a", "{}")->mutation_id;
  SUBCASE("for a day") {
    bench.clock.advance(25h);
  }
  SUBCASE("refused") {
    let_server_refuse(file, refused, "forbidden");
  }
  CHECK(checked(file, false) == "integrity=ok schema=ok log=ok records=ok queue=warning");
}

}  // namespace tether::replica
