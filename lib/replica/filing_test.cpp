// SPDX-License-Identifier: MIT
// What people do to a file while a batch is on the wire, and what its outcomes then change.
#include "replica/filing.hpp"

#include "replica/log.hpp"
#include "replica/peer_fixture.hpp"

namespace tether::replica {
namespace {

using protocol::PushReply;
using protocol::PushRequest;

/// A create that was rejected and, behind it, an update that waits; while that is on the wire, a person retries the
/// create, so that one new mutation takes the place of both.
struct SupersededOnTheWire : Desk {
  MutationId rejected = create(file, "a", R"({"n":1})")->mutation_id;

  PushReport push_and_answer(const std::function<PushReply(const PushRequest&)>& reply) {
    server.reply_to_push([](const PushRequest& request) { return all_rejected(request, "validation_failed"); });
    push();
    update(file, "a", R"({"n":2})");
    server.reply_to_push([&](const PushRequest& request) {
      File other = File::open(path, clock, random);
      retry_failed(other, {rejected});
      return reply(request);
    });
    return push();
  }
};

TEST_CASE("a conflict of what a retry superseded meanwhile is nobody's to resolve, and the retry shows over theirs") {
  SupersededOnTheWire desk;
  const PushReport report = desk.push_and_answer([](const PushRequest& request) {
    protocol::ConflictReport conflict{.mutation_id = request.mutations[0].mutation_id,
                                      .server_state = R"({"n":9,"by":"ben","tether_id":"a"})"};
    conflict.server_rev = Rev{5};
    PushReply reply;
    reply.conflicts.push_back(conflict);
    return reply;
  });
  CHECK(report.conflicts == 0);
  CHECK(rows(desk.file.database(), "SELECT count(*) FROM tether_conflicts") == "0");
  CHECK(desk.statuses() == "failed\nfailed\npending");
  CHECK(record_of(desk.file, "a") == R"({"n":2,"by":"ben"}|0|3|5|3|{"n":9,"by":"ben"}|0)");
  CHECK(desk.differences().empty());
}

TEST_CASE("a refusal of what a retry superseded meanwhile is not reported: nothing is left to do about it") {
  for (const char* reason : {"validation_failed", "error"}) {
    CAPTURE(reason);
    SupersededOnTheWire desk;
    const PushReport report =
        desk.push_and_answer([&](const PushRequest& request) { return all_rejected(request, reason); });
    CHECK(report.failed == 0);
    CHECK(report.skipped == 0);
    CHECK(report.rejections.empty());
    CHECK(desk.statuses() == "failed\nfailed\npending");
    CHECK(desk.differences().empty());
  }
}

}  // namespace
}  // namespace tether::replica
