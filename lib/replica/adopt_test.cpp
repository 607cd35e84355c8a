// SPDX-License-Identifier: MIT
#include "replica/adopt.hpp"

#include "replica/conflicts.hpp"
#include "replica/original_client_fixture.hpp"
#include "replica/peer_fixture.hpp"
#include "replica/upkeep.hpp"
#include "testing/world.hpp"

namespace tether::replica {
namespace {

constexpr std::string_view k_pump = "01M8009KF20QZDA82XZ0QYYX01";

constexpr std::string_view k_created_here =
    "INSERT INTO tether_mutation_logs(mutation_id, entity_id, model, operation, payload, version, timestamp, "
    "sync_status, synced_at) VALUES ('01M8009KF4AE6ZFNFM5EEX5EZ1', '01M8009KF20QZDA82XZ0QYYX01', 'Task', 'create', "
    "'{\"title\":\"pump\"}', 1, 1000, 'synced', '2026-11-21 20:49:00')";

constexpr std::string_view k_waiting_here =
    "INSERT INTO tether_mutation_logs(mutation_id, entity_id, model, operation, payload, version, timestamp) VALUES "
    "('01M8009KF4AE6ZFNFM5EEX5EZ2', '01M8009KF20QZDA82XZ0QYYX02', 'Task', 'create', '{\"title\":\"hose\"}', 1, 2000)";

/// The phone of the original client, from whose file this goes on.
struct Phone : Workbench {
  explicit Phone(std::string_view log) : file(adopted(log)) {}

  ScriptedServer server;
  File file;

  PushReport push() {
    Exchange exchange(testing::every_way_is(server), clock, random,
                      {.deadline = std::chrono::milliseconds(0), .backoff = {}}, {});
    return replica::push(file, exchange, {});
  }
  bool waits_for_pull() { return sql::in_transaction(file.database(), sql::Access::read, must_pull_first); }

