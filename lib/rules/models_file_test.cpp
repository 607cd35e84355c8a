// SPDX-License-Identifier: MIT
// The models file as others meet it: its schema for editors (service/models.schema.json), its manual, a whole example.
#include <doctest/doctest.h>

#include <fstream>
#include <sstream>

#include "rules/mapping.hpp"
#include "rules/models.hpp"

namespace tether::rules {
namespace {

std::string file(const std::string& path) {
  std::ifstream in(std::string(TETHER_TESTDATA) + "/" + path);
  std::ostringstream text;
  text << in.rdbuf();
  REQUIRE_FALSE(text.str().empty());
  return text.str();
}

bool is_read(const std::string& text) {
  try {
    read_models(text);
    return true;
  } catch (const ModelsError&) {
    return false;
  }
}

std::string with_model(const std::string& model) {
  return R"({"models": {"T": )" + model + "}}";
}

constexpr std::string_view k_model_names =
    R"("propertyNames": {"pattern": "^[A-Za-z_][A-Za-z0-9_]*$", "maxLength": 128},)";

/// The schema for editors, but for the names of models: ours know no `propertyNames`.
JsonSchema schema_for_editors() {
  std::string text = file("../service/models.schema.json");
  const auto names = text.find(k_model_names);
  REQUIRE(names != std::string::npos);
  return JsonSchema(text.erase(names, k_model_names.size()));
}

TEST_CASE("the schema for editors and the reader want the same names of models") {
  const std::string longest(128, 'a');
  for (const auto& name : {std::string("Task"), std::string("_x1"), longest}) {
    CHECK(is_read(R"({"models": {")" + name + R"(": {}}})"));
  }
  for (const auto& name : {std::string("1bad"), std::string("a-b"), std::string(), longest + "a"}) {
    CHECK_FALSE(is_read(R"({"models": {")" + name + R"(": {}}})"));
  }
}

TEST_CASE("what the schema for editors accepts, the reader accepts") {
  const JsonSchema schema = schema_for_editors();
  for (
      const std::string model :
      {"{}",
       R"({"fields": ["a"]})",
       R"({"fields": []})",
       R"({"except": ["a", "b"]})",
       R"({"read_only": true})",
       R"({"read_only": {"role": "device"}})",
       R"({"read_only": {"role": {"in": ["device", "kiosk"]}}})",
       R"({"validate": {"type": "object"}})",
       R"({"validate": {"$schema": "x", "title": "t", "required": ["a"], "properties": {"a": {"$ref": "#/definitions/b"}, "c": true},
           "definitions": {"b": {"type": ["string", "null"], "format": "date", "maxLength": 9}}, "additionalProperties": false}})",
       R"({"validate": {"dependencies": {"a": ["b"], "c": {"not": {}}}, "if": {"minProperties": 1}, "then": {"anyOf": [{}]}}})",
       R"({"validate": {"properties": {"a": {"items": [{"const": 1}], "additionalItems": {"enum": [1]}, "uniqueItems": true}}}})",
       R"({"validate": {"properties": {"a": {"minimum": 1, "multipleOf": 0.5, "pattern": "^a"}, "tether": {}}}})",
       R"({"rename": {"a": "b"}})",
       R"({"set": {"a": {"claim": "x"}, "b": "t", "c": {"value": {"d": 1}}, "e": [1], "f": null, "g": 1.5}})",
       R"({"hide": ["a"]})",
       R"({"mask": {"a": "*", "b": {"c": 1}, "d": null}})",
       R"({"visible": {"a": {"claim": "x"}, "b": {"in": ["open", 3, {"claim": "y"}]}, "c": {"in": {"claim": "z"}}, "d": null, "e": {"value": [1]}}})",
       R"({"timestamps": true})",
       R"({"conflict": "server_wins"})",
       R"({"conflict": "client_wins"})",
       R"({"conflict": "last_write_wins"})",
       R"({"conflict": "manual"})",
       R"({"delete_policy": "delete_wins"})",
       R"({"delete_policy": "edit_wins"})",
       R"({"delete_policy": "conflict"})",
       R"({"conflict": "merge"})",
       R"({"conflict": "merge", "merge": {"a": "lww", "b": "server", "c": "client", "d": "max", "e": "min"}})",
       R"({"conflict": "merge", "merge": {"a": "counter", "b": "set", "c": "append", "d": "text", "*": "manual"}})",
       R"({"conflict": "exec", "resolver": ["python3", "x.py", ""]})",
       R"({"conflict": "exec", "resolver": {"command": ["x"], "time_limit_ms": 600000}})",
       R"({"mapper": ["x"]})",
       R"({"redact": ["a"]})"}) {
    CAPTURE(model);
    CHECK(schema.messages(with_model(model)) == "");
    CHECK(is_read(with_model(model)));
  }
  CHECK(schema.messages(R"({"$schema": "x", "models": {}})") == "");
  CHECK(is_read(R"({"$schema": "x", "models": {}})"));
}

