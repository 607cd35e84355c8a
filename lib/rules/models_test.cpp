// SPDX-License-Identifier: MIT
#include "rules/models.hpp"

#include <doctest/doctest.h>

#include <sstream>

namespace tether::rules {
namespace {

/// Everything that is wrong with a file, one per line; empty: nothing.
std::string wrong(std::string_view text) {
  try {
    read_models(text);
    return "";
  } catch (const ModelsError& e) {
    return e.what();
  }
}

/// The same for a file with the one model `T`, without the `models.T.` in front of each path.
std::string wrong_model(const std::string& model) {
  std::istringstream lines(wrong(R"({"models": {"T": )" + model + "}}"));
  std::string all;
  for (std::string line; std::getline(lines, line);) {
    if (!all.empty()) all += '\n';
    all += line.starts_with("models.T.") ? line.substr(9) : line;
  }
  return all;
}

Model model(const std::string& text) {
  return *read_models(R"({"models": {"T": )" + text + "}}").find("T");
}

TEST_CASE("without a file any model is accepted, with the defaults") {
  const Models models;
  CHECK(models.any());
  REQUIRE(models.find("Whatever") != nullptr);
  CHECK(models.find("Whatever")->policy == Policy::last_write_wins);
}

TEST_CASE("with a file only the models that it names exist") {
  const auto models = read_models(R"({"$schema": "models.schema.json", "models": {"Task": {}}})");
  CHECK_FALSE(models.any());
  CHECK(models.find("Task") != nullptr);
  CHECK(models.find("task") == nullptr);
}

TEST_CASE("every key of a model is read") {
  const auto m = model(R"({
    "fields": ["title", "total"], "read_only": {"role": {"in": ["device", "kiosk"]}, "trusted": false},
    "validate": {"type": "object"}, "rename": {"name": "title"},
    "set": {"school": {"claim": "institution"}, "source": "field", "x": {"value": { "a": [1, 2] }}, "none": null},
    "hide": ["secret"], "mask": {"iban": "****"}, "visible": {"class_id": {"in": {"claim": "classes"}}},
    "timestamps": true, "conflict": "merge", "delete_policy": "edit_wins",
    "merge": {"total": "counter", "*": "server"}, "mapper": ["jq", "."], "redact": ["iban"]})");
  CHECK(m.fields == std::vector<std::string>{"title", "total"});
  CHECK_FALSE(m.read_only);
  REQUIRE(m.read_only_if.size() == 2);
  CHECK(m.read_only_if[0].field == "role");
  CHECK(m.read_only_if[0].any_of[1].constant == "\"kiosk\"");
  CHECK(m.read_only_if[1].any_of[0].constant == "false");
  CHECK(m.validate != nullptr);
  CHECK(m.rename == std::vector<std::pair<std::string, std::string>>{{"name", "title"}});
  REQUIRE(m.set.size() == 4);
  CHECK(m.set[0].second.claim == "institution");
  CHECK(m.set[1].second.constant == "\"field\"");
  CHECK(m.set[2].second.constant == R"({"a":[1,2]})");
  CHECK(m.set[3].second.constant == "null");
  CHECK(m.hide == std::vector<std::string>{"secret"});
  CHECK(m.mask == std::vector<std::pair<std::string, std::string>>{{"iban", "\"****\""}});
  CHECK(m.visible[0].any_of_claim == "classes");
  CHECK(m.timestamps);
  CHECK(m.policy == Policy::merge);
  CHECK(m.delete_policy == DeletePolicy::edit_wins);
  CHECK(m.strategies.of("total") == Strategy::counter);
  CHECK(m.strategies.of("title") == Strategy::server);
  CHECK(m.mapper == Command{.arguments = {"jq", "."}});
  CHECK(m.redact == std::vector<std::string>{"iban"});
}

TEST_CASE("a resolver has a time limit") {
  CHECK(model(R"({"conflict": "exec", "resolver": ["python3", "x.py"]})").resolver ==
        Command{.arguments = {"python3", "x.py"}, .time_limit_ms = 2'000});
  CHECK(model(R"({"conflict": "exec", "resolver": {"command": ["x"], "time_limit_ms": 50}})").resolver ==
        Command{.arguments = {"x"}, .time_limit_ms = 50});
}

TEST_CASE("everything that is wrong is said at once, with its path and the nearest right word") {
  CHECK(wrong(R"({"models": {
          "Task": {"confict": "merge", "delete_policy": "deletes_win", "hide": ["a", 7]},
          "Fee": {"conflict": "merge", "merge": {"total": "conter"}},
          "2nd": {"timestamps": 1}}, "model": {}})") ==
        "models.Task.confict: unknown key \"confict\"; did you mean \"conflict\"?\n"
        "models.Task.delete_policy: unknown delete policy \"deletes_win\"; did you mean \"delete_wins\"?\n"
        "models.Task.hide[1]: must be the name of a field, not a number\n"
        "models.Fee.merge.total: unknown strategy \"conter\"; did you mean \"counter\"?\n"
        "models.2nd: must be a model name: a letter or _, then letters, digits or _, at most 128 in all\n"
        "models.2nd.timestamps: must be true or false, not a number\n"
        "model: unknown key \"model\"; did you mean \"models\"?");
}

TEST_CASE("faults are values, too") {
  try {
    read_models(R"({"models": {"T": {"conflict": "zzz"}}})");
    FAIL("accepted");
  } catch (const ModelsError& e) {
    REQUIRE(e.faults().size() == 1);
    CHECK(e.faults()[0].path == "models.T.conflict");
    CHECK(e.faults()[0].message ==
          "unknown policy \"zzz\"; there are last_write_wins, server_wins, client_wins, merge, manual, exec");
  }
}

TEST_CASE("a text that is no models file is refused") {
  CHECK(wrong("") == "not valid JSON: the text ends after 0 bytes, expected a value");
  CHECK(wrong("[]") == R"(must be an object: {"models": {…}}, not an array)");
  CHECK(wrong("{}") == "models: is missing");
  CHECK(wrong(R"({"models": []})") == "models: must be an object: the models by name, not an array");
  CHECK(wrong(R"({"models": {"T": 5}})") == "models.T: must be an object, not a number");
  CHECK(wrong(R"({"models": {"T": {"hide": ["a",]}}})") ==
        "models.T.hide[1]: not valid JSON at byte 31: expected a value");
  CHECK(wrong(R"({"models": {}} x)") == "not valid JSON at byte 15: expected nothing more");
}

TEST_CASE("a key that is there twice is refused at any depth") {
  CHECK(wrong(R"({"models": {"T": {"hide": ["a"], "h\u0069de": ["b"]}, "T": {}}})") ==
        "models.T.hide: is there twice\nmodels.T: is there twice");
  CHECK(wrong_model(R"({"set": {"x": {"value": [{"a": 1, "a": 2}]}}})") == "set.x.value[0].a: is there twice");
}

TEST_CASE("names of fields are checked") {
  CHECK(wrong_model(R"({"fields": "title"})") == "fields: must be an array of names of fields, not a text");
  CHECK(wrong_model(R"({"fields": ["a", "", "a", "tether_id"]})") ==
        "fields[1]: the name of a field must not be empty\n"
        "fields[2]: names \"a\" twice\n"
        "fields[3]: tether_id is the record's own id and no field");
  CHECK(wrong_model(R"({"rename": {"": "a", "b": 5}})") ==
        "rename.: the name of a field must not be empty\nrename.b: must be the name of a field, not a number");
}

TEST_CASE("values and conditions are checked") {
  CHECK(wrong_model(R"({"set": {"a": {"clam": "x"}, "b": {}, "c": {"claim": ""}, "d": {"claim": 5}}})") ==
        "set.a.clam: unknown key \"clam\"; did you mean \"claim\"?\n"
        "set.b: must have one key, claim or value\n"
        "set.c.claim: the name of a claim must not be empty\n"
        "set.d.claim: must be the name of a claim, not a number");
  CHECK(wrong_model(R"({"visible": {"a": ["x"], "b": {"in": []}, "c": {"in": "x"}, "d": {"in": {"value": 1}}}})") ==
        "visible.a: must be a value, {\"claim\": \"name\"} or {\"in\": […]}; an array stands behind \"in\"\n"
        "visible.b.in: must have at least one value: no row fits none\n"
        "visible.c.in: must be an array of values or {\"claim\": \"name\"}, not a text\n"
        "visible.d.in.value: unknown key \"value\"; there are claim");
  CHECK(wrong_model(R"({"visible": {}})") == "visible: must have at least one condition");
  CHECK(wrong_model(R"({"read_only": "yes"})") ==
        "read_only: must be true, false or an object of conditions on claims, not a text");
}

TEST_CASE("programs are checked") {
  CHECK(wrong_model(R"({"mapper": []})") == "mapper: must name a program");
  CHECK(wrong_model(R"({"mapper": "jq"})") == "mapper: must be an array, or an object with a command, not a text");
  CHECK(wrong_model(R"({"mapper": ["a\u0000b", 5]})") ==
        "mapper[0]: must not hold the character U+0000\nmapper[1]: must be a text, not a number");
  CHECK(wrong_model(R"({"mapper": {"time_limit": 5}})") ==
        "mapper.time_limit: unknown key \"time_limit\"; did you mean \"time_limit_ms\"?\nmapper: must have a command");
  CHECK(wrong_model(R"({"mapper": {"command": ["x"], "time_limit_ms": 0}})") ==
        "mapper.time_limit_ms: must be a whole number of milliseconds, 1 to 600000");
}

TEST_CASE("a schema's faults are named inside of the file") {
  CHECK(wrong_model(R"({"validate": {"properties": {"a": {"typ": "x"}}, "required": 5}})") ==
        "validate.properties.a.typ: unknown keyword \"typ\"; did you mean \"type\"?\n"
        "validate.required: must be an array of names");
  CHECK(wrong_model(R"({"validate": 5})") == "validate: must be an object: a JSON Schema");
}

TEST_CASE("what contradicts itself is refused") {
  CHECK(wrong_model(R"({"fields": ["a"], "except": ["b"]})") ==
        "except: stands beside \"fields\": name either the fields that may be written, or those that may not");
  CHECK(wrong_model(R"({"hide": ["a"], "mask": {"a": 1}})") ==
        "mask.a: is hidden as well: a field is either hidden or masked");
  CHECK(wrong_model(R"({"rename": {"a": "x", "b": "x", "c": "c"}})") ==
        "rename.b: another field is stored as \"x\" already\nrename.c: is renamed to itself");
  CHECK(wrong_model(R"({"rename": {"a": "x"}, "hide": ["a"], "visible": {"a": 1}})") ==
        "hide[0]: \"a\" is only its name on the wire: write \"x\", as it is stored\n"
        "visible.a: \"a\" is only its name on the wire: write \"x\", as it is stored");
  CHECK(wrong_model(R"({"timestamps": true, "hide": ["created_at"], "mask": {"updated_at": 1}})") ==
        "hide: \"created_at\": \"timestamps\" tells this field itself\n"
        "mask.updated_at: \"timestamps\" tells this field itself");
}

TEST_CASE("what belongs to one policy is refused with another") {
  CHECK(wrong_model(R"({"merge": {"a": "max"}})") == "merge: counts only with \"conflict\": \"merge\"");
  CHECK(wrong_model(R"({"conflict": "manual", "resolver": ["x"]})") ==
        "resolver: is asked only with \"conflict\": \"exec\"");
  CHECK(wrong_model(R"({"conflict": "exec"})") == "resolver: is missing: \"conflict\": \"exec\" asks a program");
  CHECK(wrong_model(R"({"conflict": "marge", "merge": {"a": "max"}})") ==
        "conflict: unknown policy \"marge\"; did you mean \"merge\"?");
}

TEST_CASE("a strategy for a field that nobody may write is refused") {
  CHECK(
      wrong_model(R"({"conflict": "merge", "fields": ["total"], "merge": {"totl": "max", "x": "min", "*": "lww"}})") ==
      "merge.totl: is not in \"fields\"; did you mean \"total\"?\n"
      "merge.x: is not in \"fields\": clients may not write it");
  CHECK(wrong_model(R"({"conflict": "merge", "except": ["a"], "merge": {"a": "max"}})") ==
        "merge.a: \"except\" says that clients may not write this field");
}

TEST_CASE("long names are cut in messages") {
  CHECK(wrong_model("{\"" + std::string(100'000, 'x') + "\": 1}").size() < 500);
}

}  // namespace
}  // namespace tether::rules
