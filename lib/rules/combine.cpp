// SPDX-License-Identifier: MIT
#include "rules/combine.hpp"

#include <algorithm>
#include <set>
#include <vector>

#include "base/log.hpp"
#include "rules/decimal.hpp"
#include "rules/fields.hpp"
#include "rules/text_merge.hpp"

namespace tether::rules {

namespace {

using Elements = std::vector<std::string_view>;

constexpr std::size_t k_growth_max = 64;  // room for 6.02e23 and 1e-34 written out

std::string_view or_if_null(std::string_view value, std::string_view otherwise) {
  return value == "null" ? otherwise : value;
}

std::string array_of(const Elements& elements) {
  std::string text = "[";
  for (const auto element : elements) {
    if (text.size() > 1) text += ',';
    text += element;
  }
  return text + ']';
}

std::set<std::string> canonical_elements(std::string_view array) {
  std::set<std::string> found;
  for (const auto element : elements(array)) found.insert(canonical(element));
  return found;
}

std::optional<std::string> appended_array(std::string_view base, std::string_view ours, std::string_view theirs) {
  const auto before = elements(base);
  const auto after = elements(ours);
  const auto [base_end, ours_end] = std::ranges::mismatch(before, after, same_value);
  if (base_end != before.end()) return std::nullopt;
  auto all = elements(theirs);
  all.insert(all.end(), ours_end, after.end());
  return array_of(all);
}

struct Texts {
  std::string base;
  std::string ours;
  std::string theirs;
};

std::optional<Texts> texts_of(const Versions& versions) {
  auto base = text_value(or_if_null(versions.base, R"("")"));
  auto ours = text_value(versions.ours);
  auto theirs = text_value(versions.theirs);
  if (!base || !ours || !theirs) return std::nullopt;
  return Texts{.base = *std::move(base), .ours = *std::move(ours), .theirs = *std::move(theirs)};
}

}  // namespace

std::optional<std::string> counted(const Versions& versions) {
  const auto base = Decimal::read(or_if_null(versions.base, "0"));
  const auto ours = Decimal::read(versions.ours);
  const auto theirs = Decimal::read(versions.theirs);
  if (!base || !ours || !theirs) return std::nullopt;
  auto sum = (*theirs + (*ours - *base)).text();
  const auto written = versions.base.size() + versions.ours.size() + versions.theirs.size();
  if (sum.size() > written + k_growth_max) return std::nullopt;
  return sum;
}

std::optional<std::string> united(const Versions& versions) {
  const auto base = or_if_null(versions.base, "[]");
  if (!is_array(base) || !is_array(versions.ours) || !is_array(versions.theirs)) return std::nullopt;
  const auto before = canonical_elements(base);
  const auto after = canonical_elements(versions.ours);
  std::set<std::string> taken;
  Elements all;
  for (const auto element : elements(versions.theirs)) {
    auto key = canonical(element);
    const bool removed = before.contains(key) && !after.contains(key);
    if (!removed && taken.insert(std::move(key)).second) all.push_back(element);
  }
  for (const auto element : elements(versions.ours)) {
    auto key = canonical(element);
    if (!before.contains(key) && taken.insert(std::move(key)).second) all.push_back(element);
  }
  return array_of(all);
}

std::optional<std::string> appended(const Versions& versions) {
  if (is_array(versions.theirs)) {
    const auto base = or_if_null(versions.base, "[]");
    if (!is_array(base) || !is_array(versions.ours)) return std::nullopt;
    return appended_array(base, versions.ours, versions.theirs);
  }
  auto texts = texts_of(versions);
  if (!texts || !texts->ours.starts_with(texts->base)) return std::nullopt;
  return json_quoted(texts->theirs.append(texts->ours, texts->base.size()));
}

std::optional<std::string> merged_lines(const Versions& versions) {
  const auto texts = texts_of(versions);
  if (!texts) return std::nullopt;
  const auto merged = merged_text(texts->base, texts->ours, texts->theirs);
  if (!merged) return std::nullopt;
  return json_quoted(*merged);
}

}  // namespace tether::rules
