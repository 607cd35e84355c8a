// SPDX-License-Identifier: MIT
#include "rules/mapping.hpp"

#include <doctest/doctest.h>

#include "rules/models.hpp"

namespace tether::rules {
namespace {

using protocol::Mutation;
using protocol::Operation;

/// The model `Task` of a file that says `text` of it.
Model model(const std::string& text) {
  const auto models = read_models(R"({"models": {"Task": )" + text + "}}");
  return *models.find("Task");
}

Mutation update(std::string payload, std::optional<std::string> before = std::nullopt) {
  return {.entity_id = EntityId{"e"},
          .model = ModelName{"Task"},
          .operation = Operation::update,
          .payload = std::move(payload),
          .before = std::move(before)};
}

Record stored(std::string payload) {
  return {.rev = Rev{3}, .payload = std::move(payload)};
}

Mutation mapped(const Model& model, Mutation mutation, const Record& record = {}, std::string_view claims = "{}") {
  const auto result = inbound(model, std::move(mutation), record, claims);
  REQUIRE(std::holds_alternative<Mutation>(result));
  return std::get<Mutation>(result);
}

std::string mapped_payload(const std::string& text, std::string payload, std::string_view claims = "{}") {
  return mapped(model(text), update(std::move(payload)), {}, claims).payload;
}

constexpr Times k_times{.created_us = 1'763'757'000'123'456, .updated_us = 1'763'757'060'000'000};

TEST_CASE("a model of which nothing is said maps nothing") {
  const Model plain;
  CHECK_FALSE(maps_inbound(plain));
  CHECK_FALSE(maps_outbound(plain));
  CHECK(mapped(plain, update(R"({ "a" : 1 })", R"({"a": 2})")) == update(R"({ "a" : 1 })", R"({"a": 2})"));
  CHECK(outbound(plain, R"({ "a" : 1 })", k_times) == R"({ "a" : 1 })");
}

TEST_CASE("only listed fields are stored") {
  CHECK(mapped_payload(R"({"fields": ["title", "done"]})", R"({"title":"x","price":0,"done":true})") ==
        R"({"title":"x","done":true})");
  CHECK(mapped_payload(R"({"except": ["price"]})", R"({"title":"x","pr\u0069ce":0})") == R"({"title":"x"})");
  CHECK(mapped_payload(R"({"fields": []})", R"({"title":"x"})") == "{}");
}

TEST_CASE("values are stored in the very text in which they came") {
  CHECK(mapped_payload(R"({"fields": ["n", "é"]})", R"({ "n" : 1.50e3, "\u00e9": "\u00e9", "x": 1 })") ==
        R"({"n":1.50e3,"\u00e9":"\u00e9"})");
}

TEST_CASE("a renamed field is stored under its new name and told under the old one") {
  const auto task = model(R"({"rename": {"name": "title", "q\"": "quote"}})");
  CHECK(mapped(task, update(R"({"name":"x","q\"":1})")).payload == R"({"title":"x","quote":1})");
  CHECK(outbound(task, R"({"title":"x","quote":1,"other":2})", k_times) == R"({"name":"x","q\"":1,"other":2})");
  CHECK(outbound_name(task, "title") == "name");
  CHECK(outbound_name(task, "other") == "other");
}

TEST_CASE("two fields can change places") {
  const auto task = model(R"({"rename": {"a": "b", "b": "a"}})");
  CHECK(mapped(task, update(R"({"a":1,"b":2})")).payload == R"({"b":1,"a":2})");
  CHECK(outbound(task, R"({"b":1,"a":2})", k_times) == R"({"a":1,"b":2})");
}

TEST_CASE("the stored name of a renamed field is no name on the wire") {
  const auto task = model(R"({"rename": {"name": "title"}})");
  CHECK(mapped(task, update(R"({"name":"x","title":"y"})")).payload == R"({"title":"x"})");
  CHECK(outbound(task, R"({"title":"x","name":"old"})", k_times) == R"({"name":"x"})");
}

TEST_CASE("what is forced is stored whatever the payload says") {
  const auto* const text = R"({"set": {"institution_id": {"claim": "institution"}, "source": "field",
                               "x": {"value": {"a": 1}}, "list": [1, 2]}})";
  CHECK(mapped_payload(text, R"({"institution_id":999,"title":"x","source":null})", R"({"institution":7})") ==
        R"({"title":"x","institution_id":7,"source":"field","x":{"a":1},"list":[1,2]})");
}

TEST_CASE("what is forced is stored though clients may not write it") {
  CHECK(mapped_payload(R"({"fields": ["title"], "set": {"owner": {"claim": "user"}}})", R"({"owner":"eve"})",
                       R"({"user":"ann"})") == R"({"owner":"ann"})");
}

