// SPDX-License-Identifier: MIT
#include "authority/judge.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <functional>
#include <stdexcept>

#include "protocol/payload.hpp"

using namespace tether;
using namespace tether::authority;
using rules::QuestionKind;
using rules::Verdict;

namespace {

const rules::Command k_command{.arguments = {"by-amount"}};

Case resolving(const std::string& ours, const std::string& theirs) {
  return {k_command, {.model = ModelName{"Fee"}, .entity_id = EntityId{"F1"}, .ours = ours, .theirs = theirs}};
}
Case mapping(const std::string& ours) {
  return {k_command, {.kind = QuestionKind::map, .model = ModelName{"Fee"}, .entity_id = EntityId{"F1"}, .ours = ours}};
}

/// What a program that links the library would write: of two edits, the one with the larger amount is stored.
class LargerAmount final : public Judge {
 public:
  std::vector<Verdict> decide(std::span<const Case> cases) override {
    std::vector<Verdict> verdicts;
    for (const Case& one : cases) verdicts.push_back(verdict(one.question));
    return verdicts;
  }

 private:
  static long amount(const std::string& fee) {
    return std::strtol(std::string(protocol::find_member(fee, "amount")).c_str(), nullptr, 10);
  }
  static Verdict verdict(const rules::Question& question) {
    if (amount(question.ours) < 0) {
      return rules::Refuse{"validation_failed", R"({"messages":{"amount":["must not be negative"]}})"};
    }
    if (amount(question.ours) > amount(question.theirs)) return rules::Apply{question.ours};
    return rules::Keep{};
  }
};

/// Says the same about everything.
class Saying final : public Judge {
 public:
  explicit Saying(Verdict verdict) : decide_([verdict](std::size_t count) { return std::vector(count, verdict); }) {}
  explicit Saying(std::function<std::vector<Verdict>(std::size_t)> decide) : decide_(std::move(decide)) {}
  std::vector<Verdict> decide(std::span<const Case> cases) override { return decide_(cases.size()); }

 private:
  std::function<std::vector<Verdict>(std::size_t)> decide_;
};

/// What comes of a verdict about one case.
Verdict asked(Verdict verdict, const Case& one = resolving("{}", "{}")) {
  Saying judge(std::move(verdict));
  return ask(judge, {&one, 1}, {.payload_bytes_max = 40}).at(0);
}

rules::NoAnswer none(const std::string& why) {
  return {why};
}

TEST_CASE("a judge in C++ answers a batch in its order") {
  LargerAmount judge;
  const std::vector<Case> cases = {
      resolving(R"({"amount":5})", R"({"amount":7})"),
      resolving(R"({"amount":9})", R"({"amount":7})"),
      resolving(R"({"amount":-1})", R"({"amount":7})"),
  };
  const auto verdicts = ask(judge, cases, {});
  REQUIRE(verdicts.size() == 3);
  CHECK(verdicts[0] == Verdict(rules::Keep{}));
  CHECK(verdicts[1] == Verdict(rules::Apply{R"({"amount":9})"}));
  CHECK(verdicts[2] ==
        Verdict(rules::Refuse{"validation_failed", R"({"messages":{"amount":["must not be negative"]}})"}));
}

TEST_CASE("a verdict that may be acted on passes as it is") {
  for (const Verdict& verdict : {Verdict(rules::Apply{R"({"amount":1e400})"}), Verdict(rules::Delete{}),
                                 Verdict(rules::Keep{}), Verdict(rules::Refuse{"too-late_2"}), Verdict(none("late"))}) {
    CHECK(asked(verdict) == verdict);
  }
}

TEST_CASE("a payload that is no JSON object, or too large, is no answer") {
  CHECK(asked(rules::Apply{"[1]"}) == Verdict(none("a payload: not a JSON object")));
  CHECK(asked(rules::Apply{R"({"a":)"}) ==
        Verdict(none("a payload: a: not valid JSON: the text ends after 5 bytes, expected a value")));
  CHECK(asked(rules::Apply{R"({"a":"01234567890123456789012345678901234"})"}) ==
        Verdict(none("a payload of 43 bytes: at most 40 are allowed")));
}

TEST_CASE("a refusal cannot pass for something that the protocol says of itself") {
  for (const std::string reason : {"duplicate", "expired", "mutation_id_reused", "error", "conflict"}) {
    CAPTURE(reason);
    CHECK(asked(rules::Refuse{reason}) == Verdict(none("the reason '" + reason + "' is the protocol's own")));
  }
  const auto no_word = none(
      "a reason is one word of at most 64 letters, digits, _ and -; what a person shall read belongs into the "
      "messages");
  for (const std::string& reason : {std::string(), std::string("too late"), std::string(65, 'a')}) {
    CHECK(asked(rules::Refuse{reason}) == Verdict(no_word));
  }
  CHECK(asked(rules::Refuse{"late", "7"}) == Verdict(none("the data of a refusal: not a JSON object")));
}

TEST_CASE("a mapper stores a payload or refuses it, nothing else") {
  const Case one = mapping("{}");
  const auto wrong = none("only a payload or a refusal answers how a payload shall be stored");
  CHECK(asked(rules::Apply{"{}"}, one) == Verdict(rules::Apply{"{}"}));
  CHECK(asked(rules::Refuse{"late"}, one) == Verdict(rules::Refuse{"late"}));
  CHECK(asked(none("why"), one) == Verdict(none("why")));
  CHECK(asked(rules::Keep{}, one) == Verdict(wrong));
  CHECK(asked(rules::Delete{}, one) == Verdict(wrong));
}

TEST_CASE("a judge that throws, or loses count, has answered nothing") {
  const std::vector<Case> cases = {mapping("{}"), mapping("{}")};
  Saying throws([](std::size_t) -> std::vector<Verdict> { throw std::runtime_error("no mood"); });
  CHECK(ask(throws, cases, {}) == std::vector<Verdict>(2, none("no mood")));
  Saying miscounts([](std::size_t) { return std::vector<Verdict>{rules::Keep{}}; });
  CHECK(ask(miscounts, cases, {}) == std::vector<Verdict>(2, none("1 verdicts for 2 questions")));
  CHECK(ask(miscounts, {}, {}).empty());
}

}  // namespace