 private:
  File adopted(std::string_view log) {
    as_other_program(k_original_client);
    as_other_program(log);
    adopt();
    return open();
  }
};

/// As the phone's own pull and the laptop's came to know it.
void let_the_laptop_rename_what_the_phone_made(testing::World& world) {
  const Answer made = world.wire().carry(
      Call::push,
      R"({"client_id":"phone-7","mutations":[{"mutation_id":"01M8009KF4AE6ZFNFM5EEX5EZ1",)"
      R"("entity_id":"01M8009KF20QZDA82XZ0QYYX01","model":"Task","operation":"create","payload":{"title":"pump"},)"
      R"("version":1,"timestamp":1000}]})");
  REQUIRE(std::holds_alternative<Reply>(made));
  testing::Laptop& ann = world.laptop("ann");
  ann.sync();
  ann.update("Task", std::string(k_pump), R"({"title":"valve"})");
  ann.sync();
}

}  // namespace

TEST_CASE("an edit in an adopted file does not revert what others wrote before it was adopted") {
  testing::World world(8);
  let_the_laptop_rename_what_the_phone_made(world);
  Phone phone(k_created_here);
  phone.clock.sleep_for(std::chrono::hours(24 * 400));
  File& file = phone.file;
  testing::FakeTransport transport(world.wire());
  Exchange exchange(testing::every_way_is(transport), phone.clock, phone.random, {}, {});
  SUBCASE("recorded before the first pull") {
    update(file, k_pump, R"({"done":true})");
    CHECK(push(file, exchange, {}).pushed == 1);
  }
  SUBCASE("recorded after it") {
    CHECK(pull(file, exchange, {}).pulled == 1);
    update(file, k_pump, R"({"done":true})");
    CHECK(push(file, exchange, {}).pushed == 1);
  }
  pull(file, exchange, {});
  CHECK(rows(file.database(), "SELECT payload FROM tether_records") == R"({"title":"valve","done":true})");
  world.laptop("ann").sync();
  CHECK(world.laptop("ann").show("Task", std::string(k_pump)) == R"({"title":"valve","done":true})");
}

TEST_CASE("an adopted file is pulled whole before anything is pushed, and says only what was changed in it") {
  Phone phone(std::string(k_created_here) + ";" + std::string(k_waiting_here));
  update(phone.file, k_pump, R"({"done":true})");
  phone.server.reply_to_push(all_applied);
  phone.server.reply_to_pull([&](const protocol::PullRequest&) {
    CHECK(phone.server.pushes.empty());
    return page({snapshot(k_pump, R"({"title":"valve"})", 2)}, 500);
  });
  CHECK(phone.push().pushed == 2);
  REQUIRE(phone.server.pulls.size() == 1);
  CHECK_FALSE(phone.server.pulls[0].cursor.has_value());
  CHECK(phone.server.pulls[0].full);
  const std::vector<protocol::Mutation>& sent = phone.server.pushes.at(0).mutations;
  CHECK(sent.at(0).payload == R"({"title":"hose"})");
  CHECK(sent.at(0).version == 1);
  CHECK(sent.at(0).timestamp_ms == 2000);
  CHECK(sent.at(1).payload == R"({"done":true})");
  CHECK(sent.at(1).before == R"({"done":null})");
  CHECK_FALSE(sent.at(1).base_rev.has_value());
  CHECK_FALSE(phone.waits_for_pull());

  update(phone.file, k_pump, R"({"n":1})");
  phone.push();
  CHECK(phone.server.pulls.size() == 1);
}

TEST_CASE("nothing of an adopted file is pushed while the pull before it does not come to its end") {
  Phone phone(k_waiting_here);
  phone.server.reply_to_push(all_applied);
  SUBCASE("as the server cannot be reached") {
    const PushReport report = phone.push();
    CHECK(report.end == End::unreachable);
    CHECK(report.reason == "no script");
  }
  SUBCASE("as it stops half-way") {
    phone.server.on_pull = [](const protocol::PullRequest& request) -> Answer {
      if (request.cursor) return Unreachable{.reason = "gone", .retry_after = {}};
      return Reply{protocol::encode(page({snapshot(k_pump, "{}", 1)}, 500, /*has_more=*/true))};
    };
    CHECK(phone.push().end == End::unreachable);
  }
  CHECK(phone.server.pushes.empty());
  CHECK(phone.waits_for_pull());
  CHECK(rows(phone.file.database(), "SELECT sync_status FROM tether_mutation_logs") == "pending");
}

TEST_CASE("what lost in a conflict of the original client waits for a person, and compact does not forget it") {
  Phone phone(
      "INSERT INTO tether_mutation_logs(mutation_id, entity_id, model, operation, payload, version, timestamp, "
      "sync_status, rejection_data, updated_at) VALUES ('01M8009KF4AE6ZFNFM5EEX5EZ1', 'a', 'Task', 'update', "
      "'{\"title\":\"mine\"}', 1, 1000, 'conflict', '{\"server_state\":{\"tether_id\":\"a\",\"title\":\"theirs\"}}', "
      "'2024-11-21 20:49:00'), ('01M8009KF4AE6ZFNFM5EEX5EZ2', 'b', 'Task', 'create', '{\"title\":\"mine\"}', 1, 2000, "
      "'conflict', 'no JSON', '2024-11-21 20:49:00')");
  File& file = phone.file;
  CHECK(compact(file, std::chrono::hours(1)).log_rows == 0);
  CHECK(rows(file.database(), "SELECT entity_id, operation, base, mine, theirs FROM tether_conflicts", 5) ==
        "a|update|{}|{\"title\":\"mine\"}|{\"title\":\"theirs\"}\nb|create|{}|{\"title\":\"mine\"}|{}");
  CHECK(record_of(file, "a") == R"({"title":"theirs"}|0|1|0|NULL|NULL|0)");
  CHECK(record_of(file, "b").empty());
  std::int64_t listed = 0;
  sql::in_transaction(file.database(), sql::Access::read, [&](sql::Transaction& transaction) {
    list_conflicts(transaction, /*include_resolved=*/false, [&](const ConflictView&) { ++listed; });
  });
  CHECK(listed == 2);

  resolve_conflict(file, {"01M8009KF4AE6ZFNFM5EEX5EZ1"}, {.kind = Resolution::Kind::mine});
  CHECK(record_of(file, "a") == R"({"title":"mine"}|0|2|0|3|{"title":"theirs"}|0)");
}

}  // namespace tether::replica
