// SPDX-License-Identifier: MIT
// The measurement by which cursors are judged, in earnest: three programs on one Postgres, whose commits are slow,
// eight writers, and a poller that is faster than they are and asks the programs in turn. Beside it one that follows a
// sequence, which misses rows for ever: so it shows whether there was anything to miss.
#include <atomic>
#include <deque>
#include <thread>
#include <unordered_set>

#include "protocol/codec.hpp"
#include "service/process_fixture.hpp"
#include "sql/postgres/postgres.hpp"

using namespace tether;
using namespace tether::service;

namespace {

constexpr int k_replicas = 3;
constexpr int k_writers = 8;
constexpr int k_batch = 100;
constexpr int k_batches = k_shadow == 1 ? 250 : 25;  // of each writer
constexpr int k_rows = k_writers * k_batches * k_batch;
constexpr std::chrono::milliseconds k_poll_every{5};

/// A store whose every commit takes up to 4 ms more, while it holds the lock of its scope; each decision gets the next
/// number of a sequence, as rows do where a cursor is made of that.
std::string make_slow_store() {
  const std::string url = testing::PostgresCluster::shared().new_schema();
  const auto store = sql::open_postgres(url);
  authority::migrate(*store);
  store->execute(
      "CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS "
      "'BEGIN PERFORM pg_sleep(random() * 0.004); RETURN NULL; END'");
  store->execute(
      "CREATE CONSTRAINT TRIGGER dawdle AFTER UPDATE ON tether_scopes DEFERRABLE INITIALLY DEFERRED "
      "FOR EACH ROW EXECUTE FUNCTION dawdle()");
  store->execute("ALTER TABLE tether_mutations ADD COLUMN number BIGSERIAL");
  store->execute("CREATE INDEX ON tether_mutations(number)");
  return url;
}

class Replica {
 public:
  explicit Replica(const std::string& store)
      : process_(folder_, {"serve", "--listen", "127.0.0.1:0", "--store", store, "--client-rate", "0"}),
        port_(process_.port()) {}
  int port() const { return port_; }

 private:
  Folder folder_;
  Process process_;
  int port_;
};

void write(int port, int writer) {
  Client client(port);
  for (int batch = 0; batch < k_batches; ++batch) {
    const std::string body = push_of(k_batch, (writer * k_batches + batch) * k_batch);
    while (true) {
      const int status = client.post("/tether/push", body).status;
      if (status == 200) break;
      REQUIRE(status == 503);  // the machine is busy; the same again is safe
    }
  }
}

/// Follows the scope until everything written is behind it; the ids that it saw.
std::unordered_set<std::string> follow(const std::deque<Replica>& replicas, const std::atomic<bool>& written) {
  std::deque<Client> clients;
  for (const Replica& replica : replicas) clients.emplace_back(replica.port());
  std::unordered_set<std::string> seen;
  std::string cursor = "null";
  for (std::size_t poll = 0;; ++poll) {
    const bool last = written;
    const Answer answer = clients[poll % clients.size()].post(
        "/tether/pull", R"({"client_id":"poller","limit":1000,"last_sync_cursor":)" + cursor + "}");
    REQUIRE(answer.status == 200);
    const auto reply = protocol::decode_pull_reply(answer.body);
    for (const auto& row : reply.snapshots) seen.insert(row.key.id.value);
    if (reply.new_cursor) cursor = std::to_string(reply.new_cursor->value);
    if (last && !reply.has_more) return seen;
    if (!reply.has_more) std::this_thread::sleep_for(k_poll_every);
  }
}

/// The same with a sequence for a cursor; how many rows it saw.
int follow_sequence(const std::string& url, const std::atomic<bool>& written) {
  const auto store = sql::open_postgres(url);
  int seen = 0;
  std::int64_t cursor = 0;
  while (true) {
    const bool last = written;
    const sql::Value after[] = {cursor};
    store->execute("SELECT number FROM tether_mutations WHERE number > $1 ORDER BY number", after,
                   [&](const sql::Row& row) {
                     ++seen;
                     cursor = row.integer(0);
                   });
    if (last) return seen;
    std::this_thread::sleep_for(k_poll_every);
  }
}

TEST_CASE("a poller misses nothing of what three programs commit slowly, and by a sequence it would") {
  const std::string url = make_slow_store();
  std::deque<Replica> replicas;
  for (int i = 0; i < k_replicas; ++i) replicas.emplace_back(url);
  std::atomic<bool> written = false;
  std::unordered_set<std::string> seen;
  int seen_by_sequence = 0;
  std::thread poller([&] { seen = follow(replicas, written); });
  std::thread naive([&] { seen_by_sequence = follow_sequence(url, written); });
  std::vector<std::thread> writers;
  for (int writer = 0; writer < k_writers; ++writer) {
    writers.emplace_back(
        [&, writer] { write(replicas[static_cast<std::size_t>(writer % k_replicas)].port(), writer); });
  }
  for (std::thread& writer : writers) writer.join();
  written = true;
  poller.join();
  naive.join();
  MESSAGE("of " << k_rows << " rows missed for ever: " << k_rows - static_cast<int>(seen.size()) << ", by a sequence "
                << k_rows - seen_by_sequence);
  CHECK(seen.size() == std::size_t{k_rows});
  CHECK(seen_by_sequence < k_rows);
  std::int64_t rows = 0;
  sql::open_postgres(url)->execute("SELECT count(*) FROM tether_records", {},
                                   [&](const sql::Row& row) { rows = row.integer(0); });
  CHECK(rows == k_rows);
}

}  // namespace
