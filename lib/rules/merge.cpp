// SPDX-License-Identifier: MIT
#include "rules/merge.hpp"

#include <algorithm>
#include <array>

#include "protocol/payload.hpp"
#include "rules/combine.hpp"
#include "rules/decimal.hpp"
#include "rules/fields.hpp"
#include "rules/index.hpp"

namespace tether::rules {

namespace {

constexpr std::string_view k_all_others = "*";

constexpr std::array<std::pair<std::string_view, Strategy>, 10> k_strategies{{
    {"lww", Strategy::lww},
    {"server", Strategy::server},
    {"client", Strategy::client},
    {"max", Strategy::max},
    {"min", Strategy::min},
    {"counter", Strategy::counter},
    {"set", Strategy::set},
    {"append", Strategy::append},
    {"text", Strategy::text},
    {"manual", Strategy::manual},
}};

/// What becomes of one field.
struct Decision {
  std::optional<std::string> stored = std::nullopt;  // nothing: theirs stays as it is
  bool ours_lost = false;
  bool theirs_lost = false;
  bool disputed = false;
};

Decision keep_theirs() {
  return {.ours_lost = true};
}
Decision take_ours(const Versions& versions) {
  return {.stored = std::string(versions.ours), .theirs_lost = true};
}
Decision dispute() {
  return {.disputed = true};
}

/// `both`: a value that holds what both sides did.
Decision take_both(std::optional<std::string> both) {
  if (!both) return dispute();
  return {.stored = std::move(both)};
}

/// Of two texts of one number always the same one.
std::string_view preferred_text(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return a.size() < b.size() ? a : b;
  return std::min(a, b);
}

Decision take_number(const Versions& versions, bool larger) {
  const auto ours = Decimal::read(versions.ours);
  const auto theirs = Decimal::read(versions.theirs);
  if (!ours || !theirs) return dispute();
  const auto order = *ours <=> *theirs;
  if (order == 0) return take_both(std::string(preferred_text(versions.ours, versions.theirs)));
  return (order > 0) == larger ? take_ours(versions) : keep_theirs();
}

/// For a field that both sides changed, to different values.
Decision decide_between(const Versions& versions, Strategy strategy, bool ours_is_later) {
  switch (strategy) {
    case Strategy::lww:
      return ours_is_later ? take_ours(versions) : keep_theirs();
    case Strategy::server:
      return keep_theirs();
    case Strategy::client:
      return take_ours(versions);
    case Strategy::max:
    case Strategy::min:
      return take_number(versions, strategy == Strategy::max);
    case Strategy::counter:
      return take_both(counted(versions));
    case Strategy::set:
      return take_both(united(versions));
    case Strategy::append:
      return take_both(appended(versions));
    case Strategy::text:
      return take_both(merged_lines(versions));
    case Strategy::manual:
      return dispute();
  }
  return dispute();
}

/// Two edits to the same value are two edits.
bool every_edit_counts(Strategy strategy) {
  return strategy == Strategy::counter || strategy == Strategy::append;
}

Decision decide(const Versions& versions, Strategy strategy, bool ours_is_later, bool is_guessed) {
  if (is_guessed && strategy == Strategy::lww) {
    return same_value(versions.ours, versions.base) ? Decision{} : decide_between(versions, strategy, ours_is_later);
  }
  if (same_value(versions.theirs, versions.base)) return {.stored = std::string(versions.ours)};
  if (same_value(versions.ours, versions.base)) return {};
  if (!every_edit_counts(strategy) && same_value(versions.ours, versions.theirs)) return {};
  return decide_between(versions, strategy, ours_is_later);
}

}  // namespace

std::optional<Strategy> strategy_named(std::string_view name) {
  const auto found = std::ranges::find(k_strategies, name, &std::pair<std::string_view, Strategy>::first);
  if (found == k_strategies.end()) return std::nullopt;
  return found->second;
}

std::string_view name(Strategy strategy) {
  return std::ranges::find(k_strategies, strategy, &std::pair<std::string_view, Strategy>::second)->first;
}

std::vector<std::string_view> strategy_names() {
  std::vector<std::string_view> names;
  for (const auto& [name, strategy] : k_strategies) names.push_back(name);
  return names;
}

void Strategies::set(std::string_view field, Strategy strategy) {
  if (field == k_all_others) {
    others_ = strategy;
    return;
  }
  const auto place = std::ranges::lower_bound(by_field_, field, {}, &std::pair<std::string, Strategy>::first);
  if (place != by_field_.end() && place->first == field) {
    place->second = strategy;
  } else {
    by_field_.emplace(place, field, strategy);
  }
}

Strategy Strategies::of(std::string_view field) const {
  const auto place = std::ranges::lower_bound(by_field_, field, {}, &std::pair<std::string, Strategy>::first);
  return place != by_field_.end() && place->first == field ? place->second : others_;
}

Merge merge(const MergeInput& input, const Strategies& strategies) {
  const auto before = protocol::members(input.before);
  const auto theirs = protocol::members(input.theirs);
  const Index by_before(before);
  const Index by_theirs(theirs);
  Merge merge;
  protocol::ObjectWriter taken;
  for (const auto& [key, value] : protocol::members(input.ours)) {
    const auto* base = by_before.find(key);
    if (base == nullptr) continue;
    const auto* there = by_theirs.find(key);
    auto field = protocol::unescaped(key);
    const Versions versions{
        .base = base->value, .ours = value, .theirs = there != nullptr ? there->value : std::string_view("null")};
    const bool is_guessed = std::ranges::find(input.guessed, field) != input.guessed.end();
    const auto decision = decide(versions, strategies.of(field), input.ours_is_later, is_guessed);
    if (decision.stored) taken.member(key, *decision.stored);
    if (decision.ours_lost) merge.lost_ours.push_back(field);
    if (decision.theirs_lost && there != nullptr) merge.lost_theirs.push_back(field);
    if (decision.disputed) merge.disputed.push_back(std::move(field));
  }
  if (!merge.disputed.empty()) return {.payload = std::string(input.theirs), .disputed = std::move(merge.disputed)};
  merge.payload = overlay(input.theirs, std::move(taken).finish());
  return merge;
}

}  // namespace tether::rules
