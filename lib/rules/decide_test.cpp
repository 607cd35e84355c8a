// SPDX-License-Identifier: MIT
#include "rules/decide.hpp"

#include <doctest/doctest.h>

#include "rules/view.hpp"

namespace tether::rules {
namespace {

using protocol::Mutation;
using protocol::Operation;

const ClientId ann{"ann"};

Record record_of(std::string payload) {
  return {.rev = Rev{5}, .payload = std::move(payload), .written_at_ms = 1'000, .written_by = ClientId{"ben"}};
}

Mutation mutation_of(Operation operation, std::string payload) {
  return {.mutation_id = MutationId{"01ARZ3NDEKTSV4RRFFQ69G5FAV"},
          .entity_id = EntityId{"e"},
          .model = ModelName{"Task"},
          .operation = operation,
          .payload = std::move(payload),
          .base_rev = Rev{5}};
}

/// `payload` of what was applied, else the reason, `conflict` or `asks`.
std::string outcome(const Mutation& sent, const Record& record, const Model& model, std::string_view claims = "{}",
                    const Verdicts& verdicts = {}) {
  const Writer writer{.client = ann, .written_at_ms = 2'000, .claims = claims};
  const auto decided = decide(sent, record, writer, model, verdicts);
  if (const auto* applied = std::get_if<Applied>(&decided)) {
    return applied->after.payload + (applied->merged ? " merged" : "");
  }
  if (const auto* rejected = std::get_if<Rejected>(&decided)) {
    return rejected->reason + (rejected->data == "{}" ? "" : " " + rejected->data);
  }
  return std::holds_alternative<Conflict>(decided) ? "conflict" : "asks";
}

Conditions role_is(std::string_view role) {
  return {{.field = "role", .any_of = {{.constant = "\"" + std::string(role) + "\""}}}};
}

TEST_CASE("a model is read-only for everyone, or for those of whom its conditions hold") {
  const auto edit = mutation_of(Operation::update, R"({"a":1})");
  CHECK(outcome(edit, record_of("{}"), {.read_only = true}) == "forbidden");
  const Model model{.read_only_if = role_is("device")};
  CHECK(outcome(edit, record_of("{}"), model, R"({"role":"device"})") == "forbidden");
  CHECK(outcome(edit, record_of("{}"), model, R"({"role":"clerk"})") == R"({"a":1})");
}

TEST_CASE("what is forced, renamed or not to be written is stored so, and the sender is told") {
  Model model;
  model.rename = {{"amount", "cents"}};
  model.set = {{"school", {.claim = "school"}}};
  model.except = {"admin"};
  const auto edit = mutation_of(Operation::create, R"({"amount":5,"admin":true,"school":"other"})");
  CHECK(outcome(edit, {}, model, R"({"school":"north"})") == R"({"cents":5,"school":"north"} merged)");
  CHECK(outcome(edit, {}, model).starts_with("forbidden"));
  CHECK(outcome(mutation_of(Operation::create, R"({"school":"north"})"), {}, model, R"({"school":"north"})") ==
        R"({"school":"north"})");
}

TEST_CASE("white space between the members of a payload makes nothing of it another value") {
  const Model model{.fields = std::vector<std::string>{"a", "b"}};
  CHECK(outcome(mutation_of(Operation::create, R"({"a": 1, "b": 2})"), {}, model) == R"({"a":1,"b":2})");
  CHECK(outcome(mutation_of(Operation::create, R"({"a": 1, "c": 2})"), {}, model) == R"({"a":1} merged)");
}

/// The fields of an update or create that was applied, and whose value is not what is stored.
std::vector<std::string> lost_of(const Mutation& sent, const Record& record, const Model& model) {
  const auto decided = decide(sent, record, {.client = ann, .written_at_ms = 2'000}, model, {});
  REQUIRE(std::holds_alternative<Applied>(decided));
  const auto& applied = std::get<Applied>(decided);
  CHECK((applied.merged || applied.lost.empty()));
  return applied.lost;
}

TEST_CASE("what a client changed and may not write is lost, and not what it only sends along") {
  using Fields = std::vector<std::string>;
  const Model model{.except = {"price"}};
  const auto record = record_of(R"({"title":"pump","price":5})");
  auto edit = mutation_of(Operation::update, R"({"title":"valve","price":1})");
  CHECK(lost_of(edit, record, model).empty());
  edit.before = R"({"title":"pump"})";
  CHECK(lost_of(edit, record, model).empty());
  edit.before = R"({"title":"pump","price":5})";
  CHECK(lost_of(edit, record, model) == Fields{"price"});
  edit.payload = R"({"title":"pump","price":1})";  // nothing else was changed
  edit.before = R"({"price":5})";
  CHECK(lost_of(edit, record, model) == Fields{"price"});
  edit.before = R"({"price":3})";
  edit.payload = R"({"title":"pump","price":5})";  // so it is anyway
  CHECK(lost_of(edit, record, model).empty());
  auto create = mutation_of(Operation::create, R"({"title":"pump","price":1})");
  create.base_rev = Rev{0};
  CHECK(lost_of(create, {}, model) == Fields{"price"});
  create.payload = R"({"title":"pump","price":null})";
  CHECK(lost_of(create, {}, model).empty());
  create.payload = R"({"title":"pump","price":1})";
  create.base_rev = std::nullopt;
  CHECK(lost_of(create, {}, model).empty());
}

TEST_CASE("what a client changed under a name that a rename has taken is lost, as it names it") {
  using Fields = std::vector<std::string>;
  const Model model{.rename = {{"headline", "title"}}, .timestamps = true};
  const auto unstored_of = [&](const Mutation& sent) {
    const auto decided = decide(sent, record_of(R"({"title":"pump"})"), {.client = ann}, model, {});
    REQUIRE(std::holds_alternative<Applied>(decided));
    const auto& applied = std::get<Applied>(decided);
    CHECK(applied.after.payload == R"({"title":"pump"})");
    CHECK((applied.merged && applied.lost_to_rules));
    return applied.unstored;
  };
  auto edit = mutation_of(Operation::update, R"({"title":"valve","created_at":"x"})");
  CHECK(unstored_of(edit).empty());  // of the original client, which sends all that it has
  edit.before = R"({"title":"pump","created_at":"y"})";
  CHECK(unstored_of(edit) == Fields{"title"});
  edit.payload = R"({"title":null})";
  CHECK(unstored_of(edit).empty());
  CHECK(unstored_of(mutation_of(Operation::create, R"({"title":"valve"})")) == Fields{"title"});
}

TEST_CASE("whether a client guessed a value that it is not told does not show") {
  const Model model{.except = {"secret", "pin"}, .hide = {"secret"}, .mask = {{"pin", R"("*")"}}};
  auto edit = mutation_of(Operation::update, R"({"secret":"s","pin":"4711"})");
  edit.before = R"({"secret":null,"pin":"*"})";
  CHECK(lost_of(edit, record_of(R"({"secret":"s","pin":"4711"})"), model) == std::vector<std::string>{"secret", "pin"});
}

TEST_CASE("under merge what may not be written is lost beside what a strategy left out") {
  Model model{.except = {"price"}, .policy = Policy::merge};
  model.strategies.set("title", Strategy::server);
  auto edit = mutation_of(Operation::update, R"({"title":"valve","price":1})");
  edit.base_rev = Rev{4};
  edit.before = R"({"title":"hose","price":5})";
  CHECK(lost_of(edit, record_of(R"({"title":"pump","price":5})"), model) == std::vector<std::string>{"title", "price"});
}

TEST_CASE("a schema judges what would be stored, and names fields as the sender does") {
  Model model;
  model.rename = {{"amount", "cents"}};
  model.validate = std::make_shared<JsonSchema>(R"({"required":["name"],"properties":{"cents":{"type":"integer"}}})");
  const auto record = record_of(R"({"name":"x","cents":1})");
  CHECK(outcome(mutation_of(Operation::update, R"({"amount":2})"), record, model) ==
        R"({"name":"x","cents":2} merged)");
  const auto refused = outcome(mutation_of(Operation::update, R"({"amount":"2"})"), record, model);
  CHECK(refused.starts_with(R"(validation_failed {"messages":{"amount":[)"));
  CHECK(outcome(mutation_of(Operation::remove, "{}"), record_of(R"({"cents":"old"})"), model) == R"({"cents":"old"})");
}

TEST_CASE("the fields of a conflict are named as the sender knows them, and not those that it may not know") {
  Model model{.policy = Policy::manual};
  model.rename = {{"amount", "cents"}};
  model.hide = {"secret"};
  auto edit = mutation_of(Operation::update, R"({"amount":2,"secret":"y"})");
  edit.base_rev = Rev{4};
  const auto decided = decide(edit, record_of(R"({"cents":1,"secret":"x"})"), {.client = ann}, model, {});
  REQUIRE(std::holds_alternative<Conflict>(decided));
  CHECK(std::get<Conflict>(decided).fields == std::vector<std::string>{"amount"});
}

TEST_CASE("a mapper is asked before all else, about anything but a delete") {
  const Model model{.mapper = Command{.arguments = {"mapper"}}};
  const auto edit = mutation_of(Operation::update, R"({"a":1})");
  CHECK(outcome(edit, record_of("{}"), model) == "asks");
  CHECK(outcome(mutation_of(Operation::remove, "{}"), record_of("{}"), model) == "{}");
  const Verdict apply = Apply{R"({"b":2})"};
  const Verdict refuse = Refuse{"too_early", "{}"};
  const Verdict keep = Keep{};
  CHECK(outcome(edit, record_of("{}"), model, "{}", {.map = &apply}) == R"({"b":2} merged)");
  CHECK(outcome(edit, record_of("{}"), model, "{}", {.map = &refuse}) == "too_early");
  CHECK(outcome(edit, record_of("{}"), model, "{}", {.map = &keep}) == "error");
}

TEST_CASE("of a mapped update that is merged, what the mapper added counts as changed") {
  const Model model{.policy = Policy::merge, .mapper = Command{.arguments = {"mapper"}}};
  auto edit = mutation_of(Operation::update, R"({"a":1,"b":7})");
  edit.before = R"({"a":0})";
  edit.base_rev = Rev{4};
  const Verdict apply = Apply{R"({"a":1,"b":7,"sum":8})"};
  CHECK(outcome(edit, record_of(R"({"a":0,"b":9})"), model, "{}", {.map = &apply}) ==
        R"({"a":1,"b":9,"sum":8} merged)");
}

TEST_CASE("a mapper is not asked what a mask is, but what is stored") {
  Model model{.mapper = Command{.arguments = {"mapper"}}};
  model.mask = {{"pin", R"("****")"}};
  model.rename = {{"amount", "cents"}};
  const auto edit = mutation_of(Operation::update, R"({"amount":1,"pin":"****"})");
  CHECK(map_question(edit, model, "{}")->ours == R"({"cents":1})");
  const Verdict apply = Apply{R"({"cents":100})"};
  CHECK(outcome(edit, record_of(R"({"cents":1,"pin":"4711"})"), model, "{}", {.map = &apply}) ==
        R"({"cents":100,"pin":"4711"} merged)");
  model.read_only = true;
  CHECK_FALSE(map_question(edit, model, "{}"));
}

TEST_CASE("who brings a record back does not lose what it was not told") {
  Model model;
  model.hide = {"secret"};
  model.mask = {{"pin", R"("****")"}};
  auto record = record_of(R"({"name":"x","secret":"s","pin":"4711"})");
  record.deleted = true;
  CHECK(outcome(mutation_of(Operation::create, R"({"name":"y","pin":"****"})"), record, model) ==
        R"({"secret":"s","pin":"4711","name":"y"} merged)");
  CHECK(outcome(mutation_of(Operation::create, R"({"pin":"1"})"), record, model) ==
        R"({"secret":"s","pin":"1"} merged)");
}

TEST_CASE("whoever moves a record out of its own view is told so") {
  Model model;
  model.visible = {{.field = "school", .any_of = {{.claim = "school"}}}};
  const auto move = mutation_of(Operation::update, R"({"school":"south"})");
  CHECK(outcome(move, record_of(R"({"school":"north"})"), model, R"({"school":"north"})") ==
        R"({"school":"south"} merged)");
}

TEST_CASE("a client's view has a name where there is a models file, and another one for other claims and models") {
  Model model;
  CHECK(view_of(Models(), "{}").empty());
  model.visible = {{.field = "school", .any_of = {{.claim = "school"}}}};
  const Models models({{"Task", model}});
  const auto north = view_of(models, R"({"school":"north"})");
  CHECK_FALSE(north.empty());
  CHECK(view_of(models, R"({"name":"ann","school":"north"})") == north);
  CHECK(view_of(models, R"({"school":"south"})") != north);
  CHECK(view_of(Models({{"Task", model}, {"Note", {}}}), R"({"school":"north"})") != north);
  model.hide = {"secret"};
  CHECK(view_of(Models({{"Task", model}}), R"({"school":"north"})") != north);
}

}  // namespace
}  // namespace tether::rules
