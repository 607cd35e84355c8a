// SPDX-License-Identifier: MIT
#include "rules/json_schema.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace tether::rules {
namespace {

std::string said(std::string_view schema, std::string_view payload) {
  return JsonSchema(schema).messages(payload);
}

/// What is said of the field `x` that must be as in `schema`; empty: nothing.
std::string of_x(const std::string& schema, const std::string& value) {
  const auto text = said(R"({"properties":{"x":)" + schema + "}}", R"({"x":)" + value + "}");
  constexpr std::string_view k_start = R"({"x":[")";
  if (!text.starts_with(k_start)) return text;
  return text.substr(k_start.size(), text.size() - k_start.size() - std::string_view(R"("]})").size());
}

std::string faults(std::string_view schema) {
  try {
    const JsonSchema compiled(schema);
    return "";
  } catch (const SchemaError& e) {
    return e.what();
  }
}

TEST_CASE("nothing is said of a payload that is as it should be") {
  CHECK(said("{}", R"({"a":1})").empty());
  CHECK(said(R"({"type":"object","required":["a"],"properties":{"a":{"type":"integer","minimum":1}}})",
             R"({"a":1,"b":null})")
            .empty());
}

TEST_CASE("each keyword says what is wrong in words for people") {
  CHECK(of_x(R"({"type":"string"})", "1") == "must be a text");
  CHECK(of_x(R"({"type":["integer","null"]})", "true") == "must be a whole number or null");
  CHECK(of_x(R"({"enum":["open",3,null]})", "\"shut\"") == R"(must be one of \"open\", 3, null)");
  CHECK(of_x(R"({"const":{"a":1}})", "{}") == R"(must be {\"a\":1})");
  CHECK(of_x(R"({"minimum":2.5})", "2") == "must be at least 2.5");
  CHECK(of_x(R"({"maximum":5})", "6") == "must be at most 5");
  CHECK(of_x(R"({"exclusiveMinimum":0})", "0") == "must be more than 0");
  CHECK(of_x(R"({"exclusiveMaximum":9})", "9") == "must be less than 9");
  CHECK(of_x(R"({"multipleOf":5})", "7") == "must be a multiple of 5");
  CHECK(of_x(R"({"minLength":2})", R"("é")") == "must have at least 2 characters");
  CHECK(of_x(R"({"maxLength":2})", R"("abc")") == "must have at most 2 characters");
  CHECK(of_x(R"({"pattern":"^[a-z]+$"})", R"("A")") == "must match the pattern ^[a-z]+$");
  CHECK(of_x(R"({"minItems":2})", "[1]") == "must have at least 2 items");
  CHECK(of_x(R"({"maxItems":2})", "[1,2,3]") == "must have at most 2 items");
  CHECK(of_x(R"({"uniqueItems":true})", R"([1,{"a":1,"b":2},{"b":2,"a":1.0}])") == "must not have the same item twice");
  CHECK(of_x(R"({"contains":{"const":1}})", "[2]") == "has no item that is as it must be");
  CHECK(of_x(R"({"minProperties":1})", "{}") == "must not be empty");
  CHECK(of_x(R"({"maxProperties":1})", R"({"a":1,"b":2})") == "must have at most one field");
  CHECK(of_x(R"({"not":{"type":"null"}})", "null") == "must not be like this");
  CHECK(of_x("false", "1") == "must not be there");
}

TEST_CASE("each keyword lets through what fits, and what is none of its business") {
  for (const auto& [schema, value] :
       std::vector<std::pair<std::string, std::string>>{{R"({"type":["integer","null"]})", "null"},
                                                        {R"({"enum":["open",1]})", "1.0"},
                                                        {R"({"minimum":2})", "2"},
                                                        {R"({"minimum":2})", R"("a")"},
                                                        {R"({"multipleOf":0.1})", "0.3"},
                                                        {R"({"multipleOf":5})", "-10"},
                                                        {R"({"minLength":2})", R"("éé")"},
                                                        {R"({"pattern":"b"})", R"("abc")"},
                                                        {R"({"pattern":"b"})", "7"},
                                                        {R"({"uniqueItems":true})", R"([1,"1",true,null,[1]])"},
                                                        {R"({"uniqueItems":false})", "[1,1]"},
                                                        {R"({"minItems":2})", "7"},
                                                        {R"({"contains":{"const":1}})", "[2,1]"},
                                                        {R"({"format":"date"})", "5"},
                                                        {R"({"not":{"type":"null"}})", "1"},
                                                        {"true", "1"}}) {
    CAPTURE(schema);
    CHECK(of_x(schema, value).empty());
  }
}

