// SPDX-License-Identifier: MIT
#include "service/json_members.hpp"

#include <doctest/doctest.h>

using namespace tether::service;
using Texts = std::vector<std::string>;

TEST_CASE("members are found by their names, however those are written") {
  const std::string text = R"({"a": "x\u0041", "\u0062": 1.5e1, "c": ["p", "q"], "d": null, "": {"a": 1}})";
  const auto members = json_members(text);
  REQUIRE(members);
  CHECK(members->size() == 5);
  CHECK(text_member(*members, "a") == "xA");
  CHECK(number_member(*members, "b") == 15.0);
  CHECK(texts_member(*members, "c") == Texts{"p", "q"});
  CHECK(members->at("d") == "null");
  CHECK(members->at("") == R"({"a": 1})");
}

TEST_CASE("a member of another kind is none") {
  const std::string text = R"({"text": "7", "number": 7, "texts": ["a", 1], "huge": 1e999, "null": null})";
  const auto members = json_members(text);
  REQUIRE(members);
  for (const char* name : {"number", "texts", "null", "none"}) CHECK_FALSE(text_member(*members, name));
  for (const char* name : {"text", "texts", "huge", "null", "none"}) CHECK_FALSE(number_member(*members, name));
  for (const char* name : {"text", "number", "texts", "null", "none"}) CHECK_FALSE(texts_member(*members, name));
}

TEST_CASE("what is no object, or names a member twice, has no members") {
  for (const char* text : {"", "[]", "null", "\"a\"", "{", "{}{}", "{} x", R"({"a":1,"a":1})", R"({"a":1,"\u0061":2})",
                           R"({"a":01})", R"({'a':1})", "{\"a\":\"\xff\"}", R"({"a":1,})"}) {
    CAPTURE(text);
    CHECK_FALSE(json_members(text));
  }
  CHECK_FALSE(json_members("{\"a\":" + std::string(100'000, '[')));
}
