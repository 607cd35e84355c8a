// SPDX-License-Identifier: MIT
#include "protocol/payload.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "base/random.hpp"
#include "protocol/field_error.hpp"

using tether::protocol::check_no_key_twice;
using tether::protocol::check_object;
using tether::protocol::FieldError;
using tether::protocol::find_member;
using tether::protocol::Member;
using tether::protocol::members;
using tether::protocol::ObjectWriter;
using tether::protocol::same_key;
using tether::protocol::unescaped;
using tether::protocol::without_member;
using tether::protocol::without_white_space;

namespace {

bool is_object(std::string_view text) {
  try {
    check_object(text);
    return true;
  } catch (const FieldError&) {
    return false;
  }
}

std::string fault(std::string_view text) {
  try {
    check_object(text);
    return "none";
  } catch (const FieldError& e) {
    return e.what();
  }
}

std::string nested(std::size_t depth) {
  std::string text = "{\"a\":";
  for (std::size_t i = 1; i < depth; ++i) text += '[';
  for (std::size_t i = 1; i < depth; ++i) text += ']';
  return text + '}';
}

/// As `key=value;` per member, to compare with a literal.
std::string listed(std::string_view object) {
  std::string text;
  for (const Member& member : members(object)) {
    text += std::string(member.key) + "=" + std::string(member.value) + ";";
  }
  return text;
}

}  // namespace

TEST_CASE("a key that stands twice in one object is found at any depth, however it is escaped") {
  const auto twice = [](std::string_view object, std::string_view name = {}) -> std::string {
    REQUIRE(is_object(object));
    try {
      check_no_key_twice(object, name);
      return "none";
    } catch (const FieldError& e) {
      return e.what();
    }
  };
  CHECK(twice(R"({})") == "none");
  CHECK(twice(R"({"a":{"a":1},"b":[{"a":1},{"a":2},[],"a"]})") == "none");
  CHECK(twice(R"({"a":1,"b":2,"a":1})") == "a: stands there twice");
  CHECK(twice(R"({"a":1,"\u0061":2})") == "a: stands there twice");
  CHECK(twice(R"( {"a" : [ 1 , { "b" : { "c":1 , "c":2 } } ] } )", "payload") ==
        "payload.a[1].b.c: stands there twice");
}

TEST_CASE("objects of every kind of value are valid, with numbers of any size") {
  for (const char* text :
       {"{}", " \t\r\n{ } \n", R"({"":""})", R"({"a":null,"b":true,"c":false,"d":[],"e":{},"f":[1,[2,{"g":"h"}]]})",
        R"({"a":0,"b":-0,"c":-0.0,"d":2.0,"e":1e22,"f":1.0e+22,"g":1E-7,"h":5.0e-324})",
        R"({"a":123456789012345678901234567890,"b":1e400,"c":-1e-400,"d":0.30000000000000004})",
        R"({"a":"\u0000\b\f\n\r\t\/\\\"","b":"\ud83d\ude00","c":"\uD83D\uDE00\uffff"})",
        "{\"a\":\"gr\xc3\xbc\xc3\x9f \xe2\x80\xa8 \xf0\x9f\x98\x80 \xef\xbb\xbf \x7f\"}", R"({"a":1,"a":2})"}) {
    CAPTURE(text);
    CHECK(fault(text) == "none");
  }
}

TEST_CASE("what is not one whole JSON object is refused") {
  for (const char* text : {"",
                           " ",
                           "null",
                           "[]",
                           "1",
                           "\"a\"",
                           "{",
                           "}",
                           "{}}",
                           "{}{}",
                           "{} x",
                           "{,}",
                           "{\"a\"}",
                           "{\"a\":}",
                           "{\"a\":1,}",
                           "{\"a\":1 \"b\":2}",
                           "{\"a\" 1}",
                           "{a:1}",
                           "{'a':1}",
                           "{1:1}",
                           "{\"a\":[1,]}",
                           "{\"a\":[,1]}",
                           "{\"a\":[1 2]}",
                           "{\"a\":[1}",
                           "{\"a\":{]}",
                           "{\"a\":nul}",
                           "{\"a\":True}",
                           "{\"a\":truex}",
                           "{\"a\":undefined}",
                           "{\"a\":NaN}",
                           "{\"a\":Infinity}",
                           "{\"a\":-}",
                           "{\"a\":+1}",
                           "{\"a\":01}",
                           "{\"a\":-01}",
                           "{\"a\":.5}",
                           "{\"a\":1.}",
                           "{\"a\":1.e5}",
                           "{\"a\":1e}",
                           "{\"a\":1e+}",
                           "{\"a\":0x10}",
                           "{\"a\":1_000}",
                           "{\"a\":1//\n}",
                           "\xef\xbb\xbf{}"}) {
    CAPTURE(text);
    CHECK_FALSE(is_object(text));
  }
}

