// SPDX-License-Identifier: MIT
// Several services on one Postgres, and a Postgres that goes away.
#include "sql/postgres/postgres.hpp"

#include <signal.h>

#include <nlohmann/json.hpp>
#include <set>

#include "service/fixture.hpp"
#include "testing/postgres_cluster.hpp"

using namespace tether;
using namespace tether::service;
using json = nlohmann::json;
using testing::PostgresCluster;

namespace {

constexpr std::string_view k_pull = R"({"client_id":"bob","last_sync_cursor":null})";

std::function<void(Options&)> on(const std::string& url) {
  return [url](Options& options) {
    options.store_url = url;
    options.store_path = "postgres";
  };
}

std::size_t rows(Client& client) {
  return json::parse(client.post("/tether/pull", k_pull).body)["snapshots"].size();
}

TEST_CASE("two services on one Postgres are one server") {
  const std::string url = PostgresCluster::shared().new_schema();
  TestService one(on(url));
  TestService two(on(url));
  Client first(one.port());
  Client second(two.port());
  CHECK(second.get("/readyz").status == 200);
  const Answer answer = first.post("/tether/push", push_of(3));
  CHECK(answer.status == 200);
  CHECK(rows(second) == 3);
  const auto sent = json::parse(answer.body);
  const auto sent_again = json::parse(second.post("/tether/push", push_of(3)).body);
  CHECK(sent_again["applied"] == sent["applied"]);
  CHECK(sent_again["revs"] == sent["revs"]);
  CHECK(sent_again["epoch"] == sent["epoch"]);
  CHECK(rows(first) == 3);
}

TEST_CASE("services behind PgBouncer in transaction mode are one server") {
  const std::string url = PostgresCluster::shared().new_pooled_database();
  TestService one(on(url));
  TestService two(on(url));
  std::vector<std::thread> clients;
  std::atomic<int> applied{0};
  for (int i = 0; i < 12; ++i) {
    clients.emplace_back([&, i] {
      Client client(i % 2 == 0 ? one.port() : two.port());
      for (int n = 0; n < 5; ++n) {
        const auto reply = json::parse(client.post("/tether/push", push_of(10, i * 1'000 + n * 10)).body);
        applied += static_cast<int>(reply["applied"].size());
      }
    });
  }
  for (auto& client : clients) client.join();
  CHECK(applied == 600);
  Client client(one.port());
  CHECK(rows(client) == 600);
}

TEST_CASE("the same mutations sent to three services at once take effect once") {
  const std::string url = PostgresCluster::shared().new_schema();
  TestService one(on(url));
  TestService two(on(url));
  TestService three(on(url));
  for (int round = 0; round < 20; ++round) {
    std::vector<std::thread> clients;
    std::mutex mutex;
    std::set<std::string> answers;
    for (TestService* service : {&one, &two, &three}) {
      clients.emplace_back([&, service] {
        Client client(service->port());
        const auto reply = json::parse(client.post("/tether/push", push_of(20, round * 10)).body);
        const std::lock_guard lock(mutex);
        answers.insert(reply["revs"].dump());
      });
    }
    for (auto& client : clients) client.join();
    CHECK(answers.size() == 1);
  }
  Client client(two.port());
  CHECK(rows(client) == 210);
}

TEST_CASE("while Postgres is away requests are told to come again, and afterwards nothing is left of that") {
  PostgresCluster& cluster = PostgresCluster::shared();
  TestService service(on(cluster.new_schema()));
  Client client(service.port());
  CHECK(client.post("/tether/push", push_of(1)).status == 200);
  CHECK(client.post("/tether/pull", k_pull).status == 200);
  cluster.stop(PostgresCluster::Stop::immediate);
  const Answer refused = client.post("/tether/push", push_of(1, 1));
  CHECK(refused.status == 503);
  CHECK(refused.has("Retry-After: 1"));
  CHECK(json::parse(refused.body)["error"]["code"] == "unreachable");
  CHECK(client.post("/tether/pull", k_pull).status == 503);
  CHECK(client.get("/readyz").status == 503);
  CHECK(client.get("/healthz").status == 200);
  cluster.start();
  CHECK(client.get("/readyz").status == 200);
  CHECK(client.post("/tether/push", push_of(1, 1)).status == 200);
  CHECK(rows(client) == 2);
}

TEST_CASE("a restart of Postgres between two requests is not noticed") {
  PostgresCluster& cluster = PostgresCluster::shared();
  TestService service(on(cluster.new_schema()));
  Client client(service.port());
  for (int round = 0; round < 3; ++round) {
    CHECK(client.post("/tether/push", push_of(1, round)).status == 200);
    CHECK(rows(client) == static_cast<std::size_t>(round) + 1);
    cluster.stop(round % 2 == 0 ? PostgresCluster::Stop::immediate : PostgresCluster::Stop::fast);
    cluster.start();
  }
  CHECK(rows(client) == 3);
}

/// Every process of Postgres that serves a connection of before, hanging as long as this lives.
class Hanging {
 public:
  explicit Hanging(const std::string& url) {
    sql::open_postgres(url)->execute(
        "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()", {},
        [&](const sql::Row& row) { processes_.push_back(static_cast<pid_t>(row.integer(0))); });
    for (const pid_t process : processes_) ::kill(process, SIGSTOP);
  }
  ~Hanging() {
    for (const pid_t process : processes_) ::kill(process, SIGCONT);
  }
  Hanging(const Hanging&) = delete;
  Hanging& operator=(const Hanging&) = delete;

 private:
  std::vector<pid_t> processes_;
};

TEST_CASE("while Postgres hangs with its connections alive requests are told in time to come again") {
  const std::string url = PostgresCluster::shared().new_schema();
  TestService service([&](Options& options) {
    on(url)(options);
    options.store_time = std::chrono::milliseconds(100);
    options.pool_wait = std::chrono::milliseconds(500);
  });
  Client client(service.port());
  CHECK(client.post("/tether/push", push_of(1)).status == 200);
  CHECK(client.post("/tether/pull", k_pull).status == 200);
  {
    const Hanging hanging(url);
    const auto asked = std::chrono::steady_clock::now();
    const Answer refused = client.post("/tether/push", push_of(1, 1));
    CHECK(std::chrono::steady_clock::now() - asked < std::chrono::seconds(10));
    CHECK(refused.status == 503);
    CHECK(refused.has("Retry-After: 1"));
    CHECK(json::parse(refused.body)["error"]["code"] == "unreachable");
    CHECK(client.post("/tether/push", push_of(1, 1)).status == 503);  // this time the connection that writes
    CHECK(client.post("/tether/push", push_of(1, 1)).status == 200);
  }
  CHECK(client.post("/tether/push", push_of(1, 1)).status == 200);
  CHECK(rows(client) == 2);
}

TEST_CASE("a start waits for Postgres, but not for a database that nobody made") {
  PostgresCluster& cluster = PostgresCluster::shared();
  Options options;
  on(cluster.new_schema())(options);
  SteppingClock clock{from_ms(0)};
  int pauses = 0;
  cluster.stop(PostgresCluster::Stop::fast);
  const auto give_up = [&](const Error&) { return ++pauses < 5; };
  CHECK(wait_for_store(options, sql::Open::existing, clock, give_up) == nullptr);
  CHECK(pauses == 5);
  options.store_wait = std::chrono::seconds(2);
  CHECK_THROWS_AS(wait_for_store(options, sql::Open::existing, clock, [](const Error&) { return true; }), Error);
  options.store_wait = std::chrono::minutes(1);
  const auto start_it = [&](const Error& error) {
    CHECK(error.code() == ErrorCode::unreachable);
    cluster.start();
    return true;
  };
  CHECK(wait_for_store(options, sql::Open::existing, clock, start_it) != nullptr);
  options.store_url = cluster.url("nowhere");
  const Instant before = clock.now();
  CHECK_THROWS_AS(wait_for_store(options, sql::Open::existing, clock, give_up), Error);
  CHECK(clock.now() - before < std::chrono::milliseconds(100));
}

}  // namespace
