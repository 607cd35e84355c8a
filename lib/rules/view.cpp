// SPDX-License-Identifier: MIT
#include "rules/view.hpp"

#include "base/hash.hpp"
#include "protocol/payload.hpp"

namespace tether::rules {
namespace {

/// Parts behind their lengths, so that no two contents make one text.
class Content {
 public:
  void add(std::string_view part) {
    text_ += std::to_string(part.size());
    text_ += ':';
    text_ += part;
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

void add_claim(Content& content, std::string_view name, std::string_view claims) {
  content.add(name);
  content.add(protocol::find_member(claims, name));
}

void add_conditions(Content& content, const Conditions& conditions, std::string_view claims) {
  for (const Condition& condition : conditions) {
    content.add(condition.field);
    for (const Value& value : condition.any_of) {
      content.add(value.constant);
      if (!value.claim.empty()) add_claim(content, value.claim, claims);
    }
    if (condition.any_of_claim) add_claim(content, *condition.any_of_claim, claims);
  }
}

void add_model(Content& content, std::string_view name, const Model& model, std::string_view claims) {
  content.add(name);
  content.add("visible");
  add_conditions(content, model.visible, claims);
  content.add("rename");
  for (const auto& [wire, stored] : model.rename) {
    content.add(wire);
    content.add(stored);
  }
  content.add("hide");
  for (const std::string& field : model.hide) content.add(field);
  content.add("mask");
  for (const auto& [field, told] : model.mask) {
    content.add(field);
    content.add(told);
  }
  content.add(model.timestamps ? "timestamps" : "");
}

}  // namespace

std::string view_of(const Models& models, std::string_view claims) {
  Content content;
  if (models.any()) return {};
  // Every name: records of a model that becomes known were there before it was.
  for (const auto& [name, model] : models.by_name()) add_model(content, name, model, claims);
  return content_hash(content.text());
}

}  // namespace tether::rules
