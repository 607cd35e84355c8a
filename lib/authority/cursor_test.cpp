// SPDX-License-Identifier: MIT
// The measurement by which cursors are judged: many writers, transactions that stay open a while behind their last
// statement, and a poller that is faster than they are. A cursor made from times or from a sequence loses a fifth of
// the rows here, for ever.
#include <atomic>
#include <random>
#include <thread>
#include <unordered_set>

#include "authority/fixture.hpp"
#include "authority/meddled_database.hpp"

namespace tether::authority {
namespace {

using namespace fixture;
using namespace std::chrono_literals;

constexpr int k_replicas = 3;
constexpr int k_writers = 8;
constexpr int k_batch = 50;
constexpr auto k_longest_commit = 4ms;

/// Pushes `batches` batches of new records through one replica, each commit delayed by up to k_longest_commit.
void write(Server& server, Authority& replica, int writer, int batches) {
  const auto database = server.connect();
  std::minstd_rand chance(static_cast<unsigned>(writer));
  MeddledDatabase slow(*database, [&](std::string_view statement) -> std::int64_t {
    if (statement == "COMMIT") {
      std::this_thread::sleep_for(
          std::chrono::microseconds(chance() % std::chrono::microseconds(k_longest_commit).count()));
    }
    return 0;
  });
  const std::string name = "w" + std::to_string(writer);
  for (int batch = 0; batch < batches; ++batch) {
    std::vector<protocol::Mutation> mutations;
    for (int i = 0; i < k_batch; ++i) {
      const int number = (writer * batches + batch) * k_batch + i;
      mutations.push_back(create(number, std::to_string(number)));
    }
    replica.push(slow, server.scope, {ClientId{name}, mutations, {}, {}});
  }
}

/// Follows the scope until everything written is behind it; the entities that it saw.
std::unordered_set<std::string> follow(Server& server, Authority& replica, const std::atomic<bool>& written) {
  const auto database = server.connect();
  std::unordered_set<std::string> seen;
  std::optional<Cursor> cursor;
  for (;;) {
    const bool last = written;
    const auto page =
        replica.pull(*database, server.scope,
                     {.client_id = ClientId{"poller"}, .cursor = cursor, .limit = 1'000, .models = {}, .full = {}});
    const auto reply = protocol::decode_pull_reply(page.text);
    for (const auto& row : reply.snapshots) seen.insert(row.key.id.value);
    cursor = reply.new_cursor;
    if (last && !reply.has_more) return seen;
    if (!reply.has_more) std::this_thread::sleep_for(5ms);
  }
}

TEST_CASE("a poller misses nothing of what many replicas and writers commit slowly") {
  // The embedded store has one writer at a time, so little can go wrong there. In earnest, with programs of their own,
  // it is measured in service/cursor_test.cpp.
  const int batches = testing::ServerStore::is_postgres() ? 50 : 25;
  Server server;
  SystemClock clock;
  SystemRandom random;
  std::vector<std::unique_ptr<Authority>> replicas;
  for (int i = 0; i < k_replicas; ++i) replicas.push_back(std::make_unique<Authority>(clock, random, Options()));
  std::atomic<bool> written = false;
  std::unordered_set<std::string> seen;
  std::thread poller([&] { seen = follow(server, *replicas[0], written); });
  std::vector<std::thread> writers;
  for (int writer = 0; writer < k_writers; ++writer) {
    writers.emplace_back(
        [&, writer] { write(server, *replicas[static_cast<std::size_t>(writer % k_replicas)], writer, batches); });
  }
  for (std::thread& writer : writers) writer.join();
  written = true;
  poller.join();
  CHECK(seen.size() == static_cast<std::size_t>(k_writers * batches * k_batch));
  CHECK(server.column("SELECT count(*) FROM tether_records") ==
        std::vector{std::to_string(k_writers * batches * k_batch)});
}

}  // namespace
}  // namespace tether::authority