TEST_CASE("formats are checked") {
  const auto fits = [](const std::string& format, const std::string& text) {
    return of_x(R"({"format":")" + format + "\"}", "\"" + text + "\"").empty();
  };
  CHECK(fits("date", "2026-02-28"));
  CHECK_FALSE(fits("date", "2026-02-29"));
  CHECK_FALSE(fits("date", "2026-2-1"));
  CHECK(fits("time", "20:49:00Z"));
  CHECK_FALSE(fits("time", "25:00:00Z"));
  CHECK(fits("date-time", "2026-11-21T20:49:00.5+02:00"));
  CHECK_FALSE(fits("date-time", "21.11.2026"));
  CHECK(fits("email", "ann@example.com"));
  CHECK_FALSE(fits("email", "ann example.com"));
  CHECK(fits("uuid", "123e4567-e89b-12d3-a456-426614174000"));
  CHECK_FALSE(fits("uuid", "123e4567"));
  CHECK(fits("uri", "https://example.com/a?b=c"));
  CHECK_FALSE(fits("uri", "example.com"));
  CHECK(fits("ipv4", "127.0.0.1"));
  CHECK_FALSE(fits("ipv4", "127.0.0.256"));
  CHECK_FALSE(fits("ipv4", R"(127.0.0.1\u0000)"));
  CHECK(fits("ipv6", "::1"));
  CHECK(of_x(R"({"format":"date"})", R"("x")") == "must be a date, as in 2026-11-21");
}

TEST_CASE("every field that is wrong is named, with its path") {
  CHECK(said(R"({"required":["title","owner"],"properties":{
               "title":{"type":"string"},
               "tags":{"items":{"type":"string","maxLength":3}},
               "address":{"required":["town"],"properties":{"zip":{"pattern":"^[0-9]{5}$"}}}}})",
             R"({"tags":["ok","long one",7],"address":{"zip":"x"},"title":5})") ==
        R"({"address.zip":["must match the pattern ^[0-9]{5}$"],"address.town":["is missing"],)"
        R"("tags[1]":["must have at most 3 characters"],"tags[2]":["must be a text"],)"
        R"("title":["must be a text"],"owner":["is missing"]})");
}

TEST_CASE("all fields that are not allowed are named") {
  CHECK(said(R"({"properties":{"a":{}},"additionalProperties":false})", R"({"a":1,"b":2,"c":3})") ==
        R"({"b":["must not be there"],"c":["must not be there"]})");
  CHECK(said(R"({"properties":{"a":{}},"additionalProperties":{"type":"integer"}})", R"({"a":"x","b":"x"})") ==
        R"({"b":["must be a whole number"]})");
  CHECK(said(R"({"properties":{"l":{"items":[{},{}],"additionalItems":false}}})", R"({"l":[1,2,3]})") ==
        R"({"l[2]":["must not be there"]})");
}

TEST_CASE("schemas can be put together") {
  CHECK(of_x(R"({"anyOf":[{"type":"string"},{"type":"null"}]})", "1") ==
        R"(must be a text","must be null","fits none of the ways that are allowed)");
  CHECK(of_x(R"({"oneOf":[{"minimum":1},{"minimum":2}]})", "3") ==
        "fits more than one of the ways that exclude each other");
  CHECK(of_x(R"({"allOf":[{"minimum":1},{"maximum":2}]})", "3") == "must be at most 2");
  CHECK(said(R"({"if":{"properties":{"paid":{"const":true}}},"then":{"required":["receipt"]}})", R"({"paid":true})") ==
        R"({"receipt":["is missing"]})");
  CHECK(said(R"({"dependencies":{"card":["expiry"]}})", R"({"card":1})") == R"({"expiry":["is missing"]})");
  CHECK(said(R"({"dependencies":{"card":{"properties":{"card":{"type":"string"}}}}})", R"({"card":1})") ==
        R"({"card":["must be a text"]})");
}

TEST_CASE("references inside of the schema are followed, also into themselves") {
  CHECK(said(R"({"definitions":{"a/b":{"type":"string"}},"properties":{"x":{"$ref":"#/definitions/a~1b"}}})",
             R"({"x":1})") == R"({"x":["must be a text"]})");
  constexpr auto k_tree =
      R"({"$defs":{"node":{"required":["name"],"properties":{"children":{"items":{"$ref":"#/$defs/node"}}}}},
                              "allOf":[{"$ref":"#/$defs/node"}]})";
  CHECK(said(k_tree, R"({"name":"a","children":[{"name":"b","children":[{}]}]})") ==
        R"({"children[0].children[0].name":["is missing"]})");
  CHECK(said(R"({"properties":{"inner":{"$ref":"#"},"n":{"type":"integer"}}})", R"({"inner":{"inner":{"n":"x"}}})") ==
        R"({"inner.inner.n":["must be a whole number"]})");
}

