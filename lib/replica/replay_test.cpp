// SPDX-License-Identifier: MIT
#include "replica/replay.hpp"

#include <filesystem>

#include "replica/peer_fixture.hpp"

namespace tether::replica {
namespace {

std::string replayed(File& file, const ReplayUntil& until = {}) {
  std::string out;
  replay_log(*file.database().begin(sql::Access::read), until, [&](const ReplayedRecord& record) {
    out += record.key.id.value + "=" + (record.deleted ? "deleted" : record.payload) + " ";
  });
  return out;
}

TEST_CASE("the log alone gives every entity once, in order") {
  Desk desk;
  create(desk.file, "b", R"({"n":1})");
  create(desk.file, "a", R"({"n":1})");
  update(desk.file, "b", R"({"n":2})");
  remove(desk.file, "a");
  CHECK(replayed(desk.file) == R"(a=deleted b={"n":2} )");
}

TEST_CASE("replay stops after a mutation or a moment") {
  Desk desk;
  create(desk.file, "a", R"({"n":1})");
  const MutationId second = update(desk.file, "a", R"({"n":2})")->mutation_id;
  desk.clock.advance(std::chrono::hours(1));
  update(desk.file, "a", R"({"n":3})");
  CHECK(replayed(desk.file, {.mutation = second, .time_ms = {}}) == R"(a={"n":2} )");
  CHECK(replayed(desk.file, {.mutation = {}, .time_ms = 1'763'757'000'000 + 60'000}) == R"(a={"n":2} )");
  CHECK(replayed(desk.file, {.mutation = {}, .time_ms = 0}).empty());
  const MutationId unknown{"01ARZ3NDEKTSV4RRFFQ69G5FAV"};
  CHECK(fault_of([&] { replayed(desk.file, {.mutation = unknown, .time_ms = {}}); }) == ErrorCode::not_found);
}

TEST_CASE("an edit of what someone else made begins with the payload that it carries") {
  Desk desk;
  desk.pull_page({snapshot("a", R"({"n":1,"t":"x"})", 1), snapshot("b", "{}", 1)}, 10);
  update(desk.file, "a", R"({"n":2})");
  CHECK(replayed(desk.file) == R"(a={"n":2,"t":"x"} )");
}

TEST_CASE("what lost a conflict is left out") {
  Desk desk;
  create(desk.file, "a", R"({"n":1})");
  update(desk.file, "a", R"({"n":2})");
  desk.as_other_program("UPDATE tether_mutation_logs SET sync_status = 'conflict' WHERE id = 2");
  CHECK(replayed(desk.file) == R"(a={"n":1} )");
}

TEST_CASE("replay into a new file makes a plain table") {
  Desk desk;
  create(desk.file, "a", R"({"n":1})");
  create(desk.file, "b", "{}");
  remove(desk.file, "b");
  const std::string target = desk.directory.file("replayed.db");
  CHECK(replay_to(desk.file, {}, target) == 2);
  const auto made = sql::open_sqlite({.path = target, .open = sql::Open::existing});
  CHECK(rows(*made, "SELECT model, entity_id, payload, deleted FROM records ORDER BY 2", 4) ==
        "Task|a|{\"n\":1}|0\nTask|b|{}|1");
  CHECK(fault_of([&] { replay_to(desk.file, {}, target); }) == ErrorCode::exists);
}

TEST_CASE("a replay that is given up leaves nothing behind") {
  Desk desk;
  create(desk.file, "a", "{}");
  const std::string target = desk.directory.file("replayed.db");
  const auto give_up = [](std::int64_t) { throw Error(ErrorCode::interrupted, "enough"); };
  CHECK(fault_of([&] { replay_to(desk.file, {}, target, give_up); }) == ErrorCode::interrupted);
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(target).parent_path())) {
    CHECK(entry.path().filename().string().find("replayed.db") == std::string::npos);
  }
}

TEST_CASE("no file is made for an unknown mutation") {
  Desk desk;
  const std::string target = desk.directory.file("replayed.db");
  const MutationId unknown{"01ARZ3NDEKTSV4RRFFQ69G5FAV"};
  CHECK(fault_of([&] { replay_to(desk.file, {.mutation = unknown, .time_ms = {}}, target); }) == ErrorCode::not_found);
  CHECK_FALSE(std::filesystem::exists(target));
}

TEST_CASE("the check finds nothing in a sound file and counts every record") {
  Desk desk;
  desk.pull_page({snapshot("a", R"({"n":1})", 1), snapshot("b", "{}", 1)}, 10);
  update(desk.file, "a", R"({"n":2})");
  create(desk.file, "c", "{}");
  const auto reading = desk.file.database().begin(sql::Access::read);
  CHECK(replay_check(*reading, [](const Difference& difference) { FAIL(difference.key.id.value); }) == 3);
}

TEST_CASE("the check reports a record that is not what its base and edits make it") {
  Desk desk;
  desk.pull_page({snapshot("a", R"({"n":1})", 1)}, 10);
  update(desk.file, "a", R"({"n":2})");
  SUBCASE("another payload") {
    desk.as_other_program(R"(UPDATE tether_records SET payload = '{"n":3}')");
    CHECK(desk.differences() == "a: {\"n\":3} should be {\"n\":2}\n");
  }
  SUBCASE("deleted by mistake") {
    desk.as_other_program("UPDATE tether_records SET deleted = 1");
    CHECK(desk.differences() == "a: deleted should be {\"n\":2}\n");
  }
  SUBCASE("the row is gone") {
    desk.as_other_program("DELETE FROM tether_records");
    CHECK(desk.differences() == "a: absent should be deleted\n");
  }
  SUBCASE("an open edit is not known to the record") {
    desk.as_other_program("UPDATE tether_records SET open_log_id = NULL");
    CHECK(desk.differences() == "a: {\"n\":2} (not marked as having an open edit) should be {\"n\":2}\n");
  }
  SUBCASE("the record claims an open edit that the log does not have") {
    desk.as_other_program("UPDATE tether_mutation_logs SET sync_status = 'synced'");
    CHECK(desk.differences() == "a: {\"n\":2} (marked as having an open edit) should be {\"n\":1}\n");
  }
}

}  // namespace
}  // namespace tether::replica