TEST_CASE("every claim that is needed and missing is named") {
  const auto task = model(R"({"set": {"a": {"claim": "one"}, "b": {"claim": "two"}, "c": {"claim": "three"}}})");
  const auto result = inbound(task, update("{}"), {}, R"({"two":2,"three":null})");
  REQUIRE(std::holds_alternative<Rejected>(result));
  CHECK(std::get<Rejected>(result).reason == "forbidden");
  CHECK(std::get<Rejected>(result).data ==
        R"({"messages":{"a":["the caller has no claim `one`"],"c":["the caller has no claim `three`"]}})");
}

TEST_CASE("a delete has nothing to map") {
  auto remove = update("{}");
  remove.operation = Operation::remove;
  const auto task = model(R"({"set": {"a": {"claim": "one"}}})");
  CHECK(mapped(task, remove) == remove);
}

TEST_CASE("the mask that a client was shown is no change") {
  const auto task = model(R"({"mask": {"iban": "****"}})");
  const auto record = stored(R"({"iban":"DE12","name":"x"})");
  CHECK(mapped(task, update(R"({"iban":"****","name":"y"})"), record).payload == R"({"name":"y"})");
  CHECK(mapped(task, update(R"({"iban":"\u002a***","name":"y"})"), record).payload == R"({"name":"y"})");
  CHECK(mapped(task, update(R"({"iban":"DE34"})"), record).payload == R"({"iban":"DE34"})");
}

TEST_CASE("a masked field that was not touched is no changed field") {
  const auto task = model(R"({"mask": {"iban": "****"}})");
  const auto result = mapped(task, update(R"({"iban":"****","name":"y"})", R"({"name":"x","iban":"DE99"})"));
  CHECK(result.before == R"({"name":"x"})");
}

TEST_CASE("of a masked field that was set anew nobody knows what its writer had seen") {
  const auto task = model(R"({"mask": {"iban": "****"}})");
  const auto result = mapped(task, update(R"({"iban":"DE34"})", R"({"iban":"****"})"), stored(R"({"iban":"DE12"})"));
  CHECK(result.payload == R"({"iban":"DE34"})");
  CHECK(result.before == R"({"iban":"****"})");
}

TEST_CASE("before is mapped like the payload") {
  const auto task = model(R"({"rename": {"name": "title"}, "except": ["price"]})");
  CHECK(mapped(task, update(R"({"name":"x","price":2,"n":1})", R"({"name":"w","price":1,"n":0})")).before ==
        R"({"title":"w","n":0})");
}

TEST_CASE("what a client says that it changed and may not write is found, under the name that it is stored under") {
  const auto task = model(R"({"rename": {"cost": "price"}, "except": ["price", "pin", "n", "by", "t"],
                              "mask": {"pin": "*"}, "set": {"by": 1}})");
  auto sent = update(R"({"title":"x","c\u006fst":2,"pin":"*","n":1.0,"by":7,"t":"told"})",
                     R"({"title":"w","cost":1,"pin":"1","n":1.0,"by":6})");
  CHECK(forbidden_changes(task, sent) == R"({"price":2})");
  sent.before = std::nullopt;  // the original client
  CHECK(forbidden_changes(task, sent) == "{}");
  sent.operation = Operation::create;
  CHECK(forbidden_changes(task, sent) == "{}");
  sent.base_rev = Rev{0};
  CHECK(forbidden_changes(task, sent) == R"({"price":2,"n":1.0,"t":"told"})");
  CHECK(forbidden_changes(model(R"({"rename": {"cost": "price"}})"), sent) == "{}");
  CHECK(forbidden_changes(model(R"({"fields": ["title", "pin", "by", "t"]})"), sent) == R"({"cost":2,"n":1.0})");
}

TEST_CASE("a forced field counts as changed from what is stored, so that a merge takes it") {
  const auto task = model(R"({"set": {"by": {"claim": "user"}, "new": 1}})");
  const auto record = stored(R"({"by":"ben","title":"x"})");
  const auto result =
      mapped(task, update(R"({"title":"y","by":"eve"})", R"({"title":"x","by":"eve"})"), record, R"({"user":"ann"})");
  CHECK(result.payload == R"({"title":"y","by":"ann","new":1})");
  CHECK(result.before == R"({"title":"x","by":"ben","new":null})");
  CHECK_FALSE(mapped(task, update("{}"), record, R"({"user":"ann"})").before);
}

TEST_CASE("hidden fields are not told, and stored when a client sends them") {
  const auto task = model(R"({"hide": ["secret"]})");
  CHECK(outbound(task, R"({"a":1,"s\u0065cret":2})", k_times) == R"({"a":1})");
  CHECK_FALSE(maps_inbound(task));
}

TEST_CASE("masked fields are told as the mask, unless there is nothing") {
  const auto task = model(R"({"mask": {"iban": "****", "pin": {"set": true}}})");
  CHECK(outbound(task, R"({"iban":"DE12","pin":7,"a":1})", k_times) == R"({"iban":"****","pin":{"set":true},"a":1})");
  CHECK(outbound(task, R"({"iban":null})", k_times) == R"({"iban":null})");
}

