// SPDX-License-Identifier: MIT
#include "cmd/field_values.hpp"

#include <doctest/doctest.h>

namespace tether::cmd {

TEST_CASE("FIELD=VALUE is a text, whatever it looks like") {
  CHECK(fields_object({"title=Fix pump", "n=7", "empty=", "quote=a\"b", "sum=a=b"}) ==
        R"({"title":"Fix pump","n":"7","empty":"","quote":"a\"b","sum":"a=b"})");
}

TEST_CASE("FIELD:=JSON keeps the text of its value") {
  CHECK(fields_object({"n:=2.0", "big:= 123456789012345678901234567890 ", "o:={\"b\":1,\"a\":[]}", "z:=null"}) ==
        R"({"n":2.0,"big":123456789012345678901234567890,"o":{"b":1,"a":[]},"z":null})");
}

TEST_CASE("a word that is no field is refused") {
  for (const char* word : {"title", "=x", ":=1", "a:=", "a:=  ", "a:={", "a:=1,2", "a:=1,\"b\":2", "a:=1,\"value\":2",
                           "a:=nul", "a:=1}", "a:=\"\\x\"", "a=\xff", "\xc3=1"}) {
    CAPTURE(word);
    CHECK_THROWS_AS(parse_field(word), Error);
  }
}

TEST_CASE("a value that is nested too deeply is called that") {
  const std::string deep = "a:=" + std::string(64, '[') + std::string(64, ']');
  CHECK_THROWS_WITH(parse_field(deep), "the field a is nested deeper than 64 levels");
}

TEST_CASE("the name that carries the entity's id is no field: that is wrong usage like every other bad word") {
  try {
    fields_object({"a=1", "tether_id=x"});
    FAIL("was accepted");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::usage);
    CHECK(error.what() == std::string("a field cannot be named tether_id"));
  }
}

TEST_CASE("a field given twice is refused by name") {
  CHECK_THROWS_WITH(fields_object({"a=1", "b=2", "a:=3"}), "the field a is given twice");
}

TEST_CASE("a payload reads as the words that would record it") {
  CHECK(as_words(R"({"title":"Fix pump","done":true,"tag":"x"})") == R"(title="Fix pump" done:=true tag=x)");
}

TEST_CASE("a value that was written over several lines reads as one line") {
  CHECK(as_words("{\"o\":{\n  \"a b\": [1,\r\n 2]\n}}") == R"(o:={"a b":[1,2]})");
  CHECK(as_words(R"({"o":{"a": 1}})") == R"(o:={"a": 1})");
  CHECK(readable("[\n\"\xc2\x9b\"]") == R"(["\x9b"])");
}

TEST_CASE("no record can steer a terminal") {
  CHECK(as_words("{\"t\":\"\\u001b[31m\\u009b\\n\"}") == "t=\"\\x1b[31m\\x9b\\n\"");
}

}  // namespace tether::cmd
