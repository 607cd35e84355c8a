// SPDX-License-Identifier: MIT
#include "replica/push.hpp"

#include <ctime>

#include "replica/peer_fixture.hpp"

namespace tether::replica {
namespace {

using protocol::PushReply;
using protocol::PushRequest;

std::string sent_ids(const ScriptedServer& server) {
  std::string ids;
  for (const PushRequest& request : server.pushes) {
    for (const protocol::Mutation& mutation : request.mutations) ids += mutation.entity_id.value + " ";
    ids += "| ";
  }
  return ids;
}

TEST_CASE("with nothing pending no request is made") {
  Desk desk;
  CHECK(desk.push().end == End::done);
  CHECK(desk.server.pushes.empty());
}

TEST_CASE("pending mutations go in log order, batch by batch, and become synced") {
  Desk desk;
  create(desk.file, "a", R"({"n":1})");
  create(desk.file, "b", R"({"n":2})");
  update(desk.file, "a", R"({"n":3})");
  desk.server.reply_to_push(all_applied);
  const PushReport report = desk.push(2);
  CHECK(report.end == End::done);
  CHECK(report.pushed == 3);
  CHECK(sent_ids(desk.server) == "a b | a | ");
  CHECK(desk.server.pushes[0].client_id == desk.file.client_id());
  CHECK(desk.server.pushes[0].sent_at_ms.has_value());
  CHECK(desk.statuses() == "synced\nsynced\nsynced");
  CHECK(record_of(desk.file, "a") == R"({"n":3}|0|2|2|NULL|NULL|0)");
  CHECK(desk.differences().empty());
}

TEST_CASE("a batch is cut off before its text grows too long") {
  Desk desk;
  const std::string large = R"({"text":")" + std::string(1'000'000, 'x') + R"("})";
  for (const char* id : {"a", "b", "c", "d", "e"}) create(desk.file, id, large);
  desk.push_all_applied();
  CHECK(sent_ids(desk.server) == "a b c d | e | ");
}

TEST_CASE("offline is an outcome: everything stays pending and the reason is remembered") {
  Desk desk;
  create(desk.file, "a", "{}");
  desk.server.on_push = [](const PushRequest&) -> Answer {
    return Unreachable{.reason = "connection refused", .retry_after = {}};
  };
  const PushReport report = desk.push();
  CHECK(report.end == End::unreachable);
  CHECK(report.reason == "connection refused");
  CHECK(desk.statuses() == "pending");
  CHECK(desk.remembered("last_push_reason") == "connection refused");
  desk.push_all_applied();
  CHECK(desk.remembered("last_push_reason").empty());
}

TEST_CASE("forbidden stops and keeps everything") {
  Desk desk;
  create(desk.file, "a", "{}");
  desk.server.on_push = [](const PushRequest&) -> Answer { return Forbidden{"the token is wrong"}; };
  CHECK(desk.push().end == End::forbidden);
  CHECK(desk.statuses() == "pending");
}

TEST_CASE("an answer that makes no sense leaves the batch pending") {
  Desk desk;
  create(desk.file, "a", "{}");
  create(desk.file, "b", "{}");
  const auto fault_for = [&](std::function<PushReply(const PushRequest&)> reply) {
    desk.server.reply_to_push(std::move(reply));
    return fault_of([&] { desk.push(); });
  };
  SUBCASE("a mutation is not answered") {
    CHECK(fault_for([](const PushRequest& request) {
            return PushReply{.applied = {request.mutations[0].mutation_id}};
          }) == ErrorCode::unexpected_reply);
  }
  SUBCASE("a mutation is answered twice") {
    CHECK(fault_for([](const PushRequest& request) {
            PushReply reply = all_applied(request);
            reply.rejected.push_back({request.mutations[0].mutation_id, "not_found"});
            return reply;
          }) == ErrorCode::unexpected_reply);
  }
  SUBCASE("a mutation is answered that was not sent") {
    CHECK(fault_for([](const PushRequest& request) {
            PushReply reply = all_applied(request);
            reply.applied.push_back(MutationId{"01ARZ3NDEKTSV4RRFFQ69G5FAV"});
            return reply;
          }) == ErrorCode::unexpected_reply);
  }
  SUBCASE("a rev is given for a mutation that was not sent") {
    CHECK(fault_for([](const PushRequest& request) {
            PushReply reply = all_applied(request);
            reply.revs.emplace_back(MutationId{"01ARZ3NDEKTSV4RRFFQ69G5FAV"}, Rev{1});
            return reply;
          }) == ErrorCode::unexpected_reply);
  }
  SUBCASE("it is no JSON of ours") {
    for (const char* body : {"", "[]", "null", "{", "<html>", R"({"applied":[1]})", R"({"applied":"x"})"}) {
      desk.server.on_push = [&](const PushRequest&) -> Answer { return Reply{body}; };
      CHECK(fault_of([&] { desk.push(); }) == ErrorCode::unexpected_reply);
    }
  }
  CHECK(desk.statuses() == "pending\npending");
}

TEST_CASE("a reply cut anywhere changes nothing, and the same ids go again") {
  Desk desk;
  const MutationId id = create(desk.file, "a", R"({"n":1})")->mutation_id;
  const std::string whole = protocol::encode(PushReply{.applied = {id}, .revs = {{id, Rev{1}}}});
  for (std::size_t length = 0; length < whole.size(); ++length) {
    desk.server.on_push = [&](const PushRequest&) -> Answer { return Reply{whole.substr(0, length)}; };
    REQUIRE(fault_of([&] { desk.push(); }) == ErrorCode::unexpected_reply);
  }
  desk.server.on_push = [&](const PushRequest&) -> Answer { return Reply{whole}; };
  CHECK(desk.push().pushed == 1);
  for (const PushRequest& request : desk.server.pushes) REQUIRE(request.mutations[0].mutation_id == id);
}

TEST_CASE("what was filed before a later batch fails stays filed") {
  Desk desk;
  create(desk.file, "a", "{}");
  create(desk.file, "b", "{}");
  desk.server.on_push = [&](const PushRequest& request) -> Answer {
    if (desk.server.pushes.size() == 2) throw Error(ErrorCode::unexpected_reply, "the line went dead");
    return Reply{protocol::encode(all_applied(request))};
  };
  CHECK(fault_of([&] { desk.push(1); }) == ErrorCode::unexpected_reply);
  CHECK(desk.statuses() == "synced\npending");
}

TEST_CASE("a rejected mutation fails, stays laid over the record and blocks nothing") {
  Desk desk;
  create(desk.file, "a", R"({"n":1})");
  create(desk.file, "b", R"({"n":2})");
  desk.server.reply_to_push([](const PushRequest& request) {
    PushReply reply;
    reply.rejected.push_back({request.mutations[0].mutation_id, "validation_failed", R"({"messages":{"n":["odd"]}})"});
    reply.applied.push_back(request.mutations[1].mutation_id);
    return reply;
  });
  const PushReport report = desk.push();
  CHECK(report.pushed == 1);
  CHECK(report.failed == 1);
  REQUIRE(report.rejections.size() == 1);
  CHECK(report.rejections[0].reason == "validation_failed");
  CHECK(rows(desk.file.database(),
             "SELECT sync_status, rejection_reason, rejection_data FROM tether_mutation_logs ORDER BY id",
             3) == "failed|validation_failed|{\"messages\":{\"n\":[\"odd\"]}}\nsynced|NULL|NULL");
  CHECK(record_of(desk.file, "a") == R"({"n":1}|0|1|0|1|NULL|0)");
  CHECK(desk.differences().empty());
}

TEST_CASE("an error is tried again by the next pushes, three times in all") {
  Desk desk;
  create(desk.file, "a", R"({"n":1})");
  desk.server.reply_to_push([](const PushRequest& request) { return all_rejected(request, "error"); });
  const PushReport first = desk.push();
  CHECK(first.skipped == 1);
  CHECK(first.failed == 0);
  CHECK(desk.server.pushes.size() == 1);  // once per push
  CHECK(desk.push().skipped == 1);
  CHECK(desk.statuses() == "pending");
  const PushReport last = desk.push();
  CHECK(last.skipped == 0);
  CHECK(last.failed == 1);
  CHECK(desk.statuses() == "failed");
  desk.push();
  CHECK(desk.server.pushes.size() == 3);
}

TEST_CASE("a duplicate counts as applied") {
  Desk desk;
  create(desk.file, "a", R"({"n":1})");
  desk.server.reply_to_push([](const PushRequest& request) { return all_rejected(request, "duplicate"); });
  CHECK(desk.push().pushed == 1);
  CHECK(desk.statuses() == "synced");
  CHECK(record_of(desk.file, "a") == R"({"n":1}|0|1|0|NULL|NULL|0)");
}

TEST_CASE("an acknowledged edit becomes the base beneath those still open") {
  Desk desk;
  create(desk.file, "a", R"({"n":1,"t":"x"})");
  desk.server.reply_to_push([&](const PushRequest& request) {
    if (desk.server.pushes.size() == 1) update(desk.file, "a", R"({"n":2})");  // written while on the wire
    return all_applied(request);
  });
  CHECK(desk.push(1).pushed == 1);
  CHECK(record_of(desk.file, "a") == R"({"n":2,"t":"x"}|0|2|1|2|{"n":1,"t":"x"}|0)");
  CHECK(desk.differences().empty());
  CHECK(desk.push(1).pushed == 1);
  CHECK(record_of(desk.file, "a") == R"({"n":2,"t":"x"}|0|2|2|NULL|NULL|0)");
}

TEST_CASE("an acknowledged delete leaves a deleted record") {
  Desk desk;
  create(desk.file, "a", R"({"n":1})");
  remove(desk.file, "a");
  desk.push_all_applied();
  CHECK(record_of(desk.file, "a") == "{}|1|2|2|NULL|NULL|0");
}

TEST_CASE("a failed edit is dealt with once a later one, which carries the whole record, is acknowledged") {
  Desk desk;
  create(desk.file, "a", R"({"n":1,"t":"x"})");
  desk.push_all_applied();
  update(desk.file, "a", R"({"n":2})");
  update(desk.file, "a", R"({"t":"y"})");
  desk.server.reply_to_push([](const PushRequest& request) {
    PushReply reply;
    reply.rejected.push_back({request.mutations[0].mutation_id, "forbidden"});
    reply.applied.push_back(request.mutations[1].mutation_id);
    reply.revs.emplace_back(request.mutations[1].mutation_id, Rev{2});
    return reply;
  });
  CHECK(desk.push().failed == 1);
  CHECK(record_of(desk.file, "a") == R"({"n":2,"t":"y"}|0|3|2|NULL|NULL|0)");
  CHECK(desk.differences().empty());
}

TEST_CASE("a merged edit keeps the present view until the pull brings what is stored") {
  Desk desk;
  create(desk.file, "a", R"({"n":1})");
  desk.push_all_applied();
  update(desk.file, "a", R"({"n":2})");
  desk.server.reply_to_push([](const PushRequest& request) {
    PushReply reply = all_applied(request);
    reply.merged = {request.mutations[0].mutation_id};
    return reply;
  });
  desk.push();
  CHECK(record_of(desk.file, "a") == R"({"n":2}|0|2|1|NULL|NULL|0)");
  desk.pull_page({snapshot("a", R"({"n":2,"t":"theirs"})", 2)}, 10);
  CHECK(record_of(desk.file, "a") == R"({"n":2,"t":"theirs"}|0|2|2|NULL|NULL|0)");
}

TEST_CASE("an old answer does not move the base back behind what a pull has brought") {
  Desk desk;
  create(desk.file, "a", R"({"n":1})");
  desk.push_all_applied();
  update(desk.file, "a", R"({"n":2})");
  // The server took it as rev 2 and the answer was lost; someone else made rev 3, which arrives first.
  desk.pull_page({snapshot("a", R"({"n":3})", 3)}, 10);
  CHECK(record_of(desk.file, "a") == R"({"n":2}|0|2|3|2|{"n":3}|0)");
  desk.push_all_applied();
  CHECK(record_of(desk.file, "a") == R"({"n":3}|0|2|3|NULL|NULL|0)");
  CHECK(desk.differences().empty());
}

TEST_CASE("rows that a killed client of the original family left as syncing are sent") {
  Desk desk;
  create(desk.file, "a", "{}");
  desk.as_other_program("UPDATE tether_mutation_logs SET sync_status = 'syncing'");
  desk.push_all_applied();
  CHECK(desk.statuses() == "synced");
}

protocol::ConflictReport lost_to(const protocol::Mutation& mutation, std::string_view state, std::int64_t rev) {
  protocol::ConflictReport report;
  report.mutation_id = mutation.mutation_id;
  report.server_state = state;
  report.server_updated_at_us = 1;
  report.server_rev = Rev{rev};
  return report;
}

TEST_CASE("after a conflict theirs stands and mine is kept") {
  Desk desk;
  create(desk.file, "a", R"({"n":1,"t":"x"})");
  desk.push_all_applied();
  update(desk.file, "a", R"({"n":2})");
  desk.server.reply_to_push([](const PushRequest& request) {
    return PushReply{.conflicts = {lost_to(request.mutations[0], R"({"tether_id":"a","n":7,"t":"x"})", 5)}};
  });
  CHECK(desk.push().conflicts == 1);
  CHECK(desk.statuses() == "synced\nconflict");
  CHECK(record_of(desk.file, "a") == R"({"n":7,"t":"x"}|0|2|5|NULL|NULL|0)");
  CHECK(rows(desk.file.database(),
             "SELECT operation, base, mine, theirs, theirs_deleted, theirs_rev, resolved_at FROM tether_conflicts",
             7) == R"(update|{"n":1,"t":"x"}|{"n":2,"t":"x"}|{"n":7,"t":"x"}|0|5|NULL)");
  CHECK(desk.differences().empty());
}

TEST_CASE("what a losing edit added was not there before it, and what it set from null was null") {
  Desk desk;
  create(desk.file, "a", R"({"title":"a","due":null})");
  desk.push_all_applied();
  update(desk.file, "a", R"({"note":"mine","due":5})");
  desk.server.reply_to_push([](const PushRequest& request) {
    protocol::ConflictReport conflict{.mutation_id = request.mutations[0].mutation_id,
                                      .server_state = R"({"title":"b","tether_id":"a"})"};
    conflict.server_rev = Rev{2};
    PushReply reply;
    reply.conflicts.push_back(conflict);
    return reply;
  });
  desk.push();
  CHECK(rows(desk.file.database(), "SELECT base FROM tether_conflicts") == R"({"title":"a","due":null})");
}

TEST_CASE("an edit that lost against a delete leaves a deleted record") {
  Desk desk;
  create(desk.file, "a", R"({"n":1})");
  desk.push_all_applied();
  update(desk.file, "a", R"({"n":2})");
  desk.server.reply_to_push([](const PushRequest& request) {
    protocol::ConflictReport report = lost_to(request.mutations[0], "{}", 5);
    report.deleted = true;
    return PushReply{.conflicts = {report}};
  });
  desk.push();
  CHECK(record_of(desk.file, "a") == "{}|1|2|5|NULL|NULL|0");
  CHECK(rows(desk.file.database(), "SELECT mine, theirs, theirs_deleted FROM tether_conflicts", 3) ==
        R"({"n":2}|{}|1)");
}

TEST_CASE("a delete that lost brings the record back") {
  Desk desk;
  create(desk.file, "a", R"({"n":1})");
  desk.push_all_applied();
  remove(desk.file, "a");
  desk.server.reply_to_push([](const PushRequest& request) {
    return PushReply{.conflicts = {lost_to(request.mutations[0], R"({"tether_id":"a","n":7})", 5)}};
  });
  desk.push();
  CHECK(record_of(desk.file, "a") == R"({"n":7}|0|2|5|NULL|NULL|0)");
  CHECK(rows(desk.file.database(), "SELECT operation, base, mine FROM tether_conflicts", 3) == R"(delete|{"n":1}|{})");
}

TEST_CASE("an edit written after the losing one is laid over theirs") {
  Desk desk;
  create(desk.file, "a", R"({"n":1,"t":"x"})");
  desk.push_all_applied();
  update(desk.file, "a", R"({"n":2})");
  desk.server.reply_to_push([&](const PushRequest& request) {
    update(desk.file, "a", R"({"t":"y"})");
    return PushReply{.conflicts = {lost_to(request.mutations[0], R"({"tether_id":"a","n":7,"t":"x"})", 5)}};
  });
  desk.push(1);
  CHECK(record_of(desk.file, "a") == R"({"n":7,"t":"y"}|0|3|5|3|{"n":7,"t":"x"}|0)");
  desk.server.reply_to_push([](const PushRequest& request) {
    PushReply reply = all_applied(request);
    reply.revs[0].second = Rev{6};
    return reply;
  });
  desk.push();
  CHECK(record_of(desk.file, "a") == R"({"n":2,"t":"y"}|0|3|6|NULL|NULL|0)");  // the whole row, as it was sent
  CHECK(desk.differences().empty());
}

double seconds_to_push_edits_of_one_entity(std::int64_t count) {
  Desk desk;
  create(desk.file, "a", R"({"n":0})");
  sql::in_transaction(desk.file.database(), sql::Access::write, [&](sql::Transaction& transaction) {
    Recorder recorder(desk.file, transaction);
    for (std::int64_t n = 1; n < count; ++n) recorder.update(task("a"), R"({"n":)" + std::to_string(n) + "}");
  });
  const std::clock_t before = std::clock();
  desk.push_all_applied();
  return static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC;
}

TEST_CASE("ten times as many edits of one entity take about ten times as long to push") {
  const double few = seconds_to_push_edits_of_one_entity(2'000);
  const double many = seconds_to_push_edits_of_one_entity(20'000);
  CHECK(many < few * 25);
}

}  // namespace
}  // namespace tether::replica
