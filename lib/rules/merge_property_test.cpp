// SPDX-License-Identifier: MIT
// What merging promises for any values (merge.hpp), on random ones.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "base/random.hpp"
#include "protocol/payload.hpp"
#include "rules/decimal.hpp"
#include "rules/fields.hpp"
#include "rules/merge_fixture.hpp"

namespace tether::rules {
namespace {

std::string random_number(Random& random) {
  std::string text = random.below(3) == 0 ? "-" : "";
  text += std::to_string(random.below(40));
  if (random.below(3) == 0) text += "." + std::to_string(random.below(100));
  const std::string_view exponents[] = {"", "", "", "e2", "E+1", "e-3"};
  return text += exponents[random.below(std::size(exponents))];
}

std::string random_set(Random& random) {
  const std::string_view elements[] = {"1",  "1.0", R"("a")", R"("\u0061")", R"({"x":1,"y":2})", R"({"y":2, "x":1})",
                                       "[]", "[ ]", "null"};
  std::string text = "[";
  for (auto count = random.below(6); count > 0; --count) {
    if (text.size() > 1) text += ',';
    text += elements[random.below(std::size(elements))];
  }
  return text + "]";
}

std::string random_text(Random& random) {
  std::string text = "\"";
  for (auto lines = random.below(5); lines > 0; --lines) text += std::string(1, "abc"[random.below(3)]) + "\\n";
  return text + "\"";
}

/// A value that the strategy can work on.
std::string random_value(Strategy strategy, Random& random) {
  if (strategy == Strategy::set || strategy == Strategy::append) return random_set(random);
  if (strategy == Strategy::text) return random_text(random);
  return random_number(random);
}

Strategy any_strategy(Random& random) {
  const auto names = strategy_names();
  return strategy_named(names[random.below(names.size())]).value();
}

/// The record after an edit of it by someone who had seen `base`.
std::string after(std::string_view record, std::string_view base, std::string_view edit, Strategy strategy) {
  const auto result = merge({.before = base, .ours = edit, .theirs = record}, all(strategy));
  CHECK(result.disputed.empty());
  return result.payload;
}

std::string sorted_set(std::string_view record) {
  Names found;
  for (const auto element : elements(protocol::find_member(record, "f"))) found.push_back(canonical(element));
  std::ranges::sort(found);
  const auto repeated = std::ranges::unique(found);
  found.erase(repeated.begin(), repeated.end());
  std::string text;
  for (const auto& element : found) text += element + ' ';
  return text;
}

/// What the promise is about: the number, or the elements.
std::string essence(Strategy strategy, std::string_view record) {
  if (strategy == Strategy::set) return sorted_set(record);
  if (strategy != Strategy::counter) return std::string(record);
  auto text = Decimal::read(protocol::find_member(record, "f")).value().text();
  if (text.find('.') != std::string::npos) text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

/// The record after edits by people who all had seen `base`.
std::string after_all(std::string_view base, const Names& edits, Strategy strategy) {
  std::string record(base);
  for (const auto& edit : edits) record = after(record, base, edit, strategy);
  return record;
}

TEST_CASE("max, min, counter and set come out the same in whatever order edits of one state arrive") {
  SeededRandom random(51);
  for (const auto strategy : {Strategy::max, Strategy::min, Strategy::counter, Strategy::set}) {
    for (int i = 0; i < 500; ++i) {
      const auto base = object(random.below(8) == 0 ? "null" : random_value(strategy, random));
      Names edits;
      for (int edit = 0; edit < 3; ++edit) edits.push_back(object(random_value(strategy, random)));
      std::ranges::sort(edits);
      CAPTURE(name(strategy));
      CAPTURE(base);
      CAPTURE(edits);
      const auto expected = essence(strategy, after_all(base, edits, strategy));
      while (std::ranges::next_permutation(edits).found) {
        CHECK(essence(strategy, after_all(base, edits, strategy)) == expected);
      }
    }
  }
}

TEST_CASE("two numbers are merged to the same digits in either order, any number of amounts of money as well") {
  SeededRandom random(56);
  const auto money = [&] {
    const auto cents = std::to_string(100 + random.below(900));
    return object(cents.substr(0, 1) + "." + cents.substr(1));
  };
  for (int i = 0; i < 2'000; ++i) {
    const auto strategy = std::array{Strategy::max, Strategy::min, Strategy::counter}[random.below(3)];
    const auto base = object(random_number(random));
    const auto a = object(random_number(random));
    const auto b = object(random_number(random));
    CAPTURE(base);
    CAPTURE(a);
    CAPTURE(b);
    CHECK(after_all(base, {a, b}, strategy) == after_all(base, {b, a}, strategy));
    const auto price = money();
    const auto x = money();
    const auto y = money();
    const auto z = money();
    CHECK(after_all(price, {x, y, z}, strategy) == after_all(price, {z, x, y}, strategy));
  }
}

TEST_CASE("edits of different fields are all kept, in whatever order they arrive, under every strategy") {
  SeededRandom random(52);
  for (int i = 0; i < 2'000; ++i) {
    const auto strategy = any_strategy(random);
    const auto value = [&] { return random_value(strategy, random); };
    const auto base_f = value();
    const auto base_g = value();
    const auto base = R"({"f":)" + base_f + R"(,"g":)" + base_g + R"(,"h":1})";
    const auto f = value();
    const auto g = value();
    const auto before_f = R"({"f":)" + base_f + "}";
    const auto before_g = R"({"g":)" + base_g + "}";
    // Each sends all of the record as it had it.
    const auto ours_f = R"({"f":)" + f + R"(,"g":)" + base_g + R"(,"h":1})";
    const auto ours_g = R"({"f":)" + base_f + R"(,"g":)" + g + R"(,"h":1})";
    const auto expected = R"({"f":)" + f + R"(,"g":)" + g + R"(,"h":1})";
    CAPTURE(name(strategy));
    CAPTURE(base);
    CHECK(after(after(base, before_f, ours_f, strategy), before_g, ours_g, strategy) == expected);
    CHECK(after(after(base, before_g, ours_g, strategy), before_f, ours_f, strategy) == expected);
  }
}

TEST_CASE("a merge with what nobody else changed is exactly ours") {
  SeededRandom random(53);
  for (int i = 0; i < 2'000; ++i) {
    const auto strategy = any_strategy(random);
    const auto base = object(random_value(strategy, random));
    const auto ours = object(random_value(any_strategy(random), random));
    CAPTURE(name(strategy));
    CAPTURE(base);
    CAPTURE(ours);
    const auto result = merge({.before = base, .ours = ours, .theirs = base}, all(strategy));
    CHECK(result.payload == ours);
    CHECK(result.lost_ours.empty());
    CHECK(result.lost_theirs.empty());
    CHECK(result.disputed.empty());
  }
}

TEST_CASE("an edit that arrives twice changes nothing more, where edits are not counted") {
  SeededRandom random(54);
  for (const auto strategy :
       {Strategy::lww, Strategy::server, Strategy::client, Strategy::max, Strategy::min, Strategy::set}) {
    for (int i = 0; i < 1'000; ++i) {
      const auto base = object(random_value(strategy, random));
      const auto ours = object(random_value(strategy, random));
      const auto theirs = object(random_value(strategy, random));
      CAPTURE(name(strategy));
      CAPTURE(base);
      CAPTURE(ours);
      CAPTURE(theirs);
      const auto once = after(theirs, base, ours, strategy);
      const auto twice = after(once, base, ours, strategy);
      CHECK(essence(strategy, twice) == essence(strategy, once));
    }
  }
}

TEST_CASE("every value that is not stored is named as lost, and no other is") {
  SeededRandom random(55);
  for (int i = 0; i < 5'000; ++i) {
    const auto strategy = any_strategy(random);
    const auto ours = random_value(any_strategy(random), random);
    const auto theirs = random_value(any_strategy(random), random);
    const bool ours_is_later = random.below(2) == 0;
    const auto result = merged(strategy, {R"("base")", ours, theirs}, ours_is_later);
    if (!result.disputed.empty() || ours == theirs) continue;
    CAPTURE(name(strategy));
    CAPTURE(ours);
    CAPTURE(theirs);
    const auto stored = protocol::find_member(result.payload, "f");
    if (same_value(stored, ours)) CHECK(result.lost_ours.empty());
    if (same_value(stored, theirs)) CHECK(result.lost_theirs.empty());
    const bool merges = strategy == Strategy::counter || strategy == Strategy::set || strategy == Strategy::append ||
                        strategy == Strategy::text;
    CHECK((merges || same_value(stored, ours) || same_value(stored, theirs)));
    if (merges) CHECK((result.lost_ours.empty() && result.lost_theirs.empty()));
  }
}

}  // namespace
}  // namespace tether::rules
