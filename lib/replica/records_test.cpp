// SPDX-License-Identifier: MIT
#include "replica/records.hpp"

#include "replica/file_fixture.hpp"

namespace tether::replica {
namespace {

std::string listed(File& file, const ListOptions& options) {
  std::string out;
  sql::in_transaction(file.database(), sql::Access::read, [&](sql::Transaction& transaction) {
    list(transaction, options, [&](const RecordView& record) {
      out += (out.empty() ? "" : " ") + record.key.id.value + (record.deleted ? "!" : "") + (record.pending ? "*" : "");
    });
  });
  return out;
}

std::optional<RecordView> found(File& file, std::string_view id) {
  return sql::in_transaction(file.database(), sql::Access::read,
                             [&](sql::Transaction& transaction) { return find(transaction, task(id)); });
}

}  // namespace

TEST_CASE("a list holds one model, in the order of ids, without what is deleted unless asked") {
  Workbench bench;
  File file = bench.make();
  for (const char* id : {"c", "a", "b"}) create(file, id, "{}");
  let_server_take_all(file, 1);
  record(file, [](Recorder& recorder) { return recorder.create({"Note"}, EntityId{"n"}, "{}"); });
  update(file, "c", R"({"n":1})");
  remove(file, "b");
  CHECK(listed(file, {.model = k_task}) == "a c*");
  CHECK(listed(file, {.model = k_task, .include_deleted = true}) == "a b!* c*");
  CHECK(listed(file, {.model = {"Note"}}) == "n*");
  CHECK(listed(file, {.model = {"Nothing"}}).empty());
}

TEST_CASE("models are counted by name") {
  Workbench bench;
  File file = bench.make();
  const auto counted = [&] {
    std::string out;
    sql::in_transaction(file.database(), sql::Access::read, [&](sql::Transaction& transaction) {
      list_models(transaction, [&](const ModelCount& found) {
        out += found.model.value + " " + std::to_string(found.records) + " " + std::to_string(found.pending) + " " +
               std::to_string(found.deleted) + "\n";
      });
    });
    return out;
  };
  CHECK(counted().empty());
  for (const char* id : {"a", "b", "c"}) create(file, id, "{}");
  let_server_take_all(file, 1);
  update(file, "c", R"({"n":1})");
  remove(file, "b");
  record(file, [](Recorder& recorder) { return recorder.create({"Note"}, EntityId{"n"}, "{}"); });
  CHECK(counted() == "Note 1 1 0\nTask 2 2 1\n");
}

TEST_CASE("ids are found by how they begin, in the records and in the log") {
  Workbench bench;
  File file = bench.make();
  const auto beginning = [&](std::string_view text, std::int64_t count_max = 9) {
    std::string out;
    sql::in_transaction(file.database(), sql::Access::read, [&](sql::Transaction& transaction) {
      for (const EntityId& id : ids_beginning(transaction, k_task, text, count_max)) out += id.value + " ";
    });
    return out;
  };
  for (const char* id : {"pump-2", "pump", "pump-\xf4\x8f\xbf\xbd", "pumq", "logged"}) create(file, id, "{}");
  file.database().execute("DELETE FROM tether_records WHERE entity_id = 'logged'");
  record(file, [](Recorder& recorder) { return recorder.create({"Note"}, EntityId{"pump-3"}, "{}"); });
  CHECK(beginning("pump") == "pump pump-2 pump-\xf4\x8f\xbf\xbd ");
  CHECK(beginning("pump", 2) == "pump pump-2 ");
  CHECK(beginning("log") == "logged ");
  CHECK(beginning("Pump").empty());
}

TEST_CASE("a list is narrowed by the values of fields") {
  Workbench bench;
  File file = bench.make();
  create(file, "a", R"({"title":"pump","n":2,"done":true})");
  create(file, "b", R"({"title":"pump","n":2.0,"done":null})");
  create(file, "c", R"({"title":"pu\u006dp","n":"2"})");
  CHECK(listed(file, {.model = k_task, .where = {{"title", "pump"}}}) == "a* b* c*");
  CHECK(listed(file, {.model = k_task, .where = {{"n", "2"}}}) == "a* c*");
  CHECK(listed(file, {.model = k_task, .where = {{"n", "2.0"}}}) == "b*");
  CHECK(listed(file, {.model = k_task, .where = {{"done", "null"}}}) == "b*");
  CHECK(listed(file, {.model = k_task, .where = {{"title", "pump"}, {"done", "true"}}}) == "a*");
  CHECK(listed(file, {.model = k_task, .where = {{"missing", ""}}}).empty());
}

TEST_CASE("a value is compared as the text that it stands for") {
  const std::string_view payload = R"({"s":"a\"b\n\u00e4","e":"","n":-0.10,"o":{"a":1},"l":[1,2],"k\u0065y":1})";
  CHECK(matches(payload, "s", "a\"b\n\xc3\xa4"));
  CHECK_FALSE(matches(payload, "s", R"(a\"b\n\u00e4)"));
  CHECK(matches(payload, "e", ""));
  CHECK(matches(payload, "n", "-0.10"));
  CHECK_FALSE(matches(payload, "n", "-0.1"));
  CHECK(matches(payload, "o", R"({"a":1})"));
  CHECK(matches(payload, "l", "[1,2]"));
  CHECK(matches(payload, "key", "1"));
  CHECK_FALSE(matches(payload, "absent", "null"));
}

TEST_CASE("one record shows what lies beneath an open edit") {
  Workbench bench;
  File file = bench.make();
  CHECK_FALSE(found(file, "a"));
  create(file, "a", R"({"title":"pump"})");
  CHECK_FALSE(found(file, "a")->base);
  let_server_take_all(file, 4);
  CHECK_FALSE(found(file, "a")->pending);
  CHECK_FALSE(found(file, "a")->base);
  update(file, "a", R"({"title":"valve"})");
  const auto record = found(file, "a");
  CHECK(record->payload == R"({"title":"valve"})");
  CHECK(record->base == R"({"title":"pump"})");
  CHECK_FALSE(record->base_deleted);
  CHECK(record->pending);
  CHECK(record->rev == Rev{4});
}

}  // namespace tether::replica
