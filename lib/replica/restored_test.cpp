// SPDX-License-Identifier: MIT
// What was acknowledged goes back in the queue, in steps; and what a restored server does not take again at once: put
// off, too large, or forbidden.
#include "replica/restored.hpp"

#include "replica/peer_fixture.hpp"
#include "replica/status.hpp"
#include "replica/upkeep.hpp"

namespace tether::replica {
namespace {

using protocol::PullReply;
using protocol::PullRequest;
using protocol::PushReply;
using protocol::PushRequest;
using protocol::Snapshot;

/// A record whose title went from a to b; both were acknowledged.
struct Restored : Desk {
  Restored() {
    create(file, "a", R"({"title":"a"})");
    push_all_applied();
    pull_from("one", {snapshot("a", R"({"title":"a"})", 1)}, 10);
    update(file, "a", R"({"title":"b"})");
    push_all_applied();
  }

  PullReport pull_from(const std::string& epoch, const std::vector<Snapshot>& snapshots, std::int64_t cursor) {
    server.reply_to_pull([=](const PullRequest&) {
      PullReply reply = page(snapshots, cursor);
      reply.epoch = epoch;
      return reply;
    });
    return pull();
  }

  /// The server is put back to the time of a, and puts off what it lost.
  void restore_and_put_off() {
    REQUIRE(pull_from("two", {snapshot("a", R"({"title":"a"})", 1)}, 5).push_first);
    server.reply_to_push([](const PushRequest& request) {
      PushReply reply = all_rejected(request, "error");
      reply.applied.push_back(reply.rejected[0].mutation_id);
      reply.rejected.erase(reply.rejected.begin());
      return reply;
    });
    CHECK(push().skipped == 1);
    CHECK(statuses() == "synced\npending");
  }
};

TEST_CASE("what a restored server puts off stays in sight through the pull, and the next edit carries it") {
  Restored desk;
  desk.restore_and_put_off();
  CHECK(record_of(desk.file, "a") == R"({"title":"b"}|0|2|0|2|{"title":"b"}|0)");
  desk.pull_from("two", {snapshot("a", R"({"title":"a"})", 1)}, 5);
  CHECK(record_of(desk.file, "a") == R"({"title":"b"}|0|2|1|2|{"title":"a"}|0)");
  update(desk.file, "a", R"({"note":"z"})");
  CHECK(rows(desk.file.database(), "SELECT payload FROM tether_mutation_logs WHERE id = 3") ==
        R"({"title":"b","note":"z"})");
  CHECK(desk.differences().empty());
  desk.push_all_applied();
  CHECK(desk.statuses() == "synced\nsynced\nsynced");
  CHECK(record_of(desk.file, "a") == R"({"title":"b","note":"z"}|0|3|3|NULL|NULL|0)");
}

TEST_CASE("what a restored server puts off does not come back over what someone wrote after it") {
  Restored desk;
  desk.pull_from("one", {snapshot("a", R"({"title":"theirs"})", 3)}, 20);
  desk.restore_and_put_off();
  CHECK(record_of(desk.file, "a") == R"({"title":"theirs"}|0|2|0|NULL|NULL|0)");
  CHECK(desk.differences().empty());
}

TEST_CASE("what a restored server refuses for its size stays in sight through the pull") {
  Restored desk;
  REQUIRE(desk.pull_from("two", {snapshot("a", R"({"title":"a"})", 1)}, 5).push_first);
  desk.server.on_push = [](const PushRequest&) -> Answer { throw Error(ErrorCode::too_large, "413"); };
  CHECK(desk.push().too_large);
  desk.pull_from("two", {snapshot("a", R"({"title":"a"})", 1)}, 5);
  CHECK(record_of(desk.file, "a") == R"({"title":"b"}|0|2|1|2|{"title":"a"}|0)");
  CHECK(desk.differences().empty());
}

/// More than a step takes, all acknowledged; then the server is restored.
struct Large : Desk {
  static constexpr std::int64_t k_rows = 12'000;

