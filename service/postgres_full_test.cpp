// SPDX-License-Identifier: MIT
// A Postgres without room, for its tables or for its log.
#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "base/error.hpp"
#include "service/fixture.hpp"
#include "service/program_fixture.hpp"
#include "sql/postgres/postgres.hpp"
#include "testing/postgres_cluster.hpp"

using namespace tether;
using namespace tether::service;
using json = nlohmann::json;
using testing::PostgresCluster;

namespace {

/// A file that takes what room there is on a disk, until it is removed.
class Filling {
 public:
  explicit Filling(const std::string& disk) : path_(disk + "/filling") {
    const std::string block(1024 * 1024, 'x');
    const int file = ::open(path_.c_str(), O_WRONLY | O_CREAT, 0600);
    while (::write(file, block.data(), block.size()) > 0) {
    }
    ::close(file);
  }
  ~Filling() { make_room(); }
  Filling(const Filling&) = delete;
  Filling& operator=(const Filling&) = delete;
  void make_room() { std::filesystem::remove(path_); }

 private:
  std::string path_;
};

std::int64_t count(const std::string& url, const std::string& what) {
  std::int64_t found = 0;
  sql::open_postgres(url)->execute("SELECT count(*) FROM " + what, {},
                                   [&](const sql::Row& row) { found = row.integer(0); });
  return found;
}

const std::string k_large = R"({"text":")" + std::string(2'000, 'x') + R"("})";

class OnPostgres : public TestService {
 public:
  explicit OnPostgres(const std::string& url)
      : TestService([&](Options& asked) {
          asked.store_url = url;
          asked.store_path = "postgres";
        }) {}

  Answer push(const std::string& body) { return Client(port()).post("/tether/push", body); }
  Answer pull() { return Client(port()).post("/tether/pull", k_first_pull); }
};

/// Pushes a thousand records onto the full disk of a store that holds ten, and again once there is room.
void check_full(const std::string& url, const std::function<void()>& fill, const std::function<void()>& make_room) {
  OnPostgres service(url);
  REQUIRE(service.push(push_of(10)).status == 200);
  fill();
  const std::string body = push_of(1'000, 10, k_large);
  const Answer refused = service.push(body);
  CHECK(refused.status == 503);
  CHECK(refused.has("Retry-After: "));
  CHECK(json::parse(refused.body)["error"]["code"] == "disk_full");
  CHECK(eventually([&] { return service.logged().find("No space left on device") != std::string::npos; }));
  CHECK(json::parse(service.pull().body)["snapshots"].size() == 10);
  CHECK(count(url, "tether_records") == 10);
  CHECK(count(url, "tether_mutations") == 10);
  CHECK(Client(service.port()).get("/healthz").status == 200);

  make_room();
  const auto sent = json::parse(service.push(body).body);
  CHECK(sent["applied"].size() == 1'000);
  CHECK(json::parse(service.push(body).body)["revs"] == sent["revs"]);
  CHECK(count(url, "tether_records") == 1'010);
  CHECK(count(url, "tether_mutations") == 1'010);
  CHECK(count(url, "tether_records WHERE rev <> 1") == 0);
}

TEST_CASE(
    "while the disk of its tables is full a push is told to wait, nothing of it is kept, then it is applied once") {
  PostgresCluster& cluster = PostgresCluster::shared();
  const std::string disk = cluster.new_small_disk(16);
  if (disk.empty()) {
    MESSAGE("no disk can be mounted here; the next test alone shows a full one");
    return;
  }
  cluster.run("mkdir " + disk + "/tables");
  sql::open_postgres(cluster.url("postgres"))->execute("CREATE TABLESPACE small LOCATION '" + disk + "/tables'");
  std::optional<Filling> filling;
  check_full(
      cluster.new_schema() + "%20-cdefault_tablespace%3Dsmall", [&] { filling.emplace(disk); },
      [&] { filling->make_room(); });
}

TEST_CASE("a disk that fills up behind half a push keeps nothing of that half") {
  const std::string url = PostgresCluster::shared().new_schema();
  const auto outside = sql::open_postgres(url);
  check_full(
      url,
      [&] {
        outside->execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION "
            "'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END$$");
        outside->execute(
            "CREATE TRIGGER full_disk AFTER INSERT ON tether_mutations FOR EACH STATEMENT EXECUTE FUNCTION refuse()");
      },
      [&] { outside->execute("DROP TRIGGER full_disk ON tether_mutations"); });
}

TEST_CASE("a Postgres that stops for want of room for its log loses nothing that was acknowledged") {
  PostgresCluster cluster;
  const std::string disk = cluster.new_small_disk(64);
  if (disk.empty()) {
    MESSAGE("no disk can be mounted here: this shows nothing");
    return;
  }
  cluster.stop(PostgresCluster::Stop::fast);
  cluster.run("mv data/pg_wal " + disk + "/ && ln -s " + disk + "/pg_wal data/pg_wal");
  cluster.start();
  const std::string url = cluster.new_schema();
  OnPostgres service(url);
  REQUIRE(service.push(push_of(10)).status == 200);
  Filling filling(disk);
  constexpr int k_pushes_max = 100;
  std::vector<std::string> bodies;
  int status = 200;
  while (status == 200 && bodies.size() < k_pushes_max) {
    bodies.push_back(push_of(1'000, 10 + 1'000 * static_cast<int>(bodies.size()), k_large));
    status = service.push(bodies.back()).status;
  }
  CHECK(status == 503);

  filling.make_room();
  try {
    cluster.stop(PostgresCluster::Stop::immediate);
  } catch (const Error&) {
    MESSAGE("Postgres had ended by itself");
  }
  cluster.start();
  CHECK(count(url, "tether_mutations") >= static_cast<std::int64_t>(10 + 1'000 * (bodies.size() - 1)));
  for (const std::string& body : bodies) CHECK(service.push(body).status == 200);
  const auto all = static_cast<std::int64_t>(10 + 1'000 * bodies.size());
  CHECK(count(url, "tether_records") == all);
  CHECK(count(url, "tether_mutations") == all);
  CHECK(count(url, "tether_records WHERE rev <> 1") == 0);
}

}  // namespace