TEST_CASE("what the schema for editors refuses, the reader refuses") {
  const JsonSchema schema = schema_for_editors();
  std::vector<std::string> texts = {"{}", R"({"models": []})", R"({"models": {}, "x": 1})", R"({"models": {"T": 5}})",
                                    R"({"$schema": 5, "models": {}})"};
  for (const std::string model : {R"({"confict": "merge"})",
                                  R"({"fields": "a"})",
                                  R"({"fields": ["a", "a"]})",
                                  R"({"fields": [""]})",
                                  R"({"fields": [1]})",
                                  R"({"hide": ["tether_id"]})",
                                  R"({"fields": ["a"], "except": ["b"]})",
                                  R"({"read_only": "yes"})",
                                  R"({"read_only": {}})",
                                  R"({"read_only": {"role": ["a"]}})",
                                  R"({"validate": true})",
                                  R"({"validate": {"type": "objekt"}})",
                                  R"({"validate": {"propertis": {}}})",
                                  R"({"validate": {"patternProperties": {}}})",
                                  R"({"validate": {"$ref": "http://x/y"}})",
                                  R"({"validate": {"required": [1]}})",
                                  R"({"validate": {"then": {}}})",
                                  R"({"validate": {"allOf": []}})",
                                  R"({"validate": {"dependencies": {"a": 1}}})",
                                  R"({"validate": {"items": 1}})",
                                  R"({"validate": {"properties": {"a": {"minimum": "x"}}}})",
                                  R"({"validate": {"properties": {"a": {"multipleOf": 0}}}})",
                                  R"({"validate": {"properties": {"a": {"format": "dat"}}}})",
                                  R"({"validate": {"properties": {"a": {"maxLength": -1}}}})",
                                  R"({"validate": {"properties": {"a": {"enum": []}}}})",
                                  R"({"validate": {"properties": {"a": {"not": {"uniqueItems": 1}}}}})",
                                  R"({"rename": {"tether_id": "b"}})",
                                  R"({"rename": {"": "b"}})",
                                  R"({"set": {"tether_id": 1}})",
                                  R"({"mask": {"tether_id": 1}})",
                                  R"({"conflict": "merge", "merge": {"tether_id": "lww"}})",
                                  R"({"rename": ["a"]})",
                                  R"({"rename": {"a": 1}})",
                                  R"({"rename": {"a": ""}})",
                                  R"({"set": {"a": {"b": 1}}})",
                                  R"({"set": {"a": {"claim": ""}}})",
                                  R"({"set": {"a": {"claim": "x", "value": 1}}})",
                                  R"({"mask": ["a"]})",
                                  R"({"visible": {"a": ["x"]}})",
                                  R"({"visible": {"a": {"in": []}}})",
                                  R"({"visible": {"a": {"in": "x"}}})",
                                  R"({"visible": {"a": {"in": {"value": [1]}}}})",
                                  R"({"timestamps": 1})",
                                  R"({"conflict": "last"})",
                                  R"({"delete_policy": "by_policy"})",
                                  R"({"merge": {"a": "max"}})",
                                  R"({"conflict": "merge", "merge": {"a": "sum"}})",
                                  R"({"conflict": "merge", "merge": "lww"})",
                                  R"({"conflict": "exec"})",
                                  R"({"resolver": ["x"]})",
                                  R"({"conflict": "merge", "resolver": ["x"]})",
                                  R"({"conflict": "exec", "resolver": []})",
                                  R"({"mapper": "jq"})",
                                  R"({"mapper": [1]})",
                                  R"({"mapper": [""]})",
                                  R"({"mapper": {"command": ["x"], "time_limit_ms": 0}})",
                                  R"({"mapper": {"time_limit_ms": 5}})",
                                  R"({"mapper": {"command": ["x"], "timeout": 5}})",
                                  R"({"redact": {"a": 1}})"}) {
    texts.push_back(with_model(model));
  }
  for (const auto& text : texts) {
    CAPTURE(text);
    CHECK_FALSE(schema.messages(text).empty());
    CHECK_FALSE(is_read(text));
  }
}