TEST_CASE("numbers of any size can be checked") {
  const std::string big = "123456789012345678901234567890";
  CHECK(of_x(R"({"type":"integer"})", big).empty());
  CHECK(of_x(R"({"type":"integer","maximum":100})", big) == "must be at most 100");
  CHECK(of_x(R"({"type":"integer","minimum":0})", "-" + big) == "must be at least 0");
  CHECK(of_x(R"({"maximum":100})", "18446744073709551615") == "must be at most 100");
  CHECK(of_x(R"({"maximum":100})", "1e400") == "must be at most 100");
  CHECK(of_x(R"({"minimum":0})", "-1e400") == "must be at least 0");
  CHECK(of_x(R"({"type":"number","multipleOf":3})", "1e-400").empty());
  CHECK(of_x(R"({"type":"integer"})", "1.0").empty());
  CHECK(of_x(R"({"type":"integer"})", "1.5") == "must be a whole number");
  CHECK(of_x(R"({"multipleOf":0.01})", "1e308").empty());
}

TEST_CASE("a pattern that would take for ever elsewhere takes its time in proportion") {
  const std::string text = "\"" + std::string(1'000'000, 'a') + "!\"";
  CHECK(of_x(R"({"pattern":"^(a+)+$"})", text) == "must match the pattern ^(a+)+$");
  CHECK(of_x(R"({"pattern":"(x|a|aa)*b"})", text) == "must match the pattern (x|a|aa)*b");
  CHECK(of_x(R"({"format":"email"})", text) == "must be an e-mail address");
  CHECK(of_x(R"({"format":"date"})", "\"" + std::string(1'000'000, '1') + "-01-01\"") ==
        "must be a date, as in 2026-11-21");
}

TEST_CASE("a payload in which everything is wrong gets an answer that a person can read") {
  std::string list = "[";
  for (int i = 0; i < 300'000; ++i) list += i > 0 ? ",{}" : "{}";
  const auto text = said(
      R"({"properties":{"x":{"uniqueItems":true,"items":{"required":["a"],"anyOf":[{"type":"string"},{"type":"null"}]}}}})",
      R"({"x":)" + list + "]}");
  CHECK(text.size() < 4'000);
  CHECK(text.starts_with(R"({"x[0)"));
  std::string enumeration = "[0";
  for (int i = 1; i < 10'000; ++i) enumeration += "," + std::to_string(i);
  CHECK(of_x(R"({"enum":)" + enumeration + "]}", "-1").size() < 300);
  const std::string long_name(100'000, 'n');
  CHECK(said(R"({"additionalProperties":false})", "{\"" + long_name + "\":1}").size() < 300);
}

TEST_CASE("a check of a schema that refers to itself on several ways comes to an end") {
  CHECK(said(R"({"properties":{"x":{"$ref":"#/definitions/a"}},"definitions":{"a":)"
             R"({"type":"array",
               "anyOf":[{"items":{"$ref":"#/definitions/a"}},{"items":{"$ref":"#/definitions/a"},"maxItems":9}]}}})",
             R"({"x":)" + std::string(60, '[') + "5" + std::string(60, ']') + "}") ==
        R"({"":["takes too long to check"]})");
}

TEST_CASE("messages are JSON whatever the names and values are") {
  CHECK(said(R"({"properties":{"a\"b":{"const":"\n"}}})", R"({"a\"b":1})") == R"({"a\"b":["must be \"\\n\""]})");
}

TEST_CASE("all that is wrong with a schema is said, with its path") {
  CHECK(faults(R"({"properties":{"title":{"typ":"string"},"n":{"minimum":"1","type":"integr"}},"requird":["a"],
                   "additionalProperties":{"pattern":"(","format":"emial"}})") ==
        "additionalProperties.format: unknown format \"emial\"; did you mean \"email\"?\n"
        "additionalProperties.pattern: cannot be used: missing ): ( (patterns have neither look-around nor references "
        "back)\n"
        "properties.n.minimum: must be a number\n"
        "properties.n.type: unknown type \"integr\"; did you mean \"integer\"?\n"
        "properties.title.typ: unknown keyword \"typ\"; did you mean \"type\"?\n"
        "requird: unknown keyword \"requird\"; did you mean \"required\"?");
}

