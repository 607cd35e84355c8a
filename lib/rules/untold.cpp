// SPDX-License-Identifier: MIT
#include "rules/untold.hpp"

#include <algorithm>

#include "protocol/payload.hpp"
#include "rules/mapping.hpp"

namespace tether::rules {

namespace {

bool is_hidden(const Model& model, std::string_view field) {
  return std::ranges::find(model.hide, field) != model.hide.end();
}

bool is_masked(const Model& model, std::string_view field) {
  return std::ranges::any_of(model.mask, [&](const auto& masked) { return masked.first == field; });
}

bool is_forced(const Model& model, std::string_view field) {
  return std::ranges::any_of(model.set, [&](const auto& forced) { return forced.first == field; });
}

bool is_guess(const Model& model, std::string_view field, std::string_view value) {
  if (is_forced(model, field)) return false;
  return is_hidden(model, field) || (value != "null" && is_masked(model, field));
}

}  // namespace

bool is_untold(const Model& model, std::string_view field) {
  return is_hidden(model, field) || is_masked(model, field);
}

std::vector<std::string> guesses(const Model& model, std::string_view payload) {
  std::vector<std::string> fields;
  if (model.hide.empty() && model.mask.empty()) return fields;
  for (const auto& member : protocol::members(payload)) {
    std::string field = protocol::unescaped(member.key);
    if (is_guess(model, field, member.value)) fields.push_back(std::move(field));
  }
  return fields;
}

bool tells_loss(const Model& model, std::string_view field) {
  if (!is_told(model, field)) return false;
  if (!is_masked(model, field) || !may_be_written(model, field)) return true;
  return model.policy == Policy::merge && model.strategies.of(field) == Strategy::lww;
}

}  // namespace tether::rules