TEST_CASE("every example in the manual is read") {
  std::istringstream manual(file("../service/MODELS.md"));
  std::string example;
  bool in_example = false;
  int examples = 0;
  for (std::string line; std::getline(manual, line);) {
    if (line == "```json") {
      in_example = true;
      example.clear();
    } else if (line == "```" && in_example) {
      in_example = false;
      if (example.starts_with(R"({"messages")")) continue;  // what a client is told
      ++examples;
      CAPTURE(example);
      CHECK(is_read(example.starts_with('{') ? example : with_model("{" + example + "}")));
    } else if (in_example) {
      example += line + "\n";
    }
  }
  CHECK(examples >= 12);
}

// A fee system of several schools, synced with field devices.
struct School {
  Models models = read_models(file("models/school.json"));
  const std::string device = R"({"institution": 1, "role": "device", "user": "tablet-7"})";
  const std::string accountant = R"({"institution": 1, "role": "accountant", "user": "ann"})";
  const std::string elsewhere = R"({"institution": 2, "role": "accountant", "user": "eve"})";

  const Model& of(std::string_view name) const {
    const auto* model = models.find(name);
    REQUIRE(model != nullptr);
    return *model;
  }
  std::string stored(std::string_view name, std::string payload, const std::string& claims) const {
    protocol::Mutation mutation{.model = ModelName{std::string(name)}, .payload = std::move(payload)};
    return std::get<protocol::Mutation>(inbound(of(name), std::move(mutation), {}, claims)).payload;
  }
};

TEST_CASE("the school's file fits the schema for editors") {
  CHECK(schema_for_editors().messages(file("models/school.json")) == "");
}

TEST_CASE("a school's rows are its own, whatever a payload claims") {
  const School school;
  const auto payment =
      school.stored("Payment", R"({"student_id":"s","amount":500,"institution_id":2,"cleared":true})", school.device);
  CHECK(payment == R"({"student_id":"s","amount":500,"institution_id":1,"recorded_by":"tablet-7"})");
  for (const auto& [name, model] : school.models.by_name()) {
    CAPTURE(name);
    CHECK(is_visible(model, R"({"institution_id":1})", school.accountant));
    CHECK_FALSE(is_visible(model, R"({"institution_id":1})", school.elsewhere));
    CHECK_FALSE(is_visible(model, "{}", school.accountant));
  }
}

TEST_CASE("devices read the school's reference data and write none of it") {
  const School school;
  for (const auto* name : {"Institution", "FeeType", "SchoolClass", "User", "Expense"}) {
    CHECK(is_read_only(school.of(name), school.device));
    CHECK_FALSE(is_read_only(school.of(name), school.accountant));
  }
  for (const auto* name : {"Student", "FeeAccount", "Payment", "Attendance"}) {
    CHECK_FALSE(is_read_only(school.of(name), school.device));
  }
}

TEST_CASE("nobody is told the school's credentials") {
  const School school;
  CHECK(outbound(school.of("Institution"), R"({"name":"North","bank_account":"DE12","api_key":"k"})", {}) ==
        R"({"name":"North","bank_account":"****","api_key":"****"})");
  CHECK(outbound(school.of("User"), R"({"name":"Ann","password_hash":"$2y$","pin":"1234"})", {}) ==
        R"({"name":"Ann","pin":"****"})");
}

TEST_CASE("money is the server's, and totals count every payment") {
  const School school;
  CHECK(school.of("Payment").policy == Policy::server_wins);
  CHECK(school.of("Payment").validate->messages(R"({"student_id":"s","amount":0,"paid_on":"yesterday"})") ==
        R"({"amount":["must be more than 0"],"paid_on":["must be a date, as in 2026-11-21"]})");
  CHECK(school.of("FeeAccount").policy == Policy::merge);
  CHECK(school.of("FeeAccount").strategies.of("total_paid") == Strategy::counter);
}

}  // namespace
}  // namespace tether::rules
