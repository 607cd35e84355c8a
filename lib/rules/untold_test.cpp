// SPDX-License-Identifier: MIT
// Whoever guesses a hidden or masked value learns nothing from the answer, whether it is a push's or a preview's.
#include "rules/untold.hpp"

#include <doctest/doctest.h>

#include "rules/decide.hpp"

namespace tether::rules {
namespace {

using protocol::Mutation;
using protocol::Operation;
using Fields = std::vector<std::string>;

constexpr std::string_view k_mask = R"("****")";

Record stored_record() {
  return {.rev = Rev{5},
          .payload = R"({"title":"pump","pin":"4711","iban":"DE77","salary":50})",
          .written_at_ms = 1'000,
          .written_by = ClientId{"ben"}};
}

/// All of the record's secrets hidden or masked.
Model keeping_secrets(Policy policy) {
  Model model{.policy = policy};
  model.hide = {"pin"};
  model.mask = {{"iban", std::string(k_mask)}, {"salary", std::string(k_mask)}};
  return model;
}

/// An edit by someone who had not seen the last change; `before` empty: it does not say what it changed.
Mutation edit_of(std::string payload, std::string before) {
  Mutation edit{.mutation_id = MutationId{"01ARZ3NDEKTSV4RRFFQ69G5FAV"},
                .entity_id = EntityId{"e"},
                .model = ModelName{"Person"},
                .operation = Operation::update,
                .payload = std::move(payload),
                .base_rev = Rev{4}};
  if (!before.empty()) edit.before = std::move(before);
  return edit;
}

std::string listed(const Fields& fields) {
  std::string out;
  for (const auto& field : fields) out += " " + field;
  return out;
}

/// All that its writer is told: `applied 6`, `merged 6 lost title`, `conflict title iban`.
std::string answer_to(const Mutation& sent, const Model& model, std::int64_t written_at_ms) {
  const auto decided =
      decide(sent, stored_record(), {.client = ClientId{"eve"}, .written_at_ms = written_at_ms}, model, {});
  if (const auto* conflict = std::get_if<Conflict>(&decided)) return "conflict" + listed(conflict->fields);
  REQUIRE(std::holds_alternative<Applied>(decided));
  const auto& applied = std::get<Applied>(decided);
  Fields lost = applied.lost;
  std::erase_if(lost, [&](const auto& field) { return !tells_loss(model, field); });
  return (applied.merged ? "merged " : "applied ") + std::to_string(applied.after.rev.value) +
         (lost.empty() ? "" : " lost" + listed(lost));
}

std::string answer_to_earlier(const Mutation& sent, const Model& model) {
  return answer_to(sent, model, 900);
}

TEST_CASE("under no policy an edit shows whether it guessed a hidden value") {
  for (const auto policy : {Policy::server_wins, Policy::manual, Policy::last_write_wins}) {
    const Model model = keeping_secrets(policy);
    for (const std::string before : {"", R"({"pin":null})", R"({"pin":"4711"})"}) {
      CHECK(answer_to_earlier(edit_of(R"({"pin":"1111"})", before), model) == "conflict");
      CHECK(answer_to_earlier(edit_of(R"({"pin":"4711"})", before), model) == "conflict");
    }
  }
  const Model merging = keeping_secrets(Policy::merge);
  for (const std::string before : {R"({"pin":null})", R"({"pin":"4711"})", R"({"pin":"1111"})"}) {
    CHECK(answer_to_earlier(edit_of(R"({"pin":"1111"})", before), merging) == "merged 6");
    CHECK(answer_to_earlier(edit_of(R"({"pin":"4711"})", before), merging) == "merged 6");
  }
}

TEST_CASE("a masked field that was sent is always one of those in conflict, behind the others") {
  const Model model = keeping_secrets(Policy::server_wins);
  for (const std::string guess : {"DE11", "DE77"}) {
    const std::string payload = R"({"iban":")" + guess + R"(","title":"hose"})";
    CHECK(answer_to_earlier(edit_of(payload, R"({"title":"pump","iban":"****"})"), model) == "conflict title iban");
    CHECK(answer_to_earlier(edit_of(payload, R"({"title":"pump"})"), model) == "conflict title");
    CHECK(answer_to_earlier(edit_of(payload, ""), model) == "conflict title iban");
  }
}

TEST_CASE("a mask that is sent back, and a null that is told as such, are no guesses") {
  const Model model = keeping_secrets(Policy::server_wins);
  CHECK(answer_to_earlier(edit_of(R"({"title":"pump","iban":"****"})", R"({"title":"hose"})"), model) == "merged 5");
  CHECK(guesses(model, R"({"iban":null,"pin":null,"title":"pump"})") == Fields{"pin"});
}

TEST_CASE("what is forced is no guess, as its writer does not choose it") {
  Model model = keeping_secrets(Policy::server_wins);
  model.set = {{"pin", {.constant = "1"}}};
  CHECK(guesses(model, R"({"pin":1,"iban":"DE77"})") == Fields{"iban"});
}

TEST_CASE("a merge shows of a value that is not told neither whether it is the same nor which one is larger") {
  for (const auto strategy : {Strategy::max, Strategy::min, Strategy::server, Strategy::client, Strategy::counter}) {
    CAPTURE(name(strategy));
    Model model = keeping_secrets(Policy::merge);
    model.strategies.set("salary", strategy);
    for (const std::string value : {"49", "50", "51"}) {
      for (const std::string before : {"0", "50"}) {
        const auto edit = edit_of(R"({"title":"pump","pin":"4711","iban":"DE77","salary":)" + value + "}",
                                  R"({"salary":)" + before + "}");
        CHECK(answer_to_earlier(edit, model) == "merged 6");
      }
    }
  }
}

TEST_CASE("whoever loses a masked field by the time of its edit is told so, whatever it guessed") {
  const Model model = keeping_secrets(Policy::merge);
  for (const std::string value : {"DE11", "DE77"}) {
    for (const std::string before : {"****", "DE77"}) {
      const auto edit = edit_of(R"({"iban":")" + value + R"("})", R"({"iban":")" + before + R"("})");
      if (value == before) continue;  // changes nothing, which its writer knows
      CHECK(answer_to(edit, model, 900) == "merged 6 lost iban");
      CHECK(answer_to(edit, model, 1'100) == "merged 6");
    }
  }
}

TEST_CASE("beside a refused field it does not show that a hidden one lost as well") {
  Model model = keeping_secrets(Policy::merge);
  model.except = {"title"};
  for (const auto at_ms : {900, 1'100}) {
    const auto edit = edit_of(R"({"title":"hose","pin":"1"})", R"({"title":"pump","pin":null})");
    const auto decided = decide(edit, stored_record(), {.client = ClientId{"eve"}, .written_at_ms = at_ms}, model, {});
    REQUIRE(std::holds_alternative<Applied>(decided));
    CHECK(std::get<Applied>(decided).lost_to_rules);
  }
}

}  // namespace
}  // namespace tether::rules
