// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "protocol/codec.hpp"

using tether::protocol::Operation;
using tether::protocol::RecordLine;

namespace {

RecordLine read(std::string_view line) {
  return tether::protocol::RecordLineReader().read(line);
}

std::string fault(std::string_view line) {
  try {
    read(line);
    return "none";
  } catch (const tether::protocol::FieldError& e) {
    return e.what();
  }
}

}  // namespace

TEST_CASE("a line names what to do, with what, and to which entity") {
  const RecordLine created =
      read(R"({"op":"create","model":"Task","payload":{"n":2.0, "big":123456789012345678901234567890}})");
  CHECK(created.operation == Operation::create);
  CHECK(created.model.value == "Task");
  CHECK_FALSE(created.id);
  CHECK(created.payload == R"({"n":2.0, "big":123456789012345678901234567890})");
  const RecordLine removed = read(R"( {"id":"t1","model":"Task","op":"delete"} )");
  CHECK(removed.operation == Operation::remove);
  CHECK(removed.id->value == "t1");
  CHECK(removed.payload == "{}");
}

TEST_CASE("an empty payload may be written in any of its forms, and no id as null") {
  for (const char* line : {R"({"op":"create","model":"T","id":null,"payload":[]})", R"({"op":"create","model":"T"})",
                           R"({"op":"create","model":"T","payload":null})"}) {
    CHECK(read(line).payload == "{}");
    CHECK_FALSE(read(line).id);
  }
}

TEST_CASE("a bad line is refused with what is wrong in it") {
  CHECK(fault("") == "not valid JSON: the text ends after 0 bytes, expected a value");
  CHECK(fault("hello") == "not valid JSON at byte 0: expected a value");
  CHECK(fault("not json") == "not valid JSON at byte 0: expected null");
  CHECK(fault("-") == "not valid JSON: the text ends after 1 bytes, expected a digit");
  CHECK(fault("[]") == "must be an object, not an array");
  CHECK(fault("{}") == "op: is missing");
  CHECK(fault(R"({"op":"create"})") == "model: is missing");
  CHECK(fault(R"({"op":"update","model":"T"})") == "id: is missing");
  CHECK(fault(R"({"op":"remove","model":"T"})") == "op: must be create, update or delete");
  CHECK(fault(R"({"op":1,"model":"T"})") == "op: must be a string, not a number");
  CHECK(fault(R"({"op":"create","model":"T","payload":"x"})") == "payload: must be an object, not a string");
  CHECK(fault(R"({"op":"create","model":"T","payload":[1]})") == "payload: must be an object, not an array");
  CHECK(fault(R"({"op":"create","model":"T","payload":{"a":[1,x]}})") ==
        "payload.a[1]: not valid JSON at byte 45: expected a value");
  CHECK(fault(R"({"op":"create","model":"T","paylaod":{}})") ==
        "paylaod: is no field of a line: these are op, model, id and payload");
  CHECK(fault(R"({"op":"create","model":"T","model":"U"})") == "model: stands there twice");
  CHECK(fault(R"({"op":"create","model":"T","payload":{"a":1,"b":[{"c":1,"c":1}]}})") ==
        "payload.b[0].c: stands there twice");
  CHECK(fault(R"({"op":"create","model":"T"}{"op":"create","model":"T"})") ==
        "not valid JSON at byte 27: expected nothing more");
}

TEST_CASE("a line that is cut off anywhere is refused") {
  const std::string_view whole = R"({"op":"update","model":"Task","id":"t1","payload":{"a":[1,"\u00e9"],"b":null}})";
  REQUIRE(fault(whole) == "none");
  for (std::size_t length = 0; length < whole.size(); ++length) {
    CAPTURE(length);
    CHECK(fault(whole.substr(0, length)) != "none");
  }
}
