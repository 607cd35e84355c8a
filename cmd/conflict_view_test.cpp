// SPDX-License-Identifier: MIT
#include "cmd/conflict_view.hpp"

#include <doctest/doctest.h>

namespace tether::cmd {

namespace {

replica::ConflictView pump() {
  replica::ConflictView conflict;
  conflict.mutation_id = {"01ARZ3NDEKTSV4RRFFQ69G5FAV"};
  conflict.key = {ModelName{"Task"}, EntityId{"01BX5ZZKBKACTAV9WEVGEMMVRZ"}};
  conflict.operation = protocol::Operation::update;
  conflict.base = R"({"title":"Pump","done":false})";
  conflict.mine = R"({"title":"Pump 7","done":false})";
  conflict.theirs = R"({"done":false,"title":"Pump A","owner":"ben"})";
  conflict.theirs_rev = Rev{8};
  conflict.detected_at = "2026-11-21T20:49:00.123Z";
  conflict.fields = {"title", "owner"};
  return conflict;
}

std::string printed(const replica::ConflictView& conflict, int width = 0) {
  std::string out;
  Terminal terminal([&](std::string_view text) { out += text; }, [](std::string_view) {});
  terminal.options.width = width;
  print_conflict(terminal, conflict);
  terminal.flush();
  return out;
}

}  // namespace

TEST_CASE("a conflict is shown side by side where it fits") {
  CHECK(printed(pump()) == R"(Task 01BX5ZZKBKACTAV9WEVGEMMVRZ
conflict  01ARZ3NDEKTSV4RRFFQ69G5FAV
state     open since 2026-11-21T20:49:00.123Z
mine      update of title
theirs    changed it (rev 8)

   FIELD  BASE    MINE      THEIRS
*  title  "Pump"  "Pump 7"  "Pump A"
   done   false   false     false
*  owner  -       -         "ben"
)");
}

TEST_CASE("a conflict that is too wide is stacked, and what all agree on takes one line") {
  CHECK(printed(pump(), 30) == R"(Task 01BX5ZZKBKACTAV9WEVGEMMVRZ
conflict  01ARZ3NDEKTSV4RRFFQ69G5FAV
state     open since 2026-11-21T20:49:00.123Z
mine      update of title
theirs    changed it (rev 8)

* title:
    base    "Pump"
    mine    "Pump 7"
    theirs  "Pump A"
  done: false
* owner:
    base    -
    mine    -
    theirs  "ben"
)");
}

TEST_CASE("a table that is exactly as wide as the terminal still fits") {
  CHECK(printed(pump(), 36).find("\n*  title") != std::string::npos);
  CHECK(printed(pump(), 35).find("\n* title:") != std::string::npos);
}

TEST_CASE("what they deleted differs in every field of mine") {
  auto conflict = pump();
  conflict.theirs = "{}";
  conflict.theirs_deleted = true;
  conflict.theirs_rev = Rev{0};
  const auto rows = field_rows(conflict);
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].differs);
  CHECK(rows[1].differs);
  CHECK(printed(conflict).find("theirs    deleted it\n") != std::string::npos);
}

TEST_CASE("two ways to write one value are no difference, an explicit null is one") {
  auto conflict = pump();
  conflict.base = "{}";
  conflict.mine = R"({"a":{"x":1,"y":2},"\u0062":null})";
  conflict.theirs = R"({"a":{ "y":2, "x":1 }})";
  const auto rows = field_rows(conflict);
  REQUIRE(rows.size() == 2);
  CHECK(!rows[0].differs);
  CHECK(rows[1].field == "b");
  CHECK(rows[1].mine == "null");
  CHECK(rows[1].theirs == "-");
  CHECK(rows[1].differs);
}

TEST_CASE("no record can steer the terminal") {
  auto conflict = pump();
  conflict.mine = "{\"\\u001b[2J\":\"\x7f\"}";
  const auto rows = field_rows(conflict);
  CHECK(rows[0].field == "\\x1b[2J");
  CHECK(rows[0].mine == "\"\\x7f\"");
}

TEST_CASE("a conflict as JSON keeps the very text of its states") {
  auto conflict = pump();
  conflict.mine = R"({"n":1e22})";
  conflict.theirs_written_by = ClientId{"ben"};
  conflict.theirs_updated_at = "2026-11-21T20:48:00.000Z";
  conflict.resolved_at = "2026-11-22T00:00:00.000Z";
  conflict.resolution = "mine";
  CHECK(conflict_json(conflict) ==
        R"({"mutation_id":"01ARZ3NDEKTSV4RRFFQ69G5FAV","model":"Task","id":"01BX5ZZKBKACTAV9WEVGEMMVRZ",)"
        R"("operation":"update","base":{"title":"Pump","done":false},"mine":{"n":1e22},)"
        R"("theirs":{"done":false,"title":"Pump A","owner":"ben"},"theirs_deleted":false,"theirs_rev":8,)"
        R"("theirs_written_by":"ben","theirs_updated_at":"2026-11-21T20:48:00.000Z",)"
        R"("fields":["title","owner"],"detected_at":"2026-11-21T20:49:00.123Z",)"
        R"("resolved_at":"2026-11-22T00:00:00.000Z","resolution":"mine"})");
}

}  // namespace tether::cmd
