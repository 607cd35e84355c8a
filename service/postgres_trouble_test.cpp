// SPDX-License-Identifier: MIT
// A Postgres that is there and does not do what it should: what is locked, read only, or forbidden.
#include <sys/stat.h>

#include <barrier>
#include <cstdio>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "authority/tokens.hpp"
#include "service/fixture.hpp"
#include "service/token_text.hpp"
#include "sql/postgres/postgres.hpp"
#include "testing/postgres_cluster.hpp"

using namespace tether;
using namespace tether::service;
using json = nlohmann::json;
using testing::PostgresCluster;

namespace {

using Seconds = std::chrono::duration<double>;

/// A service on a schema of its own, as whichever role the URL names.
class OnPostgres : public TestService {
 public:
  explicit OnPostgres(const std::string& url, Auth auth = Auth::none)
      : TestService([&](Options& asked) {
          asked.store_url = url;
          asked.store_path = "postgres";
          asked.auth = auth;
        }) {}

  /// The header that a client of `scope` sends.
  std::string bearing_token_of(const std::string& scope) {
    SystemRandom random;
    authority::Token known{.id = "01K" + std::string(22, '0') + scope, .scope = Scope{scope}, .rights = "push,pull"};
    const std::string text = make_token_text(known.id, random);
    known.secret_hash = hash_of_token(text);
    pool->write([&](sql::Database& store) { authority::add_token(store, known); });
    return "Authorization: Bearer " + text + "\r\n";
  }
  Answer push(int first) { return Client(port()).post("/tether/push", push_of(1, first)); }
  Answer pull() { return Client(port()).post("/tether/pull", k_first_pull); }
  int readiness() { return Client(port()).get("/readyz").status; }
  /// A request is logged when it is answered, and a little later.
  bool logs(const std::string& text) {
    for (int i = 0; i < 200 && logged().find(text) == std::string::npos; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return logged().find(text) != std::string::npos;
  }
};

/// Told to come back soon, and the cause is in the log.
void check_told_to_wait(OnPostgres& service, const Answer& answer, const std::string& code, const std::string& cause) {
  CHECK(answer.status == 503);
  CHECK(answer.has("Retry-After: "));
  CHECK(json::parse(answer.body)["error"]["code"] == code);
  CHECK(answer.body.find(cause) == std::string::npos);
  CHECK(service.logs(cause));
}

/// Clients of many scopes, each with a token of its own.
class Clients {
 public:
  Clients(OnPostgres& service, std::size_t scopes) : service_(service) {
    for (std::size_t scope = 0; scope < scopes; ++scope) {
      bearers_.push_back(service.bearing_token_of(std::string(1, "0123456789ABC"[scope])));
    }
  }
  Answer push(std::size_t scope, int first) {
    return Client(service_.port()).post("/tether/push", push_of(1, first), bearers_[scope]);
  }
  Answer pull(std::size_t scope) { return Client(service_.port()).post("/tether/pull", k_first_pull, bearers_[scope]); }

