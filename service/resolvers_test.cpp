// SPDX-License-Identifier: MIT
// The examples of testdata/resolvers, as they are.
#include "service/program_fixture.hpp"

using namespace tether;
using namespace tether::service;
using rules::Verdict;

namespace {

rules::Command example(const std::string& name) {
  return {{TETHER_TESTDATA "/resolvers/" + name}, 20'000};
}

rules::Question between(const std::string& ours, const std::string& theirs) {
  rules::Question one = question(ours);
  one.theirs = theirs;
  return one;
}

void expect_installed(const std::string& program) {
  REQUIRE_MESSAGE(std::system(("command -v " + program + " >/dev/null").c_str()) == 0, program,
                  " is missing: run scripts/install-deps --dev");
}

const std::string k_open = R"({"status":"open","title":"pump"})";
const std::string k_doing = R"({"status":"doing","title":"pump 7"})";
const std::string k_done = R"({"status":"done","title":"pump"})";

TEST_CASE("the example in sh and jq: the status that got further is stored") {
  expect_installed("jq");
  Programs programs;
  const auto verdicts = programs.ask_all(example("furthest-status"),
                                         {between(k_done, k_doing), between(k_open, k_doing), between(k_doing, k_doing),
                                          between(k_open, "null"), between("null", k_doing), between("null", k_done)});
  CHECK(verdicts == std::vector<Verdict>{rules::Apply{k_done}, rules::Keep{}, rules::Keep{}, rules::Apply{k_open},
                                         rules::Keep{}, rules::Delete{}});
  CHECK(programs.times_logged("program started") <= 2);
}

TEST_CASE("the example in Python: the larger amount, and the notes of both") {
  expect_installed("python3");
  Programs programs;
  const auto verdicts = programs.ask_all(
      example("larger-amount"), {between(R"({"amount":5,"note":"paid in cash"})",
                                         R"({"amount":100000000000000000000000000001,"note":"call\nfirst"})"),
                                 between(R"({"amount":9})", R"({"amount":7,"note":"first"})"),
                                 between("null", R"({"amount":7})"), between(R"({"amount":"5"})", R"({"amount":7})")});
  CHECK(verdicts ==
        std::vector<Verdict>{
            rules::Apply{R"({"amount": 100000000000000000000000000001, "note": "call\nfirst\npaid in cash"})"},
            rules::Apply{R"({"amount": 9, "note": "first"})"}, rules::Keep{},
            rules::Refuse{"validation_failed", R"({"messages":{"amount": ["must be a number"]}})"}});
  CHECK(programs.times_logged("program failed") == 0);
}

TEST_CASE("the example of a mapper: an address is stored tidily, or refused") {
  expect_installed("jq");
  Programs programs;
  const auto verdicts =
      programs.ask_all(example("tidy-address"),
                       {question(R"({"name":"Ann","email":" Ann@Example.ORG "})"), question(R"({"name":"Ann"})"),
                        question(R"({"email":"ann"})"), question(R"({"email":7})")});
  const rules::Refuse refusal{"validation_failed", R"({"messages":{"email":["must be an address"]}})"};
  CHECK(verdicts == std::vector<Verdict>{rules::Apply{R"({"name":"Ann","email":"ann@example.org"})"},
                                         rules::Apply{R"({"name":"Ann"})"}, refusal, refusal});
}

}  // namespace
