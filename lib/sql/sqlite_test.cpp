// SPDX-License-Identifier: MIT
#include "sql/sqlite.hpp"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "sql/database_contract.hpp"
#include "testing/temporary_directory.hpp"

namespace tether::sql {
namespace {

namespace fs = std::filesystem;
using namespace std::string_literals;

/// A file with the contract's tables, and connections to it.
class Store {
 public:
  Store() { open(Open::create)->execute_script(contract::k_books); }
  std::unique_ptr<Database> open(Open how = Open::existing, int busy_timeout_ms = 20) {
    return open_sqlite({path(), how, Durability::normal, busy_timeout_ms});
  }
  std::string path(const std::string& name = "books.db") const { return directory_.file(name); }
  void write(const std::string& name, std::string_view content) {
    std::ofstream(path(name), std::ios::binary) << content;
  }
  std::string content() const {
    std::ifstream in(path(), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void shared() { fs::permissions(directory_.path(), fs::perms(0755)); }

 private:
  testing::TemporaryDirectory directory_;
};

std::string failure(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& e) {
    CHECK(!e.hint().empty());
    return std::string(name(e.code())) + ": " + e.what();
  }
  return "nothing was thrown";
}

std::string failure_to_open(const std::string& path, Open how = Open::existing) {
  return failure([&] { open_sqlite({path, how, Durability::full, 20}); });
}

/// What `action` fails with when it is not root who runs it; root may write everything.
std::string failure_as_nobody(const std::function<void()>& action) {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t child = fork();
  if (child == 0) {
    const bool is_nobody = geteuid() != 0 || setuid(65534) == 0;
    const std::string said = is_nobody ? failure(action) : "setuid failed";
    const bool told = write(ends[1], said.data(), said.size()) == static_cast<ssize_t>(said.size());
    _exit(told ? 0 : 1);
  }
  close(ends[1]);
  std::string said(1000, '\0');
  said.resize(static_cast<std::size_t>(std::max<ssize_t>(0, read(ends[0], said.data(), said.size()))));
  close(ends[0]);
  waitpid(child, nullptr, 0);
  return said;
}

TEST_CASE("sqlite keeps the contract of a database") {
  Store store;
  contract::holds(*store.open(), *store.open());
}

TEST_CASE("a text may hold NUL") {
  Store store;
  const auto database = store.open();
  contract::add(*database, "1", "a\0b\0"s, 400);
  CHECK(contract::books(*database) == std::vector<std::string>{"1|a\0b\0|400"s});
}

TEST_CASE("parameters are taken by their number, wherever they stand") {
  const auto database = open_sqlite({":memory:", Open::create, Durability::normal, 20});
  std::string said;
  database->execute("SELECT $2 || '$1' || $1 || $2", std::vector<Value>{std::string_view("a"), std::string_view("b")},
                    [&](const Row& row) { said = row.text(0); });
  CHECK(said == "b$1ab");
}

TEST_CASE("a file is in WAL mode from its first opening, and the WAL is gone after the last closing") {
  Store store;
  std::string mode;
  auto database = store.open();
  database->execute("PRAGMA journal_mode", {}, [&](const Row& row) { mode = row.text(0); });
  CHECK(mode == "wal");
  contract::add(*database, "1", "Emma", 400);
  CHECK(fs::file_size(store.path("books.db-wal")) > 0);
  database.reset();
  CHECK(!fs::exists(store.path("books.db-wal")));
}

TEST_CASE("what durability was asked for is what the connection has") {
  Store store;
  const auto synchronous = [&](Durability durability) {
    std::int64_t level = -1;
    open_sqlite({store.path(), Open::existing, durability, 20})->execute("PRAGMA synchronous", {}, [&](const Row& row) {
      level = row.integer(0);
    });
    return level;
  };
  CHECK(synchronous(Durability::full) == 2);
  CHECK(synchronous(Durability::normal) == 1);
}

TEST_CASE("a second writer waits its time and is then told that the file is busy") {
  Store store;
  const auto first = store.open();
  const auto second = store.open();
  const auto held = first->begin(Access::write);
  CHECK(failure([&] { second->begin(Access::write); }) ==
        "busy: " + store.path() + ": another process held the database too long");
  held->commit();
  contract::add(*second, "1", "Emma", 400);
}

TEST_CASE("many open a new file at the same moment, and each gets it") {
  testing::TemporaryDirectory directory;
  std::vector<std::thread> threads;
  std::atomic<int> done = 0;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      const auto database = open_sqlite({directory.file("new.db"), Open::create, Durability::normal, 10'000});
      database->execute_script("CREATE TABLE IF NOT EXISTS t (n INTEGER); INSERT INTO t VALUES (1)");
      ++done;
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(done == 8);
}

TEST_CASE("a full disk is named, and the transaction is gone") {
  Store store;
  const auto database = store.open();
  contract::add(*database, "1", "Emma", 400);
  database->execute("PRAGMA max_page_count = 5");
  const std::string long_title(100'000, 'x');
  CHECK(failure([&] { contract::add(*database, "2", long_title, 1); }) ==
        "disk_full: " + store.path() + ": no room left; nothing of this step was kept");
  CHECK(contract::books(*database).size() == 1);
  contract::add(*database, "3", "Faust", 300);
}

TEST_CASE("what is no database is called what it is, and left as it was") {
  Store store;
  store.write("empty", "");
  store.write("letter.txt", "Dear Ada,\nthis is no database, however long the letter is.\n" + std::string(2000, '!'));
  store.write("short", "SQLite format 3");
  CHECK(failure_to_open("") == "usage: no database file is named");
  CHECK(failure_to_open("a\0b"s) == "usage: the path of a file cannot hold a NUL");
  CHECK(failure_to_open(store.path("none")) == "not_found: " + store.path("none") + ": there is no such file");
  CHECK(failure_to_open(store.path("none/at/all"), Open::create) ==
        "not_found: " + store.path("none/at/all") + ": there is no folder " + store.path("none/at"));
  CHECK(failure_to_open(store.path(".")) == "not_a_database: " + store.path(".") + " is a folder");
  CHECK(failure_to_open(store.path("empty")) == "not_a_database: " + store.path("empty") + ": the file is empty");
  for (const auto how : {Open::existing, Open::create, Open::read_only}) {
    CHECK(failure_to_open(store.path("letter.txt"), how) ==
          "not_a_database: " + store.path("letter.txt") + " is no SQLite database");
    CHECK(failure_to_open(store.path("short"), how) ==
          "not_a_database: " + store.path("short") + " is no SQLite database");
  }
  CHECK(fs::file_size(store.path("empty")) == 0);
  CHECK(fs::file_size(store.path("short")) == 15);
}

TEST_CASE("a database cut off anywhere is refused with a plain reason, never taken for whole") {
  Store store;
  const std::string whole = store.content();
  REQUIRE(whole.size() == 5 * 4096);
  for (std::size_t size = 1; size < whole.size(); size += 97) {
    store.write("cut.db", std::string_view(whole).substr(0, size));
    fs::remove(store.path("cut.db-wal"));
    fs::remove(store.path("cut.db-shm"));
    const std::string said = failure_to_open(store.path("cut.db"));
    const bool plain = said.starts_with("not_a_database: ") || said.starts_with("corrupt: ");
    CHECK_MESSAGE(plain, size << " bytes: " << said);
  }
}

TEST_CASE("a damaged page is reported as damage") {
  Store store;
  std::string bytes = store.content();
  std::fill(bytes.begin() + 4096, bytes.end(), '\xa5');
  store.write("damaged.db", bytes);
  const auto database = open_sqlite({store.path("damaged.db"), Open::existing, Durability::normal, 20});
  CHECK(failure([&] { contract::books(*database); }).starts_with("corrupt: " + store.path("damaged.db")));
}

TEST_CASE("a file or a folder that cannot be written is named before anything is tried") {
  Store store;
  store.shared();
  fs::permissions(store.path(), fs::perms(0444));
  CHECK(failure_as_nobody([&] { store.open(); }) == "read_only: " + store.path() + ": its folder cannot be written");
  CHECK(failure_as_nobody([&] {
          open_sqlite({store.path("new.db"), Open::create, Durability::full, 20});
        }) == "read_only: " + store.path("new.db") + ": its folder cannot be written");
  fs::permissions(fs::path(store.path()).parent_path(), fs::perms(0777));
  CHECK(failure_as_nobody([&] { store.open(); }) == "read_only: " + store.path() + " cannot be written");
}

TEST_CASE("a file opened for reading takes no change") {
  Store store;
  contract::add(*store.open(), "1", "Emma", 400);
  const auto database = store.open(Open::read_only);
  CHECK(contract::books(*database) == std::vector<std::string>{"1|Emma|400"});
  CHECK(failure([&] { contract::add(*database, "2", "Faust", 300); }) ==
        "read_only: " + store.path() + " cannot be written");
}

TEST_CASE("a long statement can be watched, and ended") {
  constexpr std::string_view k_long =
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) SELECT sum(i) FROM n";
  Store store;
  const auto database = store.open();
  int ticks = 0;
  database->while_running([&] { ++ticks; });
  std::int64_t sum = 0;
  database->execute(k_long, {}, [&](const Row& row) { sum = row.integer(0); });
  CHECK(sum == 5'000'050'000);
  CHECK(ticks > 10);
  database->while_running([] { throw Error(ErrorCode::interrupted, "enough"); });
  CHECK_THROWS_WITH(database->execute(k_long), "enough");
  database->while_running({});
  CHECK(database->execute(k_long) == 1);
}

}  // namespace
}  // namespace tether::sql
