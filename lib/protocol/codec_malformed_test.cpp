// SPDX-License-Identifier: MIT
// Mutations that are none: each is answered alone, and the others of its batch go on.
#include <doctest/doctest.h>

#include "protocol/codec.hpp"
#include "protocol/codec_fixture.hpp"

using namespace tether::protocol;

namespace {

/// What is answered to a push of one mutation that is none.
std::string refusal_of(std::string_view body) {
  const PushRequest request = push_request(body);
  CHECK(request.mutations.empty());
  REQUIRE(request.malformed.size() == 1);
  CHECK(request.malformed[0].mutation_id.value == k_id);
  CHECK(request.malformed[0].reason == "validation_failed");
  return request.malformed[0].data;
}

}  // namespace

TEST_CASE("what is wrong with a mutation is told under its id") {
  CHECK(refusal_of(R"({"client_id":"c","mutations":[{"mutation_id":"@"}]})") ==
        R"({"messages":{"entity_id":["is missing"]}})");
  CHECK(refusal_of(with_payload(R"("entity_id":"",)")) == R"({"messages":{"entity_id":["must be 1 to 64 bytes"]}})");
  CHECK(refusal_of(with_payload("\"entity_id\":\"" + std::string(70, 'x') + "\",")) ==
        R"({"messages":{"entity_id":["must be 1 to 64 bytes"]}})");
  CHECK(refusal_of(with_payload(R"("entity_id":"a\u0000b",)")) ==
        R"({"messages":{"entity_id":["must not hold control characters"]}})");
  CHECK(refusal_of(with_payload(R"("model":"App\\Task",)"))
            .starts_with(R"({"messages":{"model":["must be a model name)"));
  CHECK(refusal_of(with_payload(R"("operation":"upsert",)")) ==
        R"({"messages":{"operation":["must be create, update or delete"]}})");
  CHECK(refusal_of(with_payload(R"("operation":{},)")) ==
        R"({"messages":{"operation":["must be a string, not an object"]}})");
  CHECK(refusal_of(with_payload(R"("payload":"{}",)")) ==
        R"({"messages":{"payload":["must be an object, not a string"]}})");
  CHECK(refusal_of(with_payload(R"("payload":[1],)")) ==
        R"({"messages":{"payload":["must be an object, not an array"]}})");
  CHECK(refusal_of(with_payload(R"("before":[2],)")) ==
        R"({"messages":{"before":["must be an object, not an array"]}})");
  CHECK(refusal_of(with_payload(R"("base_rev":99999999999999999999,)")) ==
        R"({"messages":{"base_rev":["must be an integer of at most 64 bits"]}})");
  CHECK(refusal_of(with_payload(R"("timestamp":"2026-11-21",)")) ==
        R"({"messages":{"timestamp":["must be an integer, not a string"]}})");
}

TEST_CASE("a string that stands for no text is wrong with its mutation alone") {
  const auto refuses = [](std::string_view rest, std::string_view path, std::string_view expected) {
    const std::string data = refusal_of(R"({"client_id":"c","mutations":[{"z":0,)" + std::string(rest) + R"(}]})");
    CAPTURE(data);
    return data.starts_with(R"({"messages":{")" + std::string(path) + R"(":["not valid JSON at byte )") &&
           data.ends_with(": expected " + std::string(expected) + R"("]}})");
  };
  const std::string_view halves = "both halves of a surrogate pair";
  CHECK(refuses(R"("payload":{"a":"\ud800"},"mutation_id":"@")", "payload.a", halves));
  CHECK(refuses(R"("mutation_id":"@","payload":{"a":"\udc00"})", "payload.a", halves));
  CHECK(refuses(R"("payload":["\ud800\ud800"],"mutation_id":"@")", "payload[0]", halves));
  CHECK(refuses(R"("before":{"\ud800":1},"mutation_id":"@")", "before", halves));
  CHECK(refuses(R"("unknown":"\ud800","mutation_id":"@")", "unknown", halves));
  CHECK(refuses(R"("\ud800":1,"mutation_id":"@")", "mutation", halves));
  CHECK(refuses(R"("payload":{"a":"\u12"},"mutation_id":"@")", "payload.a", "four hexadecimal digits"));
  CHECK(refuses(R"("payload":{"a":"\q"},"mutation_id":"@")", "payload.a", "an escape"));
  CHECK(refuses("\"payload\":{\"a\":\"\n\"},\"mutation_id\":\"@\"", "payload.a",
                "an escape instead of a control character"));
  CHECK(refuses("\"payload\":{\"a\":\"\xff\\\"\",\"\xff\":[\"\\\\\"]},\"mutation_id\":\"@\"", "payload.a", "UTF-8"));
}

