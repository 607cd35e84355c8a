// SPDX-License-Identifier: MIT
#include "rules/fields.hpp"

#include <doctest/doctest.h>

#include "base/random.hpp"
#include "protocol/payload.hpp"

namespace tether::rules {
namespace {

TEST_CASE("a patch replaces what it names, in place, and appends what is new") {
  CHECK(overlay(R"({"a":1,"b":2})", R"({"c":3,"a":9})") == R"({"a":9,"b":2,"c":3})");
  CHECK(overlay(R"({"a":1})", "{}") == R"({"a":1})");
  CHECK(overlay("{}", R"({"a":1})") == R"({"a":1})");
}

TEST_CASE("an overlaid null is a value") {
  CHECK(overlay(R"({"a":1})", R"({"a":null})") == R"({"a":null})");
}

TEST_CASE("values keep the very text in which they were written") {
  CHECK(overlay(R"({"n":2.0,"big":123456789012345678901234567890})", R"({"m":1e22,"t":"\u0000é\/"})") ==
        R"({"n":2.0,"big":123456789012345678901234567890,"m":1e22,"t":"\u0000é\/"})");
}

TEST_CASE("a key counts as the same however it is escaped") {
  CHECK(overlay(R"({"caf\u00e9":1})", R"({"café":2})") == R"({"caf\u00e9":2})");
  CHECK(same_fields(R"({"\u0061":1})", R"({"a":1})"));
}

TEST_CASE("objects with many members are overlaid like small ones") {
  std::string base = "{";
  for (int i = 0; i < 100; ++i) base += (i > 0 ? ",\"k" : "\"k") + std::to_string(i) + "\":" + std::to_string(i);
  base += "}";
  const auto result = overlay(base, R"({"k50":"changed","k\u0039\u0039":"escaped","new":true})");
  CHECK(protocol::find_member(result, "k50") == R"("changed")");
  CHECK(protocol::find_member(result, "k99") == R"("escaped")");
  CHECK(protocol::find_member(result, "new") == "true");
  CHECK(protocol::members(result).size() == 101);
}

TEST_CASE("two texts of one value are the same value") {
  CHECK(same_value("1", "1"));
  CHECK(same_value(R"("é")", R"("\u00e9")"));
  CHECK(same_value(R"({"a":1,"b":[1, 2]})", R"({"b":[1,2],"a":1})"));
  CHECK(same_value("[]", "[ ]"));
  CHECK(same_value(R"([{"a":"]"},"x,y"])", R"([ {"a":"]"} , "x,y" ])"));
}

TEST_CASE("different values are different") {
  CHECK_FALSE(same_value("2", "2.0"));  // they come back as they were written
  CHECK_FALSE(same_value("1", "\"1\""));
  CHECK_FALSE(same_value("true", "1"));
  CHECK_FALSE(same_value("{}", "[]"));
  CHECK_FALSE(same_value("[1,2]", "[2,1]"));
  CHECK_FALSE(same_value("[1]", "[1,1]"));
  CHECK_FALSE(same_value("null", R"("")"));
  CHECK_FALSE(same_value(R"({"a":1})", R"({"a":1,"b":2})"));
}

TEST_CASE("all texts of one value have one canonical text, and no other value has it") {
  CHECK(canonical(R"({"b":[1, 2.0] , "\u0061":"\u00e9\/"})") == R"({"a":"é/","b":[1,2.0]})");
  CHECK(canonical("null") == "null");
  CHECK(canonical("[ ]") == "[]");
  const std::string_view values[] = {
      "1",     "1.0",    R"("1")",      "true",       "null",         "[]",
      "[1]",   "[[]]",   R"(["1"])",    "{}",         R"({"a":1})",   R"({"a":1,"b":2})",
      R"("")", R"("a")", R"("\u0061")", R"(["1,2"])", R"(["1","2"])", R"({"b":2, "a":1})"};
  for (const auto a : values) {
    for (const auto b : values) {
      CAPTURE(a);
      CAPTURE(b);
      CHECK((canonical(a) == canonical(b)) == same_value(a, b));
    }
  }
}

TEST_CASE("a text is what its escapes stand for, and no other kind of value") {
  CHECK(text_value(R"("a\n\u00e9")") == "a\né");
  CHECK(text_value(R"("")") == "");
  CHECK_FALSE(text_value("1"));
  CHECK_FALSE(text_value("null"));
}

TEST_CASE("the elements of an array are the texts between its own commas") {
  CHECK(elements(R"([ 1 ,"a,]", [2,3],{"b":[4]} ])") ==
        std::vector<std::string_view>{"1", R"("a,]")", "[2,3]", R"({"b":[4]})"});
  CHECK(elements("[ ]").empty());
}

TEST_CASE("changes are what a patch really changes") {
  CHECK(changes(R"({"a":1,"b":"x","c":null})", R"({"a":1,"b":"y","c":null,"d":4})") == R"({"b":"y","d":4})");
  CHECK(changes(R"({"a":1})", R"({"a":1})") == "{}");
}

TEST_CASE("earlier values name each changed field, with null for one that was not there") {
  CHECK(earlier_values(R"({"a":1,"b":"x"})", R"({"b":"y","d":4})") == R"({"b":"x","d":null})");
}

TEST_CASE("a selection takes the members that another object names") {
  CHECK(selected(R"({"a":1,"b":2,"c":3})", R"({"c":0,"a":0,"z":0})") == R"({"a":1,"c":3})");
}

TEST_CASE("a payload with its earlier values put back is what its writer had seen") {
  CHECK(as_before(R"({"title":"new","done":false})", R"({"title":"old"})") == R"({"title":"old","done":false})");
}

TEST_CASE("differing fields are named once, those of the left side first") {
  CHECK(differing_fields(R"({"a":1,"b":2,"c":3})", R"({"z":0,"b":5,"c":3})") ==
        std::vector<std::string>{"a", "b", "z"});
}

TEST_CASE("fields that have the same value in both objects are named in the order of the first") {
  CHECK(same_valued_fields(R"({"c":3,"a":1,"b":[1, 2]})", R"({"b":[1,2],"a":2,"\u0063":3,"z":0})") ==
        std::vector<std::string>{"c", "b"});
}

TEST_CASE("an object covers another when it has all of its members") {
  CHECK(covers(R"({"a":1,"b":2})", R"({"b":9})"));
  CHECK(covers("{}", "{}"));
  CHECK_FALSE(covers(R"({"a":1})", R"({"a":1,"b":2})"));
}

std::string random_object(Random& random) {
  std::string text = "{";
  for (int key = 0; key < 6; ++key) {
    if (random.below(2) == 0) continue;
    if (text.size() > 1) text += ',';
    text += '"' + std::string(1, static_cast<char>('a' + key)) + "\":" + std::to_string(random.below(3));
  }
  return text + "}";
}

TEST_CASE("overlay is associative, and overlaying changes gives what overlaying all gives") {
  SeededRandom random(11);
  for (int i = 0; i < 2'000; ++i) {
    const auto a = random_object(random);
    const auto b = random_object(random);
    const auto c = random_object(random);
    CAPTURE(a);
    CAPTURE(b);
    CAPTURE(c);
    CHECK(same_fields(overlay(overlay(a, b), c), overlay(a, overlay(b, c))));
    CHECK(overlay(a, changes(a, b)) == overlay(a, b));
    CHECK(same_fields(overlay(overlay(a, b), earlier_values(a, changes(a, b))), overlay(a, "{}")) ==
          covers(a, changes(a, b)));
  }
}

}  // namespace
}  // namespace tether::rules