 private:
  OnPostgres& service_;
  std::vector<std::string> bearers_;
};

/// What a client saw that asked again and again.
struct Seen {
  std::map<int, int> count;  // by status
  Seconds longest{0};
};

template <typename Ask>
Seen ask_again_and_again(std::chrono::milliseconds time, const Ask& ask) {
  Seen seen;
  const auto end = std::chrono::steady_clock::now() + time;
  for (int number = 1; std::chrono::steady_clock::now() < end; ++number) {
    const auto asked = std::chrono::steady_clock::now();
    ++seen.count[ask(number).status];
    seen.longest = std::max(seen.longest, Seconds(std::chrono::steady_clock::now() - asked));
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return seen;
}

TEST_CASE(
    "while twelve scopes are locked by somebody else and their clients never rest, a thirteenth is served at once") {
  constexpr std::size_t k_locked = 12;
  const std::chrono::milliseconds time{7'000};  // longer than a push waits before it is told to come again
  const std::string url = PostgresCluster::shared().new_schema();
  OnPostgres service(url, Auth::token);
  Clients clients(service, k_locked + 1);
  for (std::size_t scope = 0; scope <= k_locked; ++scope) REQUIRE(clients.push(scope, 0).status == 200);

  const auto outside = sql::open_postgres(url);
  auto locks = outside->begin(sql::Access::write);
  locks->run(sql::Statement{"SELECT 1 FROM tether_scopes WHERE scope <> 'C' FOR UPDATE"}, {});
  std::vector<Seen> locked_out(k_locked);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < locked_out.size(); ++i) {
    threads.emplace_back(
        [&, i] { locked_out[i] = ask_again_and_again(time, [&](int number) { return clients.push(i, number); }); });
  }
  Seen readers;
  threads.emplace_back([&] { readers = ask_again_and_again(time, [&](int) { return clients.pull(0); }); });
  const Seen free = ask_again_and_again(time, [&](int number) { return clients.push(k_locked, number); });
  for (auto& thread : threads) thread.join();

  MESSAGE("the longest push took " << free.longest.count() << " s, the longest pull " << readers.longest.count());
  CHECK(free.count.size() == 1);
  CHECK(free.count.begin()->first == 200);
  CHECK(free.longest < Seconds(1));
  CHECK(readers.count.size() == 1);
  CHECK(readers.count.begin()->first == 200);
  CHECK(readers.longest < Seconds(1));
  for (const Seen& seen : locked_out) {
    CHECK(seen.count.size() == 1);
    CHECK(seen.count.begin()->first == 503);
  }
  check_told_to_wait(service, clients.push(0, 1), "busy", "lock timeout");
  locks.reset();
  for (std::size_t scope = 0; scope < k_locked; ++scope) CHECK(clients.push(scope, 1).status == 200);
}

TEST_CASE("of two transactions in a ring Postgres breaks one off, and the pool has it done again") {
  Options options;
  options.store_url = PostgresCluster::shared().new_schema();
  sql::open_postgres(options.store_url)
      ->execute_script("CREATE TABLE beds (id BIGINT, taken BIGINT); INSERT INTO beds VALUES (1, 0), (2, 0);");
  SystemClock clock;
  StorePool::Bounds bounds = pool_bounds(options);
  bounds.lock_times.first = bounds.lock_times.patient;
  StorePool pool([&](sql::Access access) { return open_store_for_requests(options, access); }, bounds, clock);
  std::mutex mutex;
  std::vector<std::string> faults;
  std::barrier both_hold_one(2);
  const auto take_both = [&](std::int64_t first, std::int64_t second) {
    bool is_first_try = true;
    pool.write([&](sql::Database& store) {
      const auto transaction = store.begin(sql::Access::write);
      constexpr sql::Statement k_take{"UPDATE beds SET taken = taken + 1 WHERE id = $1"};
      transaction->run(k_take, {first});
      if (std::exchange(is_first_try, false)) both_hold_one.arrive_and_wait();
      try {
        transaction->run(k_take, {second});
        transaction->commit();
      } catch (const Error& error) {
        const std::lock_guard lock(mutex);
        faults.emplace_back(error.what());
        throw;
      }
    });
  };
  std::thread other([&] { take_both(2, 1); });
  take_both(1, 2);
  other.join();
  REQUIRE(faults.size() == 1);
  CHECK(faults[0].ends_with("deadlock detected"));
  std::string taken;
  sql::open_postgres(options.store_url)
      ->execute("SELECT string_agg(taken::text, ' ') FROM beds", {}, [&](const sql::Row& row) { taken = row.text(0); });
  CHECK(taken == "2 2");
}

/// As if an operator said so, for as long as this lives.
class ReadOnly {
 public:
  ReadOnly() { set("ALTER SYSTEM SET default_transaction_read_only = on"); }
  ~ReadOnly() { set("ALTER SYSTEM RESET default_transaction_read_only"); }
  ReadOnly(const ReadOnly&) = delete;
  ReadOnly& operator=(const ReadOnly&) = delete;

 private:
  static void set(const std::string& how) {
    const auto database = sql::open_postgres(PostgresCluster::shared().url("postgres"));
    database->execute(how);
    database->execute("SELECT pg_reload_conf()");
  }
};

/// Every process of Postgres hears of a setting in its own time.
void wait_for_readiness(OnPostgres& service, int status) {
  for (int i = 0; i < 500 && service.readiness() != status; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  CHECK(service.readiness() == status);
}

TEST_CASE("a store that an operator set to read only is not written to, and clients are told to come again") {
  OnPostgres service(PostgresCluster::shared().new_schema());
  CHECK(service.push(1).status == 200);
  {
    const ReadOnly read_only;
    wait_for_readiness(service, 503);
    check_told_to_wait(service, service.push(2), "read_only", "read-only transaction");
    CHECK(json::parse(service.pull().body)["snapshots"].size() == 1);
  }
  wait_for_readiness(service, 200);
  CHECK(service.push(2).status == 200);
  CHECK(json::parse(service.pull().body)["snapshots"].size() == 2);
}

TEST_CASE("on a standby pulls are answered, and pushes told to come again") {
  PostgresCluster& cluster = PostgresCluster::shared();
  OnPostgres service(cluster.new_schema());
  CHECK(service.push(1).status == 200);
  const std::string signal = cluster.folder() + "/data/standby.signal";
  cluster.stop(PostgresCluster::Stop::fast);
  std::ofstream(signal).close();
  REQUIRE(::chmod(signal.c_str(), 0666) == 0);
  cluster.start();
  CHECK(service.readiness() == 503);
  CHECK(service.logs("standby"));
  check_told_to_wait(service, service.push(2), "read_only", "read-only transaction");
  CHECK(json::parse(service.pull().body)["snapshots"].size() == 1);
  cluster.stop(PostgresCluster::Stop::fast);
  REQUIRE(std::remove(signal.c_str()) == 0);
  cluster.start();
  CHECK(service.readiness() == 200);
  CHECK(service.push(2).status == 200);
}

/// A role that owns its schema and is no superuser.
class Role {
 public:
  explicit Role(const std::string& name) : name_(name), url_(PostgresCluster::shared().new_schema()) {
    const auto store = sql::open_postgres(url_);
    std::string schema;
    store->execute("SELECT current_schema()", {}, [&](const sql::Row& row) { schema = row.text(0); });
    store->execute("CREATE ROLE " + name_ + " LOGIN");
    store->execute("ALTER SCHEMA " + schema + " OWNER TO " + name_);
  }
  std::string url() const {
    std::string url = url_;
    return url.replace(url.find("tether@"), std::string_view("tether").size(), name_);
  }
  void run(const std::string& statement) { sql::open_postgres(url_)->execute(statement); }
  void end_its_connections() {
    run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '" + name_ + "'");
  }

 private:
  std::string name_;
  std::string url_;
};

TEST_CASE("a role that may not log in any more is a matter of the operator: clients come again") {
  Role role("nurse");
  OnPostgres service(role.url());
  CHECK(service.push(1).status == 200);
  role.run("ALTER ROLE nurse NOLOGIN");
  role.end_its_connections();
  check_told_to_wait(service, service.push(2), "forbidden", "is not permitted to log in");
  CHECK(service.pull().status == 503);
  role.run("ALTER ROLE nurse LOGIN");
  CHECK(service.push(2).status == 200);
  CHECK(json::parse(service.pull().body)["snapshots"].size() == 2);
}

TEST_CASE("a right that was withdrawn, or a table that is gone, is a matter of the operator: clients come again") {
  Role role("clerk");
  OnPostgres service(role.url());
  CHECK(service.push(1).status == 200);
  role.run("REVOKE INSERT ON tether_records FROM clerk");
  check_told_to_wait(service, service.push(2), "forbidden", "permission denied for table tether_records");
  role.run("GRANT INSERT ON tether_records TO clerk");
  CHECK(service.push(2).status == 200);
  role.run("ALTER TABLE tether_records RENAME TO elsewhere");
  check_told_to_wait(service, service.pull(), "not_found", "tether_records");
  role.run("ALTER TABLE elsewhere RENAME TO tether_records");
  CHECK(json::parse(service.pull().body)["snapshots"].size() == 2);
}

}  // namespace
