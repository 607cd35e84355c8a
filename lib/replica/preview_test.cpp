// SPDX-License-Identifier: MIT
#include "replica/preview.hpp"

#include <doctest/doctest.h>

#include "replica/outbound_mapping.hpp"
#include "replica/peer_fixture.hpp"

namespace tether::replica {
namespace {

using Kind = Foreseen::Kind;

/// A laptop whose server tells what a push would do.
struct Teller : Desk {
  PreviewReport preview(std::int64_t most = 50'000, std::chrono::milliseconds deadline = {}) {
    Exchange exchange(testing::every_way_is(server), clock, random, {.deadline = deadline, .backoff = {}}, {});
    return replica::preview(file, exchange, {.mutations_max = most});
  }
  void tell(std::function<protocol::PushReply(const protocol::PushRequest&)> reply) {
    server.on_preview = [reply = std::move(reply)](const protocol::PushRequest& request) -> Answer {
      protocol::PushReply answer = reply(request);
      answer.preview = true;
      return Reply{protocol::encode(answer)};
    };
  }
};

TEST_CASE("with nothing pending the server is not asked") {
  Teller desk;
  CHECK(desk.preview().asked.empty());
  CHECK(desk.server.previews.empty());
}

TEST_CASE("each pending mutation is told what would become of it, and nothing of the file changes") {
  Teller desk;
  for (const char* id : {"a", "b", "c", "d"}) create(desk.file, id, R"({"title":"x"})");
  const std::string logged = "SELECT sync_status, updated_at, retry_count FROM tether_mutation_logs";
  const std::string before = rows(desk.file.database(), logged, 3);
  desk.tell([](const protocol::PushRequest& request) {
    protocol::PushReply reply;
    reply.applied = {request.mutations[0].mutation_id, request.mutations[1].mutation_id};
    reply.merged = {request.mutations[1].mutation_id};
    reply.rejected.push_back({request.mutations[2].mutation_id, "validation_failed", R"({"messages":{}})"});
    protocol::ConflictReport conflict;
    conflict.mutation_id = request.mutations[3].mutation_id;
    conflict.fields = {"title"};
    reply.conflicts.push_back(conflict);
    return reply;
  });
  const PreviewReport report = desk.preview();
  CHECK(report.end == End::done);
  CHECK(report.pending == 4);
  REQUIRE(report.asked.size() == 4);
  CHECK(report.asked[0].kind == Kind::applied);
  CHECK(report.asked[1].kind == Kind::merged);
  CHECK(report.asked[2].kind == Kind::rejected);
  CHECK(report.asked[2].reason == "validation_failed");
  CHECK(report.asked[2].data == R"({"messages":{}})");
  CHECK(report.asked[3].kind == Kind::conflict);
  CHECK(report.asked[3].fields == std::vector<std::string>{"title"});
  CHECK(report.asked[3].key == task("d"));
  CHECK(rows(desk.file.database(), logged, 3) == before);
  CHECK(desk.server.pushes.empty());
}

TEST_CASE("an answer that does not say that it is a preview is none") {
  Teller desk;
  create(desk.file, "a", "{}");
  desk.server.on_preview = [](const protocol::PushRequest& request) -> Answer {
    return Reply{protocol::encode(all_applied(request))};
  };
  CHECK_THROWS_WITH_AS(desk.preview(), "the server answered a preview as if it were a push", Error);
}

TEST_CASE("a server that offers no preview is told from one that is away") {
  Teller desk;
  create(desk.file, "a", "{}");
  CHECK_THROWS_AS(desk.preview(), NoPreview);
  desk.server.on_preview = [](const protocol::PushRequest&) -> Answer { return Unreachable{.reason = "away"}; };
  CHECK(desk.preview().end == End::unreachable);
  desk.server.on_preview = [](const protocol::PushRequest&) -> Answer { return Forbidden{.reason = "no"}; };
  CHECK(desk.preview().end == End::forbidden);
}

TEST_CASE("one request is asked, and what it cannot hold is counted and not asked") {
  Teller desk;
  for (int i = 0; i < 5; ++i) create(desk.file, "t" + std::to_string(i), "{}");
  desk.tell(all_applied);
  const PreviewReport report = desk.preview(3);
  CHECK(desk.server.previews.size() == 1);
  CHECK(report.pending == 5);
  CHECK(report.asked.size() == 3);
}

TEST_CASE("another attempt asks about what is pending by then, and with all that it says") {
  Teller desk;
  create(desk.file, "a", R"({"title":"x"})");
  std::vector<std::string> payloads;
  desk.server.on_preview = [&](const protocol::PushRequest& request) -> Answer {
    for (const protocol::Mutation& mutation : request.mutations) payloads.push_back(mutation.payload);
    if (request.mutations.size() == 1) {
      create(desk.file, "b", R"({"title":"y"})");
      return Unreachable{.reason = "busy", .worth_retrying = true};
    }
    protocol::PushReply reply = all_applied(request);
    reply.preview = true;
    return Reply{protocol::encode(reply)};
  };
  const PreviewReport report = desk.preview(50'000, std::chrono::minutes(1));
  CHECK(payloads == std::vector<std::string>{R"({"title":"x"})", R"({"title":"x"})", R"({"title":"y"})"});
  CHECK(report.pending == 2);
  CHECK(report.asked.size() == 2);
}

TEST_CASE("a request that is refused for its size is halved until it passes") {
  Teller desk;
  for (int i = 0; i < 8; ++i) create(desk.file, "t" + std::to_string(i), "{}");
  desk.server.on_preview = [](const protocol::PushRequest& request) -> Answer {
    if (request.mutations.size() > 3) throw Error(ErrorCode::too_large, "413");
    protocol::PushReply reply = all_applied(request);
    reply.preview = true;
    return Reply{protocol::encode(reply)};
  };
  CHECK(desk.preview().asked.size() == 2);
  desk.server.on_preview = [](const protocol::PushRequest&) -> Answer { throw Error(ErrorCode::too_large, "413"); };
  CHECK_THROWS_AS(desk.preview(), Error);
}

TEST_CASE("a server that was restored says nothing of what a push would do") {
  Teller desk;
  sql::in_transaction(desk.file.database(), sql::Access::write, [&](sql::Transaction& transaction) {
    set_state(transaction, "epoch", "first", desk.clock.now());
  });
  create(desk.file, "a", "{}");
  desk.tell([](const protocol::PushRequest&) {
    protocol::PushReply reply;
    reply.epoch = "second";
    return reply;
  });
  const PreviewReport report = desk.preview();
  CHECK(report.server_restored);
  CHECK(report.asked.empty());
  CHECK(report.pending == 1);
}

TEST_CASE("a preview is asked with what would be sent, and answered by the names here") {
  Teller desk;
  sql::in_transaction(desk.file.database(), sql::Access::write, [&](sql::Transaction& transaction) {
    change_mapping_setting(transaction, "models.Task.rename.title", "name", desk.clock.now());
    change_mapping_setting(transaction, "models.Task.drop", "secret", desk.clock.now());
  });
  create(desk.file, "a", R"({"title":"Pump","secret":"x"})");
  desk.tell([](const protocol::PushRequest& request) {
    protocol::PushReply reply;
    protocol::ConflictReport report;
    report.mutation_id = request.mutations.at(0).mutation_id;
    report.fields = {"name"};
    reply.conflicts.push_back(report);
    return reply;
  });
  const PreviewReport report = desk.preview();
  CHECK(desk.server.previews.at(0).mutations.at(0).payload == R"({"name":"Pump"})");
  CHECK(report.asked.at(0).fields == std::vector<std::string>{"title"});
}

TEST_CASE("a preview names what would be lost by the names here, and what would not be decided now") {
  Teller desk;
  sql::in_transaction(desk.file.database(), sql::Access::write, [&](sql::Transaction& transaction) {
    change_mapping_setting(transaction, "models.Task.rename.title", "name", desk.clock.now());
  });
  for (const char* id : {"a", "b"}) create(desk.file, id, R"({"title":"x"})");
  desk.tell([](const protocol::PushRequest& request) {
    protocol::PushReply reply;
    reply.applied = {request.mutations[0].mutation_id};
    reply.merged = reply.applied;
    reply.lost = {{.mutation_id = reply.applied[0], .fields = {"name"}, .sent = R"({"name":"x"})"}};
    reply.rejected.push_back({request.mutations[1].mutation_id, "error", "{}"});
    return reply;
  });
  const PreviewReport report = desk.preview();
  CHECK(report.asked.at(0).kind == Kind::merged);
  CHECK(report.asked.at(0).fields == std::vector<std::string>{"title"});
  CHECK(report.asked.at(0).lost == R"({"fields":["title"],"sent":{"title":"x"},"stands":{}})");
  CHECK(report.asked.at(1).kind == Kind::undecided);
  CHECK(report.asked.at(1).reason == "error");
}

}  // namespace
}  // namespace tether::replica