TEST_CASE("what follows a string that stands for no text is checked as ever") {
  const auto around = [](std::string_view mutation, std::string_view behind) {
    return fault(push_request, R"({"client_id":"c","mutations":[)" + std::string(mutation) + "]" + std::string(behind));
  };
  const std::string broken = R"({"mutation_id":"@","payload":{"a":"\ud800"}})";
  CHECK(around(broken, "}") == "none");
  CHECK(around(broken, R"(,"sent_at":"\ud800"})").starts_with("sent_at: not valid JSON at byte"));
  CHECK(around(broken + R"(,{"mutation_id":"\ud800"})", "}").starts_with("mutations[1].mutation_id: not valid JSON"));
  CHECK(
      around(R"({"mutation_id":"@","a":"\ud800","b":01})", "}").starts_with("mutations[0].b: not valid JSON at byte"));
  CHECK(
      around("{\"mutation_id\":\"@\",\"a\":\"\xff\",\"\xff\":01}", "}").starts_with("mutations[0]: not valid JSON at"));
  const std::string whole = R"({"client_id":"c","mutations":[)" + broken + "]}";
  for (std::size_t length = 0; length < whole.size(); ++length) {
    CHECK(fault(push_request, whole.substr(0, length)).find("not valid JSON") != std::string::npos);
  }
}

TEST_CASE("a text that ends behind a backslash is read no further, whatever lies behind it in memory") {
  const std::string whole = R"({"client_id":"c","mutations":[{"payload":{"a":"xxx\", and what is somebody else's)";
  const std::string_view cut = std::string_view(whole).substr(0, whole.find('\\') + 1);
  CHECK(cut.ends_with("xxx\\"));
  CHECK(fault([](std::string_view body) { decode_push_request(body, Limits{}); }, cut) ==
        "mutations[0].payload: not valid JSON: the text ends after 51 bytes, expected the end of a string");
}

TEST_CASE("an id that is none is echoed, cut off where it is long") {
  const auto echo = [](const std::string& id) {
    const PushRequest request = push_request(R"({"client_id":"c","mutations":[{"mutation_id":")" + id +
                                             R"(","entity_id":"e","model":"T","operation":"update"}]})");
    REQUIRE(request.malformed.size() == 1);
    CHECK(request.malformed[0].data == R"({"messages":{"mutation_id":["must be a ULID of 26 characters"]}})");
    PushReply reply;
    reply.rejected = request.malformed;
    CHECK(decode_push_reply(encode(reply)) == reply);
    return request.malformed[0].mutation_id.value;
  };
  CHECK(echo("x") == "x");
  CHECK(echo("") == "");
  CHECK(echo(R"(a\"\u0000b)") == std::string("a\"\0b", 4));
  CHECK(echo(std::string(255, 'x')) == std::string(255, 'x'));
  CHECK(echo(std::string(254, 'x') + "\xc3\xa9") == std::string(254, 'x'));
}

TEST_CASE("malformed mutations do not hold up the others, and each id is answered once") {
  const auto mutation = [](std::string_view id, std::string_view model) {
    return R"({"model":)" + std::string(model) + R"(,"mutation_id":")" + std::string(id) +
           R"(","entity_id":"e","operation":"create","version":1,"timestamp":2})";
  };
  const std::string deep = R"({"payload":{"a":)" + std::string(5'000, '[') + R"("]")" + std::string(5'000, ']') +
                           R"(,"b":[{},{"c":[]},1]},"mutation_id":"deep"})";
  const PushRequest request =
      push_request(R"({"client_id":"c","mutations":[)" + mutation("x", "7") + "," + mutation("@", "\"T\"") + "," +
                   deep + "," + mutation("x", "8") + "," + mutation("@", "null") + R"(],"sent_at":9})");
  REQUIRE(request.mutations.size() == 1);
  CHECK(request.mutations[0].mutation_id.value == k_id);
  CHECK(request.sent_at_ms == 9);
  REQUIRE(request.malformed.size() == 2);
  CHECK(request.malformed[0].mutation_id.value == "x");
  CHECK(request.malformed[0].data == R"({"messages":{"model":["must be a string, not a number"]}})");
  CHECK(request.malformed[1].mutation_id.value == "deep");
  CHECK(request.malformed[1].data.ends_with(R"(:["nested deeper than 64 levels"]}})"));
}

TEST_CASE("a push that is cut off anywhere inside a malformed mutation is malformed as a whole") {
  const std::string whole = R"({"client_id":"c","mutations":[{"mutation_id":"x","model":[{"a":1},[]],"b":{"c":"d"}}]})";
  CHECK(push_request(whole).malformed.size() == 1);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    CHECK(fault(push_request, whole.substr(0, length)).find("not valid JSON") != std::string::npos);
  }
}

TEST_CASE("a malformed mutation counts against the limit") {
  Limits limits;
  limits.mutations_max = 2;
  const std::string_view three =
      R"({"client_id":"c","mutations":[{"mutation_id":""},{"mutation_id":""},{"mutation_id":""}]})";
  CHECK_THROWS_AS(decode_push_request(three, limits), FieldError);
}

TEST_CASE("a payload may nest 64 levels inside a request, and no more") {
  const auto nested = [](std::size_t depth) {
    return with_payload("\"payload\":{\"a\":" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "},");
  };
  CHECK(fault(push_request, nested(64)) == "none");
  CHECK(refusal_of(nested(65)).find("nested deeper than 64 levels") != std::string::npos);
}
