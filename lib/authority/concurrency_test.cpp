// SPDX-License-Identifier: MIT
// Several replicas of the service on one store, with a fast poller: nothing missed, nothing applied twice.
#include <algorithm>
#include <atomic>
#include <barrier>
#include <map>
#include <set>
#include <thread>

#include "authority/fixture.hpp"

namespace tether::authority {
namespace {

using namespace fixture;

constexpr int k_batches = 150;
constexpr int k_batch = 8;
constexpr int k_entities = 40;
constexpr int k_rounds = 8;
constexpr int k_long_batch = 500;

/// Batch `n` of client `client`: new edits, and those of the batch before once more, as after a lost reply.
std::vector<protocol::Mutation> overlapping_batch(int client, int n) {
  std::vector<protocol::Mutation> batch;
  const int first = client * 100'000 + n * k_batch;
  for (int i = n > 0 ? first - k_batch : first; i < first + k_batch; ++i) {
    const std::string entity = "T" + std::to_string(i * 7 % k_entities);
    batch.push_back(create(i, entity, "{\"by\":" + std::to_string(i) + "}"));
  }
  return batch;
}

/// Follows the order of the scope, a few rows at a time, until `done` and nothing is left.
struct Poller {
  std::map<std::string, std::int64_t> revs;
  std::set<std::int64_t> cursors;

  void run(Server& server, const std::atomic<bool>& done) {
    const auto database = server.connect();
    std::optional<Cursor> cursor;
    for (;;) {
      const bool last = done;
      const auto page = server.authority.pull(
          *database, server.scope,
          {.client_id = ClientId{"poller"}, .cursor = cursor, .limit = 3, .models = {}, .full = {}});
      const auto reply = protocol::decode_pull_reply(page.text);
      for (const auto& row : reply.snapshots) {
        revs[row.key.id.value] = row.rev->value;
        cursors.insert(*row.updated_at_us);
      }
      if (last && reply.snapshots.empty()) return;
      cursor = reply.new_cursor;
    }
  }
};

TEST_CASE("two replicas push overlapping batches while a third client polls, and nothing is missed or doubled") {
  Server server;
  std::atomic<bool> done = false;
  std::atomic<int> answers = 0;
  SystemClock clock;
  SystemRandom random;
  Authority authority(clock, random, {});
  Poller poller;
  std::thread polling([&] { poller.run(server, done); });
  std::vector<std::thread> pushing;
  for (int client = 1; client <= 2; ++client) {
    pushing.emplace_back([&, client] {
      const auto database = server.connect();
      for (int n = 0; n < k_batches; ++n) {
        const auto reply = authority.push(*database, server.scope,
                                          {ClientId{std::to_string(client)}, overlapping_batch(client, n), {}});
        answers += static_cast<int>(reply.applied.size());
      }
    });
  }
  for (auto& thread : pushing) thread.join();
  done = true;
  polling.join();

  CHECK(answers == 2 * k_batch * (2 * k_batches - 1));
  std::int64_t applied = 0;
  for (const auto& [entity, rev] : poller.revs) applied += rev;
  CHECK(poller.revs.size() == k_entities);
  CHECK(applied == 2 * k_batch * k_batches);
  const auto last = server.column("SELECT max(updated_us) FROM tether_records");
  CHECK(std::to_string(*poller.cursors.rbegin()) == last.at(0));
}

/// The same edits of the same entities, in the order of their ids or against it.
std::vector<protocol::Mutation> one_batch(int first, bool descending) {
  std::vector<protocol::Mutation> batch;
  for (int i = 0; i < k_long_batch; ++i) {
    batch.push_back(create(first + i, "T" + std::to_string(i), "{\"by\":" + std::to_string(first) + "}"));
  }
  if (descending) std::ranges::reverse(batch);
  return batch;
}

TEST_CASE(
    "two replicas are sent the same mutations in opposite order, and neither ever waits for the other in a ring") {
  Server server;
  SystemClock clock;
  SystemRandom random;
  Authority authority(clock, random, {});
  std::barrier together(2);
  std::atomic<int> answers = 0;
  std::atomic<int> broken_off = 0;
  std::vector<std::thread> pushing;
  for (const bool descending : {false, true}) {
    pushing.emplace_back([&, descending] {
      const auto database = server.connect();
      for (int round = 0; round < k_rounds; ++round) {
        together.arrive_and_wait();
        try {
          const auto reply = authority.push(*database, server.scope,
                                            {ClientId{"ann"}, one_batch(round * k_long_batch + 1, descending), {}});
          answers += static_cast<int>(reply.applied.size());
        } catch (const Error&) {
          ++broken_off;  // by Postgres, which found the ring
        }
      }
    });
  }
  for (auto& thread : pushing) thread.join();
  CHECK(broken_off.load() == 0);
  CHECK(answers.load() == 2 * k_rounds * k_long_batch);
  CHECK(server.column("SELECT DISTINCT rev FROM tether_records") == std::vector{std::to_string(k_rounds)});
}

}  // namespace
}  // namespace tether::authority