TEST_CASE("a schema that would not check what it says is refused") {
  CHECK(faults("[]") == "must be an object: a JSON Schema");
  CHECK(faults("true") == "must be an object: a JSON Schema");
  CHECK(faults(R"({"properties":[]})") == "properties: must be an object: schemas by name");
  CHECK(faults(R"({"properties":{"a":5}})") == "properties.a: must be a schema: an object, true or false");
  CHECK(faults(R"({"required":"a"})") == "required: must be an array of names");
  CHECK(faults(R"({"required":[1]})") == "required[0]: must be a name");
  CHECK(faults(R"({"minLength":-1})") == "minLength: must be a whole number from 0");
  CHECK(faults(R"({"allOf":[]})") == "allOf: must be an array of schemas");
  CHECK(faults(R"({"enum":[]})") == "enum: must be an array of at least one value");
  CHECK(faults(R"({"multipleOf":0})") == "multipleOf: must be a number above 0");
  CHECK(faults(R"({"then":{}})") == "then: counts only beside \"if\"");
  CHECK(faults(R"({"properties":{"a":{"$id":"x"}}})") == "properties.a.$id: may stand only at the top of a schema");
  CHECK(faults(R"({"patternProperties":{}})") ==
        "patternProperties: is not supported: name the fields in \"properties\", or describe all others in "
        "\"additionalProperties\"");
  CHECK(faults(R"({"$ref":"#/definitions/a","type":"object","definitions":{"a":{}}})") ==
        "type: would be ignored beside \"$ref\": put both into \"allOf\"");
}

TEST_CASE("references that lead nowhere, out or around are refused") {
  CHECK(faults(R"({"properties":{"a":{"$ref":"https://example.com/a.json"}}})") ==
        "properties.a.$ref: must begin with #: other documents are not fetched");
  CHECK(faults(R"({"properties":{"a":{"$ref":"other.json#/a"}}})") ==
        "properties.a.$ref: must begin with #: other documents are not fetched");
  CHECK(faults(R"({"properties":{"a":{"$ref":"#/definitions/b"}}})") == "properties.a.$ref: names no schema in here");
  CHECK(faults(R"({"properties":{"a":{"$ref":"#/properties"}}})") == "properties.a.$ref: names no schema in here");
  CHECK(faults(R"({"properties":{"a":{"$ref":7}}})") == "properties.a.$ref: must be a text, as in #/definitions/name");
  CHECK(faults(R"({"allOf":[{"$ref":"#"}]})") == "refers to itself without end");
  CHECK(faults(R"({"$defs":{"a":{"$ref":"#/$defs/b"},"b":{"$ref":"#/$defs/a"}}})") ==
        "$defs.a: refers to itself without end");
}

TEST_CASE("annotations say nothing about a payload") {
  CHECK(faults(R"({"$schema":"http://json-schema.org/draft-07/schema#","$id":"https://example.com/task.json",
                   "title":"Task","description":"d","$comment":"c","default":{},"examples":[1],"readOnly":true})")
            .empty());
}

TEST_CASE("a schema of fields alone says the same as one that the library checks as a whole") {
  constexpr auto k_fields =
      R"("required":["a"],"properties":{"a":{"type":"integer"},"b\"":{"type":"string"},"c":{"items":{"minimum":1}}})";
  for (const std::string others : {"true", "false"}) {
    const std::string body = k_fields + (R"(,"additionalProperties":)" + others);
    const JsonSchema fields(R"({"type":"object",)" + body + "}");
    const JsonSchema whole("{" + body + R"(,"minProperties":0})");
    for (const auto* payload : {R"({"a":1})", R"({"\u0061":1,"b\"":"x"})", R"({})", R"({"a":"x"})",
                                R"({"a":1,"a":"x"})", R"({"a":"x","a":1})", R"({"a":1,"b\"":2})", R"({"a":1,"d":2})",
                                R"({"a":1,"c":[1,0]})", R"({"a":1,"c":[1,2]})", R"({"c":5,"a":1.0})"}) {
      CAPTURE(payload);
      CHECK(fields.messages(payload) == whole.messages(payload));
    }
  }
}

TEST_CASE("one schema serves many threads at once") {
  const JsonSchema schema(R"({"properties":{"a":{"type":"integer","maximum":5},"s":{"pattern":"^x+$"}}})");
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) {
        if (!schema.messages(R"({"a":5,"s":"xx"})").empty()) ++wrong;
        if (schema.messages(R"({"a":6})") != R"({"a":["must be at most 5"]})") ++wrong;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(wrong == 0);
}

}  // namespace
}  // namespace tether::rules
