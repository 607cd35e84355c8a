// SPDX-License-Identifier: MIT
#include "service/verdict_text.hpp"

#include <doctest/doctest.h>

#include "base/error.hpp"

using namespace tether;
using namespace tether::service;
using rules::Verdict;

namespace {

std::string fault(const std::string& line) {
  try {
    read_verdict(line, 7);
    return "none";
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::invalid_input);
    return error.what();
  }
}

TEST_CASE("a question is one line that carries every payload as it was written") {
  const rules::Question question{.model = ModelName{"Fee"},
                                 .entity_id = EntityId{"F\"1\n"},
                                 .operation = protocol::Operation::create,
                                 .base = R"({"amount": 100000000000000000000000000000.10})",
                                 .ours = "{\r\n  \"note\": \"a\\nb  \\u0061\",\n  \"x\": 1e400\n}",
                                 .theirs = "null",
                                 .claims = R"({"sub":"ann"})"};
  CHECK(question_line(7, question) ==
        R"({"id":7,"kind":"resolve","model":"Fee","entity_id":"F\"1\n","operation":"create",)"
        R"("base":{"amount":100000000000000000000000000000.10},"ours":{"note":"a\nb  \u0061","x":1e400},)"
        R"("theirs":null,"claims":{"sub":"ann"}})"
        "\n");
}

TEST_CASE("a question about a payload says so") {
  const rules::Question question{.kind = rules::QuestionKind::map,
                                 .model = ModelName{"Fee"},
                                 .entity_id = EntityId{"F1"},
                                 .operation = protocol::Operation::remove,
                                 .ours = "null"};
  CHECK(question_line(1, question) ==
        R"({"id":1,"kind":"map","model":"Fee","entity_id":"F1","operation":"delete","base":null,"ours":null,)"
        R"("theirs":null,"claims":{}})"
        "\n");
}

TEST_CASE("each answer is read as what it says, payloads to the last character") {
  CHECK(read_verdict(R"({"id":7,"apply":{"a": 1.10, "b":1e400}})", 7) ==
        Verdict(rules::Apply{R"({"a": 1.10, "b":1e400})"}));
  CHECK(read_verdict(R"({"delete":true,"id":7})", 7) == Verdict(rules::Delete{}));
  CHECK(read_verdict("{\"id\":7,\"keep\":true}\r", 7) == Verdict(rules::Keep{}));
  CHECK(read_verdict(R"({"id":7,"reject":"forbidden"})", 7) == Verdict(rules::Refuse{"forbidden", "{}"}));
  CHECK(read_verdict(R"({"id":7,"messages":{"a":["b"]},"reject":"x"})", 7) ==
        Verdict(rules::Refuse{"x", R"({"messages":{"a":["b"]}})"}));
}

TEST_CASE("what an answer leaves open with null or false, or adds, does not disturb") {
  CHECK(read_verdict(R"({"id":7,"apply":null,"delete":false,"keep":true,"reject":null,"messages":null,"took_ms":[3]})",
                     7) == Verdict(rules::Keep{}));
}

TEST_CASE("an answer that could be taken for something that was not said is none") {
  CHECK(fault("") == "answer: not valid JSON: the text ends after 0 bytes, expected a value");
  CHECK(fault("ok") == "answer: not valid JSON at byte 0: expected a value");
  CHECK(fault("[]") == "answer: must be an object, not an array");
  CHECK(fault(R"({"id":7,"keep":true)") ==
        "answer.keep: not valid JSON: the text ends after 19 bytes, expected ',' or '}'");
  CHECK(fault(R"({"id":7,"keep":true} {})") == "answer: not valid JSON at byte 21: expected nothing more");
  CHECK(fault(R"({"keep":true})") == "answer.id: is missing");
  CHECK(fault(R"({"id":"7","keep":true})") == "answer.id: must be an integer, not a string");
  CHECK(fault(R"({"id":6,"keep":true})") == "answer.id: is 6, but 7 was asked");
  CHECK(fault(R"({"id":7})") == "answer: says none of apply, delete, keep and reject");
  CHECK(fault(R"({"id":7,"aply":{}})") == "answer: says none of apply, delete, keep and reject");
  CHECK(fault(R"({"id":7,"apply":null})") == "answer: says none of apply, delete, keep and reject");
  CHECK(fault(R"({"id":7,"apply":[]})") == "answer.apply: must be an object");
  CHECK(fault(R"({"id":7,"keep":1})") == "answer.keep: must be true or false, not a number");
  CHECK(fault(R"({"id":7,"reject":7})") == "answer.reject: must be a string, not a number");
  CHECK(fault(R"({"id":7,"reject":"a","messages":["b"]})") == "answer.messages: must be an object");
  CHECK(fault(R"({"id":7,"apply":{},"keep":true})") == "answer.keep: more than one of apply, delete, keep and reject");
  CHECK(fault(R"({"id":7,"apply":{},"apply":{"a":1}})") ==
        "answer.apply: more than one of apply, delete, keep and reject");
  CHECK(fault("{\"id\":7,\"apply\":{\"a\":\"\xff\"}}") == "answer.apply.a: not valid JSON at byte 22: expected UTF-8");
}

}  // namespace