  Large() {
    file.database().execute_script(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000) "
        "INSERT INTO tether_mutation_logs(mutation_id, entity_id, model, operation, payload, version, timestamp, "
        "sync_status, synced_at) SELECT printf('01J00000000000000000%06d', i), 'e' || i, 'Task', 'create', "
        "'{\"n\":1}', "
        "1, 1763757000000, 'synced', '2025-11-21T20:30:00.000Z' FROM n;"
        "INSERT INTO tether_records(model, entity_id, payload, version, rev, updated_at) "
        "SELECT model, entity_id, payload, 1, 7, timestamp FROM tether_mutation_logs ORDER BY id;"
        "INSERT INTO tether_sync_state(key, value) VALUES ('epoch', 'one'), ('last_sync_cursor', '90')");
    server.reply_to_pull([](const PullRequest&) {
      PullReply reply = page({}, 5);
      reply.epoch = "two";
      return reply;
    });
  }

  /// Ctrl-C when it is looked at for the `looks`-th time; false where the pull ended before. `beside` is what someone
  /// else does at each look.
  bool pull_cut_off(
      int looks, const std::function<void()>& beside = [] {}) {
    Exchange exchange(testing::every_way_is(server), clock, random,
                      {.deadline = std::chrono::milliseconds(0), .backoff = {}}, [&] {
                        beside();
                        return --looks <= 0;
                      });
    return fault_of([&] { replica::pull(file, exchange, {}); }) == ErrorCode::interrupted;
  }
  std::int64_t count(const std::string& condition) {
    return std::stoll(rows(file.database(), "SELECT count(*) FROM tether_mutation_logs WHERE " + condition));
  }
};

TEST_CASE("cut off between any two steps of a new start, the next push goes on, in log order, and nothing is lost") {
  bool cut_off = true;
  int cuts = 0;
  for (int looks = 3; cut_off; ++looks) {
    Large desk;
    cut_off = desk.pull_cut_off(looks);
    cuts += cut_off ? 1 : 0;
    // From the first step on the file says what is to come.
    CHECK(status(desk.file).pending > 0);
    CHECK(status(desk.file).oldest_unsent->reason == "to be sent again, as the server was restored from a backup");
    CHECK(desk.remembered("last_sync_cursor").empty());
    CHECK(desk.differences().empty());
    const std::int64_t acknowledged = desk.count("sync_status = 'synced'");
    desk.clock.advance(std::chrono::hours(24 * 365));
    CHECK(compact(desk.file, std::chrono::hours(1)).log_rows == 0);
    CHECK(desk.count("sync_status = 'synced'") == acknowledged);
    create(desk.file, "later", R"({"n":2})");
    const auto pulls = desk.server.pulls.size();
    CHECK(desk.pull().push_first);
    CHECK(desk.server.pulls.size() == pulls);

    desk.server.reply_to_push(all_applied);
    CHECK(desk.push().pushed == Large::k_rows + 1);
    for (const PushRequest& request : desk.server.pushes) {
      CHECK(request.epoch == "two");
      std::string before;  // of several requests on the wire any may arrive first
      for (const protocol::Mutation& mutation : request.mutations) {
        CHECK_MESSAGE(before < mutation.mutation_id.value, mutation.mutation_id.value);
        before = mutation.mutation_id.value;
      }
    }
    CHECK(rows(desk.file.database(), "SELECT max(rev) FROM tether_records WHERE entity_id <> 'later'") == "0");
    CHECK(desk.count("sync_status <> 'synced'") == 0);
    CHECK(desk.pull().end == End::done);
    CHECK(desk.remembered("last_sync_cursor") == "5");
  }
  CHECK(cuts >= 6);  // three steps over the records and three over the log
}

TEST_CASE("someone may record between two steps of a new start") {
  Large desk;
  File other = desk.open();
  other.database().execute("PRAGMA busy_timeout = 0");
  int recorded = 0;
  CHECK_FALSE(desk.pull_cut_off(1'000, [&] { create(other, "beside" + std::to_string(++recorded), "{}"); }));
  CHECK(recorded >= 6);
  CHECK(status(desk.file).pending == Large::k_rows + recorded);
  desk.push_all_applied();
  CHECK(desk.count("sync_status <> 'synced'") == 0);
}

TEST_CASE("a file that only reads starts over without a push, also when it was cut off") {
  Large desk;
  desk.file.database().execute("DELETE FROM tether_mutation_logs");
  CHECK(desk.pull_cut_off(4));
  CHECK(status(desk.file).pending == 0);
  const PullReport report = desk.pull();
  CHECK_FALSE(report.push_first);
  CHECK(report.end == End::done);
  CHECK(desk.server.pulls.back().cursor == std::nullopt);
}

}  // namespace
}  // namespace tether::replica
