// SPDX-License-Identifier: MIT
#include "replica/outbound_mapping.hpp"

#include <doctest/doctest.h>

#include "replica/conflicts.hpp"
#include "replica/peer_fixture.hpp"

namespace tether::replica {
namespace {

/// A laptop that calls some fields otherwise than its server.
struct Translator : Desk {
  std::int64_t set(const std::string& name, std::optional<std::string_view> value) {
    return sql::in_transaction(file.database(), sql::Access::write, [&](sql::Transaction& transaction) {
      return change_mapping_setting(transaction, "models.Task." + name, value, clock.now());
    });
  }
  std::string sent(std::size_t request, std::size_t mutation = 0) {
    return server.pushes.at(request).mutations.at(mutation).payload;
  }
  std::string live(const std::string& id) {
    return rows(file.database(), "SELECT payload FROM tether_records WHERE entity_id = '" + id + "'");
  }
  void lose_replies() {
    server.on_push = [](const protocol::PushRequest&) -> Answer { return Unreachable{.reason = "the reply was lost"}; };
  }
};

TEST_CASE("what is sent is mapped, and the record keeps its own names and what stays here") {
  Translator desk;
  desk.set("rename.title", "name");
  desk.set("drop", "secret");
  create(desk.file, "a", R"({"title":"Pump","secret":"x"})");
  desk.push_all_applied();
  CHECK(desk.sent(0) == R"({"name":"Pump"})");
  CHECK(record_of(desk.file, "a") == R"({"title":"Pump","secret":"x"}|0|1|1|NULL|NULL|0)");
  desk.pull_page({snapshot("a", R"({"name":"Valve","done":true})", 2)}, 10);
  CHECK(desk.live("a") == R"({"title":"Valve","done":true,"secret":"x"})");
}

TEST_CASE("before is mapped like the payload") {
  Translator desk;
  desk.set("rename.title", "name");
  desk.set("drop", "secret");
  create(desk.file, "a", R"({"title":"Pump","secret":"x"})");
  desk.push_all_applied();
  update(desk.file, "a", R"({"title":"Valve","secret":"y"})");
  desk.push_all_applied();
  CHECK(desk.server.pushes.at(1).mutations.at(0).before == R"({"name":"Pump"})");
  CHECK(desk.differences() == "");
}

TEST_CASE("what is forced is in the record once the server took it, also beneath newer edits") {
  Translator desk;
  desk.set("set.source", "laptop-7");
  create(desk.file, "a", R"({"title":"Pump"})");
  desk.server.reply_to_push([&](const protocol::PushRequest& request) {
    update(desk.file, "a", R"({"title":"Valve"})");  // while the create is on the wire
    desk.server.reply_to_push(all_applied);
    return all_applied(request);
  });
  REQUIRE(desk.push(1).end == End::done);
  CHECK(desk.sent(0) == R"({"title":"Pump","source":"laptop-7"})");
  CHECK(desk.differences() == "");
  desk.push_all_applied();
  CHECK(desk.live("a") == R"({"title":"Valve","source":"laptop-7"})");
  CHECK(desk.differences() == "");
}

TEST_CASE("an update of nothing but what stays here is never sent, and ends as synced") {
  Translator desk;
  desk.set("drop", "secret");
  create(desk.file, "a", R"({"title":"Pump"})");
  update(desk.file, "a", R"({"secret":"x"})");
  desk.push_all_applied();
  CHECK(desk.server.pushes.size() == 1);
  CHECK(desk.server.pushes.at(0).mutations.size() == 1);
  CHECK(desk.statuses() == "synced\nsynced");
  CHECK(record_of(desk.file, "a") == R"({"title":"Pump","secret":"x"}|0|2|1|NULL|NULL|0)");
  update(desk.file, "a", R"({"secret":"y"})");
  desk.push_all_applied();
  CHECK(desk.server.pushes.size() == 1);
  CHECK(desk.live("a") == R"({"title":"Pump","secret":"y"})");
  CHECK(desk.differences() == "");
}

TEST_CASE("what stays here survives a pull between two attempts of the edit that wrote it") {
  Translator desk;
  desk.set("drop", "secret");
  create(desk.file, "a", R"({"title":"Pump","secret":"x"})");
  desk.push_all_applied();
  update(desk.file, "a", R"({"title":"Valve","secret":"y"})");
  desk.lose_replies();
  CHECK(desk.push().end == End::unreachable);
  desk.pull_page({snapshot("a", R"({"title":"Valve"})", 2)}, 10);
  CHECK(desk.differences() == "");
  desk.push_all_applied();
  CHECK(desk.live("a") == R"({"title":"Valve","secret":"y"})");
  CHECK(desk.differences() == "");
}

TEST_CASE("what the log keeps of a conflict names the fields as they are called here, as a preview does") {
  Translator desk;
  desk.set("rename.title", "name");
  create(desk.file, "a", R"({"title":"Pump"})");
  desk.push_all_applied();
  update(desk.file, "a", R"({"title":"Pump A"})");
  desk.server.reply_to_push([](const protocol::PushRequest& request) {
    protocol::PushReply reply;
    protocol::ConflictReport report;
    report.mutation_id = request.mutations.at(0).mutation_id;
    report.server_state = R"({"tether_id":"a","name":"Pump B"})";
    report.fields = {"name"};
    reply.conflicts.push_back(report);
    return reply;
  });
  desk.push();
  const auto kept = [&](std::string_view member) {
    return rows(desk.file.database(),
                "SELECT rejection_data ->> '" + std::string(member) + "' FROM tether_mutation_logs WHERE id = 2");
  };
  CHECK(kept("$.fields") == R"(["title"])");
  CHECK(kept("$.server_state") == R"({"tether_id":"a","title":"Pump B"})");
}

TEST_CASE("what the log keeps of a refusal names the fields as they are called here") {
  Translator desk;
  desk.set("rename.title", "name");
  create(desk.file, "a", R"({"title":""})");
  desk.server.reply_to_push([](const protocol::PushRequest& request) {
    protocol::PushReply reply = all_rejected(request, "validation_failed");
    reply.rejected[0].data = R"({"messages":{"name":["must not be empty"],"other":["is missing"]},"by_program":true})";
    return reply;
  });
  const PushReport report = desk.push();
  constexpr std::string_view k_named_here =
      R"({"messages":{"title":["must not be empty"],"other":["is missing"]},"by_program":true})";
  CHECK(rows(desk.file.database(), "SELECT rejection_data FROM tether_mutation_logs") == k_named_here);
  CHECK(report.rejections.at(0).data == k_named_here);
}

TEST_CASE("a lost edit is shown by the names here, and what stays here is in no dispute") {
  Translator desk;
  desk.set("rename.title", "name");
  desk.set("drop", "secret");
  create(desk.file, "a", R"({"title":"Pump","secret":"x"})");
  desk.push_all_applied();
  update(desk.file, "a", R"({"title":"Pump A","secret":"y"})");
  desk.server.reply_to_push([](const protocol::PushRequest& request) {
    protocol::PushReply reply;
    protocol::ConflictReport report;
    report.mutation_id = request.mutations.at(0).mutation_id;
    report.server_state = R"({"tether_id":"a","name":"Pump B"})";
    report.server_rev = Rev{2};
    reply.conflicts.push_back(report);
    return reply;
  });
  CHECK(desk.push().conflicts == 1);
  CHECK(desk.live("a") == R"({"title":"Pump B","secret":"y"})");
  sql::in_transaction(desk.file.database(), sql::Access::read, [&](sql::Transaction& transaction) {
    const auto conflict = find_conflict(transaction, "a");
    REQUIRE(conflict.has_value());
    CHECK(conflict->theirs == R"({"title":"Pump B","secret":"y"})");
    CHECK(conflict->fields == std::vector<std::string>{"title"});
  });
  CHECK(desk.differences() == "");
}

TEST_CASE("a mutation that may have reached the server is sent the same, whatever is configured meanwhile") {
  Translator desk;
  create(desk.file, "a", R"({"title":"Pump","secret":"x"})");
  desk.lose_replies();
  desk.push();
  create(desk.file, "b", R"({"title":"Valve","secret":"x"})");
  CHECK(desk.set("drop", "secret") == 1);
  desk.push();
  CHECK(desk.set("rename.title", "name") == 2);
  create(desk.file, "c", R"({"title":"Seal","secret":"x"})");
  CHECK(desk.set("drop", std::nullopt) == 2);
  desk.push_all_applied();
  CHECK(desk.sent(0) == R"({"title":"Pump","secret":"x"})");
  CHECK(desk.sent(1, 0) == desk.sent(0));
  CHECK(desk.sent(1, 1) == R"({"title":"Valve"})");
  CHECK(desk.sent(2, 0) == desk.sent(0));
  CHECK(desk.sent(2, 1) == desk.sent(1, 1));
  CHECK(desk.sent(2, 2) == R"({"name":"Seal","secret":"x"})");
}

TEST_CASE("what was never offered is sent as configured since") {
  Translator desk;
  create(desk.file, "a", R"({"title":"Pump","secret":"x"})");
  CHECK(desk.set("drop", "secret") == 0);
  desk.push_all_applied();
  CHECK(desk.sent(0) == R"({"title":"Pump"})");
}

TEST_CASE("what was recorded while a push was killed counts as offered") {
  Translator desk;
  create(desk.file, "a", R"({"title":"Pump","secret":"x"})");
  desk.as_other_program("INSERT INTO tether_sync_state(key, value) VALUES ('offered', '9223372036854775807')");
  CHECK(desk.set("drop", "secret") == 1);
  desk.push_all_applied();
  CHECK(desk.sent(0) == R"({"title":"Pump","secret":"x"})");
}

TEST_CASE("what a restored server lost is sent to it again as it was sent first") {
  Translator desk;
  create(desk.file, "a", R"({"title":"Pump"})");
  desk.push_all_applied();
  desk.set("rename.title", "name");
  desk.file.database().execute_script("UPDATE tether_mutation_logs SET sync_status = 'pending'");
  desk.push_all_applied();
  CHECK(desk.sent(1) == desk.sent(0));
}

TEST_CASE("after a change of names everything is pulled once more") {
  Translator desk;
  desk.set("rename.title", "name");
  desk.pull_page({snapshot("a", R"({"title":"KEEP","name":"Pump"})", 1)}, 10);
  desk.set("rename.title", std::nullopt);
  desk.pull_page({snapshot("a", R"({"title":"KEEP","name":"Pump"})", 1)}, 10);
  CHECK(desk.server.pulls.back().cursor == std::nullopt);
  CHECK(desk.live("a") == R"({"title":"KEEP","name":"Pump"})");
}

TEST_CASE("a mapping that is none changes nothing") {
  Translator desk;
  desk.set("rename.a", "x");
  CHECK(fault_of([&] { desk.set("rename.b", "x"); }) == ErrorCode::usage);
  create(desk.file, "a", R"({"a":1,"b":2})");
  desk.push_all_applied();
  CHECK(desk.sent(0) == R"({"x":1,"b":2})");
}

}  // namespace
}  // namespace tether::replica
