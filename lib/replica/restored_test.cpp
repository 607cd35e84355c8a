// SPDX-License-Identifier: MIT
// What a restored server does not take again at once: put off, too large, or forbidden.
#include "replica/restored.hpp"

#include "replica/peer_fixture.hpp"

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

}  // namespace
}  // namespace tether::replica