TEST_CASE("strings with broken escapes, control characters or broken UTF-8 are refused") {
  for (const std::string_view content :
       {std::string_view("\\"), std::string_view("\\x"), std::string_view("\\u"), std::string_view("\\u12"),
        std::string_view("\\u12g4"), std::string_view("\\u-123"), std::string_view("\\ud800"),
        std::string_view("\\ud800\\n"), std::string_view("\\ud800\\u0041"), std::string_view("\\udc00"),
        std::string_view("\\ud800\\ud800"), std::string_view("\0", 1), std::string_view("\n"), std::string_view("\x1f"),
        std::string_view("\xff"), std::string_view("\xc0\x80"), std::string_view("\xed\xa0\x80"),
        std::string_view("\xe2\x82"), std::string_view("\x80")}) {
    const std::string in_value = "{\"a\":\"" + std::string(content) + "\"}";
    const std::string in_key = "{\"" + std::string(content) + "\":1}";
    CAPTURE(in_value);
    CHECK_FALSE(is_object(in_value));
    CHECK_FALSE(is_object(in_key));
  }
}

TEST_CASE("errors name the path and what was expected") {
  CHECK(fault("") == "not valid JSON: the text ends after 0 bytes, expected a value");
  CHECK(fault("[]") == "not a JSON object");
  CHECK(fault(R"({"a":{"b":[1,{"c":tru}]}})") == "a.b[1].c: not valid JSON at byte 18: expected true");
  CHECK(fault(R"({"a":[1,2)") == "a[2]: not valid JSON: the text ends after 9 bytes, expected ',' or ']'");
  CHECK(fault("{\"title\":\"two\nlines\"}") ==
        "title: not valid JSON at byte 13: expected an escape instead of a control character");
  CHECK(fault("{} {}") == "not valid JSON at byte 3: expected nothing more");
  CHECK(fault("{\"" + std::string(200, 'k') + "\":x}") ==
        std::string(64, 'k') + "…: not valid JSON at byte 204: expected a value");
}

TEST_CASE("nesting is allowed to 64 levels and no further") {
  CHECK(is_object(nested(64)));
  CHECK_FALSE(is_object(nested(65)));
  CHECK(fault(nested(65)).find("nested deeper than 64 levels") != std::string::npos);
  CHECK_FALSE(is_object(std::string(1'000'000, '[')));
  CHECK_FALSE(is_object("{\"a\":" + std::string(1'000'000, '[')));
}

TEST_CASE("an object that is cut off anywhere is refused") {
  const std::string_view whole = R"({"a":[1,-2.5e+3,"x\u00e9\\",null,true],"b":{"c":"\ud83d\ude00"},"d":false})";
  REQUIRE(is_object(whole));
  for (std::size_t length = 0; length < whole.size(); ++length) {
    CAPTURE(length);
    CHECK_FALSE(is_object(whole.substr(0, length)));
  }
}

TEST_CASE("a character that a string may not hold as it is, is seen wherever it stands in a long one") {
  for (std::size_t at = 0; at < 20; ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string text(20, 'x');
      text[at] = static_cast<char>(byte);
      CAPTURE(at);
      CAPTURE(byte);
      const bool is_plain = byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
      CHECK(is_object("{\"a\":\"" + text + "\"}") == is_plain);
    }
  }
}

TEST_CASE("damaged objects are judged as another parser judges them") {
  const std::string whole =
      "{\"a\":[1,-2.5e+3,\"x\\u00e9\\\\\",null,true],\"b\":{\"c\":\"\\ud83d\\ude00\",\"gr\xc3\xbc\":\"\xe2\x82\xac\"},"
      "\"d\":false}";
  const std::string_view replacements = "{}[]\",:\\0123456789.-+eEtrufalsn \x80\xc3\xff\x01/";
  tether::SeededRandom random(11);
  int still_valid = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string damaged = whole;
    for (std::uint64_t n = random.below(3) + 1; n > 0; --n) {
      damaged[random.below(damaged.size())] = replacements[random.below(replacements.size())];
    }
    const auto other = nlohmann::json::parse(damaged, nullptr, false);
    // That parser refuses numbers beyond a double, which here are text like any other.
    if (other.is_discarded() && is_object(damaged) && damaged.find_first_of("eE") != damaged.npos) continue;
    CAPTURE(damaged);
    CHECK(is_object(damaged) == (!other.is_discarded() && other.is_object()));
    still_valid += other.is_object() ? 1 : 0;
  }
  CHECK(still_valid > 1'000);
}

