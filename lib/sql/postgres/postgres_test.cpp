// SPDX-License-Identifier: MIT
#include "sql/postgres/postgres.hpp"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/resource.h>

#include <chrono>
#include <functional>
#include <thread>

#include "sql/database_contract.hpp"
#include "testing/postgres_cluster.hpp"

namespace tether::sql {
namespace {

using namespace std::string_literals;
using testing::PostgresCluster;

/// A database with the contract's tables, and connections to it.
class Store {
 public:
  Store() { open()->execute_script(contract::k_books); }
  std::unique_ptr<Database> open() { return open_postgres(url); }

  std::string url = PostgresCluster::shared().new_schema();
};

TEST_CASE("postgres keeps the contract of a database") {
  Store store;
  contract::holds(*store.open(), *store.open());
}

TEST_CASE("postgres keeps the contract behind PgBouncer in transaction mode") {
  Store store;
  store.url = PostgresCluster::shared().new_pooled_database();
  store.open()->execute_script(contract::k_books);
  contract::holds(*store.open(), *store.open());
}

std::string failure(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& e) {
    CHECK(!e.hint().empty());
    return std::string(name(e.code())) + ": " + e.what();
  }
  return "nothing was thrown";
}

std::string failure_to_open(const std::string& url) {
  const std::string said = failure([&] { open_postgres(url); });
  CHECK(said.find("secret") == std::string::npos);
  return said;
}

/// The test's folder has a random name.
std::string without_folder(std::string text) {
  const std::string& folder = PostgresCluster::shared().folder();
  for (auto at = text.find(folder); at != std::string::npos; at = text.find(folder))
    text.replace(at, folder.size(), "*");
  return text;
}

TEST_CASE("text that no UTF-8 database can hold is refused, and nothing is kept") {
  Store store;
  const auto database = store.open();
  for (const std::string& bad : {"a\0b"s, "\xff"s, "\xed\xa0\x80"s, "half \xf0\x9f"s}) {
    CAPTURE(bad);
    CHECK(failure([&] { contract::add(*database, "1", bad, 1); }).starts_with("invalid_input: "));
    CHECK(failure([&] {
            in_transaction(*database, Access::write, [&](Transaction& transaction) {
              transaction.run_many(contract::k_add_many, {std::int64_t{5}},
                                   Batch{std::string_view("1"), std::string_view(bad), Null{}});
            });
          }).starts_with("invalid_input: "));
  }
  CHECK(contract::books(*database).empty());
}

TEST_CASE("a transaction waits for a lock as long as was said last") {
  using Clock = std::chrono::steady_clock;
  Store store;
  const auto database = store.open();
  contract::add(*database, "1", "Emma", 1);
  const auto other = store.open();
  const auto lock = other->begin(Access::write);
  constexpr Statement k_lock{"SELECT 1 FROM books FOR UPDATE"};
  lock->run(k_lock, {});
  for (const int longest : {50, 500, 50}) {
    database->wait_for_locks(std::chrono::milliseconds(longest));
    const auto begun = Clock::now();
    CHECK(failure([&] {
            in_transaction(*database, Access::write, [&](Transaction& transaction) { transaction.run(k_lock, {}); });
          }).ends_with("canceling statement due to lock timeout"));
    CHECK(Clock::now() - begun >= std::chrono::milliseconds(longest));
    if (longest == 50) CHECK(Clock::now() - begun < std::chrono::milliseconds(500));
  }
}

TEST_CASE("a batch may hold many rows and long ones") {
  Store store;
  const auto database = store.open();
  const std::string long_text(3'000'000, 'x');
  std::vector<std::string> ids;
  for (int i = 0; i < 20'000; ++i) ids.push_back(std::to_string(100'000 + i));
  Batch rows;
  for (const auto& id : ids) {
    rows.insert(rows.end(), {std::string_view(id),
                             std::string_view(long_text).substr(0, id == "100007" ? 3'000'000 : 9), std::int64_t{1}});
  }
  in_transaction(*database, Access::write, [&](Transaction& transaction) {
    CHECK(transaction.run_many(contract::k_add_many, {std::int64_t{5}}, rows) == 20'000);
  });
  const auto books = contract::books(*database);
  CHECK(books.size() == 20'000);
  CHECK(books[7] == "100007|" + long_text + "|6");
  CHECK(books[8] == "100008|xxxxxxxxx|6");
}

TEST_CASE("a database that cannot be opened is told apart from one that is not there yet") {
  const PostgresCluster& cluster = PostgresCluster::shared();
  CHECK(without_folder(failure_to_open(cluster.url("nowhere"))) ==
        "not_found: postgres://*/nowhere: database \"nowhere\" does not exist");
  CHECK(without_folder(failure_to_open("postgres://ann:secret@/postgres?host=" + cluster.folder())) ==
        "forbidden: postgres://*/postgres: role \"ann\" does not exist");
  CHECK(failure_to_open("postgres://ann:secret@/x?host=/nowhere").starts_with("unreachable: postgres:///nowhere/x: "));
  CHECK(failure_to_open("postgres://ann:secret@127.0.0.1:1/x").starts_with("unreachable: postgres://127.0.0.1:1/x: "));
  CHECK(failure_to_open("postgres://ann:sec%secret@host/x") == "usage: the store is no URL that Postgres understands");
  CHECK(failure_to_open("postgres://host/x?pool=secret") == "usage: the store is no URL that Postgres understands");
  CHECK(failure_to_open("host=secret") == "usage: the store is no URL that Postgres understands");
  CHECK(failure_to_open("") == "usage: the store is no URL that Postgres understands");
}

TEST_CASE("behind PgBouncer, too, a database that is not there is told apart") {
  std::string url = PostgresCluster::shared().new_pooled_database();
  const auto name = url.find("pooled_");
  url.replace(name, url.find('?') - name, "nowhere");
  CHECK(failure_to_open(url).starts_with("not_found: "));
}

TEST_CASE("a database that cannot hold every text is refused") {
  const PostgresCluster& cluster = PostgresCluster::shared();
  open_postgres(cluster.url("postgres"))
      ->execute("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE_PROVIDER libc LOCALE 'C' TEMPLATE template0");
  CHECK(without_folder(failure_to_open(cluster.url("latin"))) ==
        "usage: postgres://*/latin: the database is in LATIN1, which cannot hold every text");
}

TEST_CASE("two that wait for each other: one goes on, the other may try again") {
  Store store;
  const auto one = store.open();
  const auto two = store.open();
  contract::add(*one, "1", "Emma", 400);
  contract::add(*one, "2", "Faust", 300);
  constexpr Statement k_turn{"UPDATE books SET pages = pages + 1 WHERE id = $1"};
  const auto mine = one->begin(Access::write);
  const auto theirs = two->begin(Access::write);
  mine->run(k_turn, {std::string_view("1")});
  theirs->run(k_turn, {std::string_view("2")});
  std::string said_to_them;
  std::thread other([&] {
    said_to_them = failure([&] {
      theirs->run(k_turn, {std::string_view("1")});
      theirs->commit();
    });
  });
  const std::string said_to_me = failure([&] {
    mine->run(k_turn, {std::string_view("2")});
    mine->commit();
  });
  other.join();
  CHECK((said_to_me + said_to_them).find("busy: ") != std::string::npos);
  CHECK((said_to_me == "nothing was thrown") != (said_to_them == "nothing was thrown"));
}

TEST_CASE("a reader may not write") {
  Store store;
  const auto reader = store.open();
  contract::add(*store.open(), "1", "Emma", 400);
  CHECK(failure([&] {
          reader->begin(Access::read)->run(contract::k_add, {std::string_view("3"), Null{}, Null{}});
        }).starts_with("read_only: "));
  CHECK(contract::books(*reader).size() == 1);
}

TEST_CASE("a lost connection says so, also when it was lost while committing") {
  Store store;
  PostgresCluster& cluster = PostgresCluster::shared();
  const auto database = store.open();
  const auto idle = store.open();
  const auto transaction = database->begin(Access::write);
  transaction->run(contract::k_add, {std::string_view("1"), Null{}, Null{}});
  cluster.stop(PostgresCluster::Stop::immediate);
  CHECK(failure([&] { transaction->commit(); }).starts_with("unreachable: "));
  CHECK(failure_to_open(store.url).starts_with("unreachable: "));
  cluster.start();
  CHECK(failure([&] { contract::books(*idle); }).starts_with("unreachable: "));
  CHECK(failure([&] { contract::books(*idle); }).starts_with("unreachable: "));
  CHECK(contract::books(*store.open()).empty());
}

/// The process of Postgres that serves a connection, which hangs as long as this lives.
class Hanging {
 public:
  explicit Hanging(Transaction& transaction) {
    transaction.run(Statement{"SELECT pg_backend_pid()"}, {},
                    [&](const Row& row) { process_ = static_cast<pid_t>(row.integer(0)); });
    ::kill(process_, SIGSTOP);
  }
  ~Hanging() { ::kill(process_, SIGCONT); }
  Hanging(const Hanging&) = delete;
  Hanging& operator=(const Hanging&) = delete;

 private:
  pid_t process_ = 0;
};

constexpr std::chrono::milliseconds k_patience{100};

TEST_CASE("a statement that takes too long is broken off, and may be tried again") {
  Store store;
  const auto database = open_postgres(store.url, {.statement = k_patience});
  CHECK(
      failure([&] { database->begin(Access::read)->run(Statement{"SELECT pg_sleep(60)"}, {}); }).starts_with("busy: "));
  CHECK(contract::books(*database).empty());
}

TEST_CASE("a Postgres that hangs with its connection alive is given up") {
  Store store;
  const auto database = open_postgres(store.url, {.statement = k_patience});
  const auto transaction = database->begin(Access::write);
  transaction->run(contract::k_add, {std::string_view("1"), Null{}, Null{}});
  const Hanging hanging(*transaction);
  std::string said;
  SUBCASE("when it is to answer") {
    said = failure([&] { transaction->commit(); });
  }
  SUBCASE("when it is to listen") {
    const std::string longer_than_a_socket_holds(4'000'000, 'x');
    said = failure([&] {
      transaction->run(contract::k_add, {std::string_view("2"), std::string_view(longer_than_a_socket_holds), Null{}});
    });
  }
  CHECK(said.starts_with("unreachable: "));
  CHECK(said.find("no answer within 2100 ms") != std::string::npos);
  CHECK(failure([&] { database->execute("SELECT 1"); }).starts_with("unreachable: "));
  CHECK(contract::books(*store.open()).empty());
}

TEST_CASE("a transaction leaves no setting behind on its connection") {
  Store store;
  SUBCASE("of its own") {}
  SUBCASE("of a pooler") {
    store.url = PostgresCluster::shared().new_pooled_database();
    store.open()->execute_script(contract::k_books);
  }
  const auto database = open_postgres(store.url, {.statement = k_patience * 100});
  const auto settings = [&] {
    std::string all;
    database->execute("SELECT string_agg(name || '=' || setting, ' ' ORDER BY name) FROM pg_settings", {},
                      [&](const Row& row) { all = row.text(0); });
    return all;
  };
  const std::string before = settings();
  contract::add(*database, "1", "Emma", 400);
  CHECK(contract::books(*database).size() == 1);
  CHECK(settings() == before);
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t k_shadow = 20;  // a sanitizer keeps what was freed, and shadows of it all
#else
constexpr std::size_t k_shadow = 1;
#endif

TEST_CASE("a long result does not need memory for all of it") {
  Store store;
  const auto database = store.open();
  std::int64_t bytes = 0;
  const auto peak_kb = [] {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
  };
  const long before = peak_kb();
  CHECK(database->execute("SELECT repeat('x', 1000000) FROM generate_series(1, 200)", {},
                          [&](const Row& row) { bytes += std::ssize(row.text(0)); }) == 200);
  CHECK(bytes == 200'000'000);
  CHECK(peak_kb() - before < k_shadow * 20'000);
}

}  // namespace
}  // namespace tether::sql