TEST_CASE("names in hide and mask are those that are stored") {
  const auto task =
      model(R"({"rename": {"account": "iban", "pw": "password"}, "mask": {"iban": "*"}, "hide": ["password"]})");
  CHECK(outbound(task, R"({"iban":"DE12","password":"x"})", k_times) == R"({"account":"*"})");
  CHECK(mapped(task, update(R"({"account":"*","pw":"y"})")).payload == R"({"password":"y"})");
}

TEST_CASE("timestamps are told in place of fields of their names, and not stored") {
  const auto task = model(R"({"timestamps": true})");
  CHECK(outbound(task, R"({"created_at":"yesterday","a":1})", k_times) ==
        R"({"a":1,"created_at":"2025-11-21T20:30:00.123456Z","updated_at":"2025-11-21T20:31:00.000000Z"})");
  const auto result = mapped(task, update(R"({"a":1,"updated_at":"x"})", R"({"a":0,"updated_at":"w"})"));
  CHECK(result.payload == R"({"a":1})");
  CHECK(result.before == R"({"a":0})");
}

bool sees(const std::string& conditions, std::string_view payload, std::string_view claims) {
  return is_visible(model(R"({"visible": )" + conditions + "}"), payload, claims);
}

TEST_CASE("without conditions every row is visible") {
  CHECK(is_visible(Model(), R"({"a":1})", "{}"));
}

TEST_CASE("a row is visible when a field is what a claim says") {
  constexpr auto k_mine = R"({"institution_id": {"claim": "institution"}})";
  CHECK(sees(k_mine, R"({"institution_id":7})", R"({"institution":7})"));
  CHECK_FALSE(sees(k_mine, R"({"institution_id":8})", R"({"institution":7})"));
  CHECK_FALSE(sees(k_mine, R"({"institution_id":"7"})", R"({"institution":7})"));
  CHECK_FALSE(sees(k_mine, R"({"institution_id":null})", R"({"institution":null})"));
  CHECK_FALSE(sees(k_mine, R"({"institution_id":null})", "{}"));
  CHECK_FALSE(sees(k_mine, "{}", R"({"institution":7})"));
}

TEST_CASE("a row is visible when a field is one of several values") {
  CHECK(sees(R"({"state": {"in": ["open", 3]}})", R"({"state":"op\u0065n"})", "{}"));
  CHECK(sees(R"({"state": {"in": ["open", 3]}})", R"({"state":3})", "{}"));
  CHECK_FALSE(sees(R"({"state": {"in": ["open", 3]}})", R"({"state":"closed"})", "{}"));
  CHECK(sees(R"({"state": null})", R"({"state":null})", "{}"));
  CHECK_FALSE(sees(R"({"state": null})", "{}", "{}"));
  CHECK(sees(R"({"owner": {"in": ["all", {"claim": "user"}]}})", R"({"owner":"ann"})", R"({"user":"ann"})"));
}

TEST_CASE("a claim may hold the list of what is visible") {
  constexpr auto k_mine = R"({"class_id": {"in": {"claim": "classes"}}})";
  CHECK(sees(k_mine, R"({"class_id":"b"})", R"({"classes":["a", "b"]})"));
  CHECK_FALSE(sees(k_mine, R"({"class_id":"c"})", R"({"classes":["a","b"]})"));
  CHECK(sees(k_mine, R"({"class_id":"a"})", R"({"classes":"a"})"));
  CHECK_FALSE(sees(k_mine, R"({"class_id":"a"})", R"({"classes":[]})"));
  CHECK_FALSE(sees(k_mine, R"({"class_id":"a"})", "{}"));
}

TEST_CASE("all conditions must hold") {
  constexpr auto k_both = R"({"a": 1, "b": {"claim": "b"}})";
  CHECK(sees(k_both, R"({"a":1,"b":2})", R"({"b":2})"));
  CHECK_FALSE(sees(k_both, R"({"a":1,"b":3})", R"({"b":2})"));
  CHECK_FALSE(sees(k_both, R"({"a":0,"b":2})", R"({"b":2})"));
}

TEST_CASE("a model is read-only for everyone, or for callers with certain claims") {
  CHECK_FALSE(is_read_only(Model(), "{}"));
  CHECK(is_read_only(model(R"({"read_only": true})"), "{}"));
  CHECK_FALSE(is_read_only(model(R"({"read_only": false})"), R"({"role":"device"})"));
  const auto for_devices = model(R"({"read_only": {"role": {"in": ["device", "kiosk"]}}})");
  CHECK(is_read_only(for_devices, R"({"role":"kiosk"})"));
  CHECK_FALSE(is_read_only(for_devices, R"({"role":"accountant"})"));
  CHECK_FALSE(is_read_only(for_devices, "{}"));
  CHECK(is_read_only(for_devices, R"({"role":["teacher","device"]})"));
}

}  // namespace
}  // namespace tether::rules