TEST_CASE("members are slices of the text as it was written") {
  CHECK(listed("{}") == "");
  CHECK(listed(" { } ") == "");
  CHECK(listed(R"({"a":2.0,"b":1e22,"c":123456789012345678901234567890})") ==
        "a=2.0;b=1e22;c=123456789012345678901234567890;");
  CHECK(listed(" { \"a\" : { \"z\" : 1 , \"y\" : [ 2 ] } , \"b\\u0041\" : \"x,}\\\"]\" , \"\" : null } ") ==
        "a={ \"z\" : 1 , \"y\" : [ 2 ] };b\\u0041=\"x,}\\\"]\";=null;");
  CHECK(listed(R"({"a":[[],{},"]"],"b":"\\","c":"\u0000"})") == R"(a=[[],{},"]"];b="\\";c="\u0000";)");
}

TEST_CASE("of members with the same key the last counts, in the place of the first") {
  CHECK(listed(R"({"a":1,"b":2,"a":3})") == "a=3;b=2;");
  CHECK(listed(R"({"a":1,"\u0061":2})") == "a=2;");
  CHECK(listed(R"({"":1,"":2})") == "=2;");
}

TEST_CASE("many members, and many with one key, are found in no more than linear time") {
  std::string text = "{";
  for (int i = 0; i < 200'000; ++i) text += "\"k" + std::to_string(i % 100'000) + "\":" + std::to_string(i) + ",";
  text.back() = '}';
  const auto found = members(text);
  REQUIRE(found.size() == 100'000);
  CHECK(found[7].key == "k7");
  CHECK(found[7].value == "100007");
}

TEST_CASE("keys are the same when they stand for the same text") {
  CHECK(same_key("a", "a"));
  CHECK(same_key("a", "\\u0061"));
  CHECK(same_key("\\u00e9", "\xc3\xa9"));
  CHECK(same_key("a\\/b", "a/b"));
  CHECK_FALSE(same_key("a", "A"));
  CHECK_FALSE(same_key("\\\\u0061", "a"));
}

TEST_CASE("escapes stand for the characters that they name") {
  CHECK(unescaped("plain") == "plain");
  CHECK(unescaped(R"(\"\\\/\b\f\n\r\t)") == "\"\\/\b\f\n\r\t");
  CHECK(unescaped("a\\u0000b") == std::string("a\0b", 3));
  CHECK(unescaped("\\u20ac\\u00E9\\ud83d\\ude00!") == "\xe2\x82\xac\xc3\xa9\xf0\x9f\x98\x80!");
  CHECK(unescaped("\\\\u0041") == "\\u0041");
}

TEST_CASE("a member is found by its name, the last one of that name") {
  CHECK(find_member(R"({"a":1,"b":{"c":3}})", "b") == R"({"c":3})");
  CHECK(find_member(R"({"a":1,"b":{"c":3}})", "c").empty());
  CHECK(find_member(R"({"a":1,"a":2})", "a") == "2");
  CHECK(find_member(R"({"\u0061":1})", "a") == "1");
  CHECK(find_member(R"({"a\nb":1})", "a\nb") == "1");
  CHECK(find_member(R"({"a\nb":1})", "a\\nb").empty());
  CHECK(find_member(R"({"":5})", "") == "5");
  CHECK(find_member("{}", "a").empty());
}

TEST_CASE("a member is taken out wherever it stands, and the rest stays as it was written") {
  CHECK(without_member(R"({"a":1})", "k") == R"({"a":1})");
  CHECK(without_member(R"({"k":1})", "k") == "{}");
  CHECK(without_member(R"({"k":1,"a":2.0})", "k") == R"({"a":2.0})");
  CHECK(without_member(R"({"a":2.0,"k":1})", "k") == R"({"a":2.0})");
  CHECK(without_member(R"({"a":1,"k":{"a":","},"b":2})", "k") == R"({"a":1,"b":2})");
  CHECK(without_member(R"({"k":1,"k":2,"a":3,"k":4,"\u006b":5})", "k") == R"({"a":3})");
  CHECK(without_member(R"({"a":{"k":1}})", "k") == R"({"a":{"k":1}})");
  CHECK(without_member(R"({ "k" : 1 , "a" : 2 , "k" : 3 })", "k") == R"({ "a" : 2  })");
  CHECK(is_object(without_member(R"({ "k" : 1 , "k" : 3 } )", "k")));
}

TEST_CASE("white space is left out between tokens and kept in text") {
  CHECK(without_white_space(" { \"a b\" :\n[ 1.0 ,\t\"x \\\" y\" , { } ] } ") == R"({"a b":[1.0,"x \" y",{}]})");
  CHECK(without_white_space("{}") == "{}");
}

TEST_CASE("an object is built with commas where they belong") {
  CHECK(ObjectWriter().finish() == "{}");
  ObjectWriter writer;
  writer.member("a\\u0000", "2.0");
  writer.text_member("b\"", "line\nbreak");
  CHECK(std::move(writer).finish() == R"({"a\u0000":2.0,"b\"":"line\nbreak"})");
}
